#include "tsdb/inspect.h"

#include <filesystem>
#include <map>

#include "tests/tsdb/store_fixture.h"

// What `nines inspect` counts, and that it leaves the directory as it is.

namespace nines::tsdb {
namespace {

class InspectTest : public StoreFixture {
 protected:
  Inspection Look() {
    const auto found = Inspect({.path = options_.path, .top = 2, .env = nullptr}, now_);
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : Inspection{};
  }

  // Every file below the data with its bytes.
  std::map<std::string, std::string> Contents() const {
    std::map<std::string, std::string> contents;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.path)) {
      if (entry.is_regular_file()) contents[entry.path()] = test::ReadFile(entry.path());
    }
    return contents;
  }
};

Labels Bucket(const std::string& le) { return {{"__name__", "h_bucket"}, {"le", le}}; }

TEST_F(InspectTest, CountsFragmentsAndJournal) {
  Open();
  // Two days in fragments: three rows of a histogram, and gauges of two families.
  for (const int64_t time_ms : {kNoonMs - kDayMs, kNoonMs, kNoonMs + 1000}) {
    for (const std::string le : {"0.1", "+Inf"}) Put(Bucket(le), time_ms, 7);
    Put({{"__name__", "h_count"}}, time_ms, 7);
  }
  for (const std::string job : {"a", "b"}) Put({{"__name__", "up"}, {"job", job}}, kNoonMs, 1);
  Put({{"__name__", "up"}, {"job", "a"}}, kNoonMs + 1000, StaleMarker());
  Checkpoint();
  // And in the journal.
  Put(Bucket("0.1"), kNoonMs + 2000, 8);
  Put({{"__name__", "h_sum"}}, kNoonMs + 3000, 8.5);
  store_.reset();

  const auto before = Contents();
  const Inspection found = Look();
  EXPECT_EQ(Contents(), before) << "not a byte is written";

  EXPECT_EQ(found.path, options_.path);
  EXPECT_TRUE(found.format.starts_with("nines-tsdb ")) << found.format;
  EXPECT_EQ(found.as_of, now_);
  EXPECT_FALSE(found.in_use);
  EXPECT_EQ(found.families, 3u);
  EXPECT_EQ(found.series, 6u);
  EXPECT_EQ(found.series_by_role, (std::array<uint64_t, 5>{2, 2, 1, 1, 0}));
  EXPECT_EQ(found.samples(), 11u) << "the stale marker is none";
  EXPECT_EQ(found.fragments(), 4u);
  EXPECT_GT(found.disk_bytes(), 0u);

  ASSERT_EQ(found.partitions.size(), 2u);
  EXPECT_EQ(found.partitions[0].part.name, "chunks.2026-11-27");
  EXPECT_EQ(found.partitions[0].totals.samples, 3u);
  EXPECT_EQ(found.partitions[0].totals.first, FromUnixMs(kNoonMs - kDayMs));
  EXPECT_EQ(found.partitions[1].fragments, 3u);
  EXPECT_EQ(found.partitions[1].totals.samples, 8u);
  EXPECT_EQ(found.partitions[1].totals.last, FromUnixMs(kNoonMs + 1000));

  ASSERT_EQ(found.journals.size(), 1u);
  EXPECT_EQ(found.journals[0].part.records, 2u);
  EXPECT_EQ(found.journals[0].totals.samples, 2u);
  EXPECT_EQ(found.journals[0].totals.first, FromUnixMs(kNoonMs + 2000));
  EXPECT_EQ(found.journals[0].totals.last, FromUnixMs(kNoonMs + 3000));

  ASSERT_EQ(found.by_series.size(), 2u);
  EXPECT_EQ(found.by_series[0].base, "h");
  EXPECT_EQ(found.by_series[0].series, 4u);
  EXPECT_EQ(found.by_series[0].samples, 9u);
  EXPECT_EQ(found.by_series[1].base, "up");
  EXPECT_EQ(found.by_series[1].families, 2u);
  EXPECT_EQ(found.by_bytes[0].base, "h");
  EXPECT_GT(found.by_bytes[0].raw_bytes, found.by_bytes[1].raw_bytes);
}

TEST_F(InspectTest, AnEmptyStore) {
  Open();
  store_.reset();
  const Inspection found = Look();
  EXPECT_EQ(found.series, 0u);
  EXPECT_EQ(found.samples(), 0u);
  EXPECT_TRUE(found.by_series.empty());
}

TEST_F(InspectTest, NothingThereOrNotOurs) {
  const auto f = [&](const std::string& path, Code code, const std::string& words) {
    const auto found = Inspect({.path = path, .top = 2, .env = nullptr}, now_);
    ASSERT_FALSE(found) << path;
    EXPECT_EQ(found.error().code, code) << found.error().message;
    EXPECT_NE(found.error().message.find(words), std::string::npos) << found.error().message;
  };
  f(dir_.File("none"), Code::kNotFound, "there is no database in " + dir_.File("none"));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("none")));
  dir_.Write("notes/a.txt", "mine");
  f(dir_.File("notes"), Code::kNotFound, "there is no database");
}

TEST_F(InspectTest, DamageIsToldAndTheRestIsCounted) {
  Open();
  for (const int64_t time_ms : {kNoonMs - kDayMs, kNoonMs}) Put(Bucket("1"), time_ms, 1);
  Checkpoint();
  store_.reset();
  // The files of the two days are the newest ones; a byte of a data block of one of them.
  std::map<std::string, std::string> tables;
  for (const auto& [path, bytes] : Contents()) {
    if (path.ends_with(".sst") && bytes.find("chunks.2026-11-27") != std::string::npos) {
      tables[path] = bytes;
    }
  }
  ASSERT_EQ(tables.size(), 1u);
  auto [path, bytes] = *tables.begin();
  bytes[10] = static_cast<char>(bytes[10] ^ 1);
  dir_.Write("data/" + std::filesystem::path(path).filename().string(), bytes);
  const Inspection found = Look();
  ASSERT_EQ(found.partitions.size(), 2u);
  EXPECT_NE(found.partitions[0].part.damage, "");
  EXPECT_EQ(found.partitions[1].part.damage, "");
  EXPECT_EQ(found.partitions[1].totals.samples, 1u);
}

}  // namespace
}  // namespace nines::tsdb
