#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "tests/support/temp_dir.h"
#include "tests/tsdb/contents.h"
#include "tests/tsdb/hex.h"
#include "tsdb/store.h"

// The database as a whole, against tsdb/FORMAT.md: names of column families, keys, and the records
// that the codecs' own tests do not see.

namespace nines::tsdb {
namespace {

std::string Example(std::string_view name) { return BytesOf("tsdb/FORMAT.md", name); }

// 18:42:19 of a day.
constexpr Time kNow = FromUnixMs(1'764'355'339'000);

std::unique_ptr<Store> Opened(const test::TempDir& dir) {
  Result<std::unique_ptr<Store>> store = Store::Open({.path = dir.File("data")});
  EXPECT_TRUE(store.has_value()) << store.error().message;
  return *std::move(store);
}

// One bucket with one sample.
void Fill(Store* store) {
  const Labels series{{"__name__", "x_bucket"}, {"job", "a"}, {"le", "0.5"}};
  const Result<ColumnId> column = store->Register(store->Hash("x"), series);
  ASSERT_TRUE(column.has_value());
  const Append sample{*column, ToUnixMs(kNow), 3};
  const Result<AppendReport> report = store->Append(std::span(&sample, 1), kNow);
  ASSERT_TRUE(report.has_value());
  ASSERT_EQ(report->stored, 1u);
}

std::vector<std::string> Names(const Contents& contents) {
  std::vector<std::string> names;
  for (const auto& [name, records] : contents) names.push_back(name);
  return names;
}

TEST(Format, BeforeACheckpoint) {
  const test::TempDir dir;
  {
    const std::unique_ptr<Store> store = Opened(dir);
    Fill(store.get());
    const Records::Change change{"room/kind/1", "bytes"};
    ASSERT_TRUE(store->records().Write(std::span(&change, 1)).has_value());
  }
  Contents contents = ReadContents(dir.File("data"));
  EXPECT_EQ(Names(contents), (std::vector<std::string>{"default", "exemplars", "journal.0000000001",
                                                       "metadata", "records", "series", "starts"}));
  EXPECT_EQ(contents["default"]["format"], "nines-tsdb 2");
  EXPECT_EQ(contents["default"]["secret"].size(), 32u);
  EXPECT_EQ(contents["default"].size(), 2u);
  EXPECT_EQ(contents["series"].size(), 2u);
  EXPECT_EQ(ToHex(contents["series"][Example("family-key")]), ToHex(Example("family")));
  EXPECT_EQ(ToHex(contents["series"][Example("column-key")]), ToHex(Example("column")));
  EXPECT_EQ(contents["records"]["room/kind/1"], "bytes");
  ASSERT_EQ(contents["journal.0000000001"].size(), 1u);
  EXPECT_EQ(contents["journal.0000000001"].begin()->first.size(), 8u);
}

TEST(Format, AfterACheckpoint) {
  const test::TempDir dir;
  {
    const std::unique_ptr<Store> store = Opened(dir);
    Fill(store.get());
    ASSERT_TRUE(store->Close(kNow).has_value());
  }
  Contents contents = ReadContents(dir.File("data"));
  const auto& chunks = contents["chunks.2025-11-28"];
  ASSERT_EQ(chunks.size(), 2u);
  std::string key = Example("chunk-key");
  EXPECT_EQ(ToHex(chunks.begin()->first), ToHex(key));
  key[0] = 's';
  EXPECT_EQ(ToHex(chunks.rbegin()->first), ToHex(key));
  for (const auto& [name, records] : contents) {
    if (name.starts_with("journal.")) {
      EXPECT_TRUE(records.empty()) << name;
    }
  }
}

}  // namespace
}  // namespace nines::tsdb
