#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <filesystem>
#include <map>

#include "tests/tsdb/store_fixture.h"

// What Store::Open() refuses, and that it leaves alone what it refuses.

namespace nines::tsdb {
namespace {

using StoreOpenTest = StoreFixture;

const Labels kUp{{"__name__", "up"}};

// Every file below `path` with its bytes.
std::map<std::string, std::string> Contents(const std::string& path) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) contents[entry.path()] = test::ReadFile(entry.path());
  }
  return contents;
}

void ExpectRefused(const Options& options, Code code, const std::string& words) {
  const auto opened = Store::Open(options);
  ASSERT_FALSE(opened) << words;
  EXPECT_EQ(opened.error().code, code) << opened.error().message;
  EXPECT_NE(opened.error().message.find(words), std::string::npos) << opened.error().message;
}

// A RocksDB database with these column families beside the default one, and one record.
void MakeDatabase(const std::string& path, const std::vector<std::string>& families,
                  const std::string& key, const std::string& value) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, path, &raw).ok());
  const std::unique_ptr<rocksdb::DB> database(raw);
  for (const std::string& name : families) {
    rocksdb::ColumnFamilyHandle* made = nullptr;
    ASSERT_TRUE(database->CreateColumnFamily(options, name, &made).ok());
    ASSERT_TRUE(database->DestroyColumnFamilyHandle(made).ok());
  }
  ASSERT_TRUE(database->Put({}, key, value).ok());
}

TEST_F(StoreOpenTest, MakesFoldersOnTheWay) {
  options_.path = dir_.path() + "/a/b/c";
  Open();
  EXPECT_EQ(Put(kUp, kNoonMs, 1), "stored");
  Crash();
  EXPECT_EQ(Read(kUp), "0=1");
}

TEST_F(StoreOpenTest, TakesAnEmptyFolder) {
  std::filesystem::create_directories(options_.path + "/lost+found");
  Open();
}

TEST_F(StoreOpenTest, RefusesAFolderOfSomethingElse) {
  dir_.Write("data/notes.txt", "mine");
  const auto before = Contents(options_.path);
  ExpectRefused(options_, Code::kInvalid, "is not empty (notes.txt)");
  EXPECT_EQ(Contents(options_.path), before);
}

TEST_F(StoreOpenTest, RefusesSomebodyElsesDatabase) {
  MakeDatabase(options_.path, {}, "their", "data");
  const auto before = Contents(options_.path);
  ExpectRefused(options_, Code::kInvalid, "a RocksDB database that is not ours");
  EXPECT_EQ(Contents(options_.path), before);
}

TEST_F(StoreOpenTest, RefusesUnknownColumnFamilies) {
  MakeDatabase(options_.path, {"series", "cats"}, "format", "nines-tsdb 2");
  const auto before = Contents(options_.path);
  ExpectRefused(options_, Code::kInvalid, "unknown column family \"cats\"");
  EXPECT_EQ(Contents(options_.path), before);
}

TEST_F(StoreOpenTest, RefusesUnknownFormats) {
  MakeDatabase(options_.path, {"series", "records"}, "format", "nines-tsdb 3");
  ExpectRefused(options_, Code::kInvalid, "has the format \"nines-tsdb 3\"");
}

// Formats from 3 on say so where it is seen before anything is written.
TEST_F(StoreOpenTest, LeavesALaterFormatAlone) {
  MakeDatabase(options_.path, {"series", "records", "format.3"}, "format", "nines-tsdb 3");
  const auto before = Contents(options_.path);
  ExpectRefused(options_, Code::kInvalid, "has the format \"nines-tsdb 3\"");
  EXPECT_EQ(Contents(options_.path), before);
}

TEST_F(StoreOpenTest, RefusesALostCurrent) {
  Open();
  Put(kUp, kNoonMs, 1);
  store_.reset();
  std::filesystem::remove(options_.path + "/CURRENT");
  const auto before = Contents(options_.path);
  ExpectRefused(options_, Code::kCorrupt, "has lost its CURRENT file");
  EXPECT_EQ(Contents(options_.path), before);
}

TEST_F(StoreOpenTest, RefusesASecondOpen) {
  Open();
  ExpectRefused(options_, Code::kUnavailable, "another process has the database");
  EXPECT_EQ(Put(kUp, kNoonMs, 1), "stored") << "the first is not disturbed";
}

TEST_F(StoreOpenTest, RefusesAFileForAFolder) {
  dir_.Write("data", "a file");
  ExpectRefused(options_, Code::kUnavailable, "data");
}

// A flipped byte in the middle of the log is damage, not its end.
TEST_F(StoreOpenTest, RefusesADamagedLog) {
  Open();
  for (int i = 0; i < 2000; ++i) Put(kUp, kNoonMs + i, i);
  store_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(options_.path)) {
    if (entry.path().extension() != ".log" || entry.file_size() < 40000) continue;
    std::string bytes = test::ReadFile(entry.path());
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
    dir_.Write("data/" + entry.path().filename().string(), bytes);
  }
  ExpectRefused(options_, Code::kCorrupt, "cannot open the database in " + options_.path);
}

}  // namespace
}  // namespace nines::tsdb
