#include "tsdb/snapshot.h"

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/support/fault_fs.h"
#include "tests/tsdb/store_fixture.h"

// A snapshot opens as data, holds whole requests, and costs links.

namespace nines::tsdb {
namespace {

constexpr int kSeries = 20;

Labels Up(int i) { return {{"__name__", "up"}, {"job", std::to_string(i)}}; }

class SnapshotTest : public StoreFixture {
 protected:
  std::string Take() {
    const auto name = store_->Snapshot(now_);
    EXPECT_TRUE(name) << name.error().message;
    return name ? options_.path + "/snapshots/" + *name : "";
  }
  std::unique_ptr<Store> OpenSnapshot(const std::string& path) {
    Options options = options_;
    options.path = path;
    auto opened = Store::Open(options);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *std::move(opened) : nullptr;
  }
  // Swaps the snapshot in for a while.
  std::string ReadFrom(const std::string& path, const Labels& series) {
    std::unique_ptr<Store> other = OpenSnapshot(path);
    if (other == nullptr) return "";
    std::swap(store_, other);
    std::string text = Read(series);
    std::swap(store_, other);
    return text;
  }
};

TEST_F(SnapshotTest, HoldsFragmentsJournalAndRecords) {
  Open();
  Put(Up(0), kNoonMs, 1);
  Checkpoint();
  Put(Up(0), kNoonMs + 1000, 2);
  ASSERT_TRUE(store_->records().Write(std::vector<Records::Change>{{"room/kind/a", "b"}}));
  const std::string first = Take();
  Put(Up(0), kNoonMs + 2000, 3);
  Checkpoint();
  const std::string second = Take();
  EXPECT_NE(first, second) << "one second, two names";
  EXPECT_EQ(ReadFrom(first, Up(0)), "0=1 1000=2");
  EXPECT_EQ(ReadFrom(second, Up(0)), "0=1 1000=2 2000=3");
  EXPECT_EQ(Read(Up(0)), "0=1 1000=2 2000=3") << "the store goes on";
  // A snapshot is written to as any data, and nothing of that is seen elsewhere.
  std::unique_ptr<Store> other = OpenSnapshot(first);
  ASSERT_NE(other, nullptr);
  const auto records = other->records().Scan("room/");
  ASSERT_TRUE(records) << records.error().message;
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->at(0).second, "b");
  std::swap(store_, other);
  EXPECT_EQ(Put(Up(0), kNoonMs + 5000, 9), "stored");
  Checkpoint();
  std::swap(store_, other);
  EXPECT_EQ(Read(Up(0)), "0=1 1000=2 2000=3");
  // And the data reopens with the snapshots in it.
  other.reset();
  CloseAndOpen();
  EXPECT_EQ(Read(Up(0)), "0=1 1000=2 2000=3");
}

TEST_F(SnapshotTest, TableFilesAreLinks) {
  Open();
  for (int i = 0; i < kSeries; ++i) Put(Up(i), kNoonMs, 1);
  Checkpoint();
  int tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Take())) {
    if (entry.path().extension() != ".sst") continue;
    ++tables;
    EXPECT_EQ(std::filesystem::hard_link_count(entry.path()), 2u) << entry.path();
  }
  EXPECT_GT(tables, 0);
}

// Requests of one sample for each series; one for all of them is one commit.
TEST_F(SnapshotTest, WholeRequestsWhileWritersAndUpkeepRun) {
  options_.sync = SyncMode::kOs;  // Many commits in a short time.
  Open();
  std::vector<ColumnId> ids;
  for (int i = 0; i < kSeries; ++i) ids.push_back(Id(Up(i)));
  std::atomic<int64_t> acknowledged = -1;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int64_t row = 0; !stop; ++row) {
      std::vector<Append> samples;
      for (const ColumnId id : ids) {
        samples.push_back({id, kNoonMs + row, static_cast<double>(row)});
      }
      if (!store_->Append(samples, now_)) break;
      acknowledged = row;
    }
  });
  std::thread upkeep([&] {
    int64_t next = 0;
    for (int i = 1; !stop; ++i) {
      while (!stop && acknowledged < next) std::this_thread::yield();
      next = acknowledged + 30;
      if (!store_->Maintain(now_ + i * options_.checkpoint_interval)) break;
    }
  });
  std::vector<std::pair<int64_t, std::string>> taken;
  for (int i = 0; i < 4; ++i) {
    const int64_t before = acknowledged;
    while (acknowledged < before + 40) std::this_thread::yield();
    const int64_t at_least = acknowledged;
    taken.emplace_back(at_least, Take());
  }
  stop = true;
  writer.join();
  upkeep.join();
  for (const auto& [at_least, path] : taken) {
    std::unique_ptr<Store> snapshot = OpenSnapshot(path);
    ASSERT_NE(snapshot, nullptr);
    const auto read = snapshot->Read(ids, FromUnixMs(0), FromUnixMs(2 * kNoonMs));
    ASSERT_TRUE(read) << read.error().message;
    const size_t rows = read->at(0).size();
    EXPECT_GT(static_cast<int64_t>(rows), at_least) << "what was acknowledged is there";
    for (const std::vector<Sample>& column : *read) {
      ASSERT_EQ(column.size(), rows) << "half a request";
      for (size_t row = 0; row < rows; ++row) {
        ASSERT_EQ(ToUnixMs(column[row].at), kNoonMs + static_cast<int64_t>(row));
        ASSERT_EQ(column[row].value, static_cast<double>(row));
      }
    }
  }
}

TEST_F(SnapshotTest, RemovesWhatAKilledOneLeft) {
  Open();
  Put(Up(0), kNoonMs, 1);
  dir_.Write("data/snapshots/old.tmp/000007.sst", "half");
  const std::string taken = Take();
  EXPECT_FALSE(std::filesystem::exists(options_.path + "/snapshots/old.tmp"));
  EXPECT_EQ(ReadFrom(taken, Up(0)), "0=1");
}

TEST_F(SnapshotTest, AFullDiskIsSaidAndNothingIsLeft) {
  test::FaultFs disk;
  options_.env = disk.env();
  options_.path = "/data";
  Open();
  Put(Up(0), kNoonMs, 1);
  disk.LimitSpace(10);
  const auto refused = store_->Snapshot(now_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_NE(refused.error().message.find("/data/snapshots"), std::string::npos);
  disk.FreeSpace();
  EXPECT_EQ(ReadFrom(Take(), Up(0)), "0=1");
  store_.reset();
}

TEST_F(SnapshotTest, IsRefusedWhileTheDiskIsNearlyFull) {
  options_.disk_space = [](const std::string&) { return DiskSpace{.free = 0, .total = 1 << 30}; };
  Open();
  const auto refused = store_->Snapshot(now_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("storage.min_free"), std::string::npos);
}

}  // namespace
}  // namespace nines::tsdb
