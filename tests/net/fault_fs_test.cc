// The disk of the power-cut tests must itself lose and keep the right bytes.
#include "tests/support/fault_fs.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <memory>
#include <string>

namespace nines::test {
namespace {

std::unique_ptr<rocksdb::DB> Open(FaultFs& fs) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.env = fs.env();
  options.max_background_jobs = 1;
  options.info_log_level = rocksdb::FATAL_LEVEL;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.recycle_log_file_num = 0;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, "/db", &db);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return std::unique_ptr<rocksdb::DB>(db);
}

bool Put(rocksdb::DB& db, const std::string& key, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  return db.Put(options, key, std::string(100, 'v')).ok();
}

bool Has(rocksdb::DB& db, const std::string& key) {
  std::string value;
  return db.Get({}, key, &value).ok();
}

TEST(FaultFs, KeepsWhatWasSyncedAndLosesTheRest) {
  for (int round = 0; round < 10; ++round) {
    FaultFs fs;
    std::unique_ptr<rocksdb::DB> db = Open(fs);
    EXPECT_TRUE(Put(*db, "synced", true));
    if (round % 2 == 1) {
      EXPECT_TRUE(db->Flush({}).ok());  // From a table, not from the log.
    }
    EXPECT_TRUE(Put(*db, "unsynced", false));
    const uint64_t syncs = fs.sync_count();
    EXPECT_GT(syncs, 0u);
    fs.PowerCut();
    EXPECT_FALSE(Put(*db, "down", true));
    db.reset();
    fs.Restore();
    db = Open(fs);
    EXPECT_TRUE(Has(*db, "synced")) << round;
    EXPECT_FALSE(Has(*db, "unsynced")) << round;
    EXPECT_FALSE(Has(*db, "down")) << round;
    EXPECT_TRUE(Put(*db, "later", true));
  }
}

// The log ends in the middle of a record.
TEST(FaultFs, TornTail) {
  for (const uint64_t kept : {1u, 50u, 1000u}) {
    FaultFs fs;
    std::unique_ptr<rocksdb::DB> db = Open(fs);
    EXPECT_TRUE(Put(*db, "synced", true));
    EXPECT_TRUE(Put(*db, "unsynced", false));
    fs.PowerCutKeeping(kept);
    db.reset();
    fs.Restore();
    db = Open(fs);
    EXPECT_TRUE(Has(*db, "synced")) << kept;
    EXPECT_EQ(Has(*db, "unsynced"), kept == 1000u) << kept;
  }
}

TEST(FaultFs, FailedSyncIsReportedAndItsBytesAreLost) {
  FaultFs fs;
  std::unique_ptr<rocksdb::DB> db = Open(fs);
  EXPECT_TRUE(Put(*db, "first", true));
  fs.FailSyncIn(1);
  EXPECT_TRUE(Put(*db, "second", true));
  EXPECT_FALSE(Put(*db, "third", true));
  fs.PowerCut();
  db.reset();
  fs.Restore();
  db = Open(fs);
  EXPECT_TRUE(Has(*db, "first"));
  EXPECT_TRUE(Has(*db, "second"));
  EXPECT_FALSE(Has(*db, "third"));
}

TEST(FaultFs, FullDisk) {
  FaultFs fs;
  std::unique_ptr<rocksdb::DB> db = Open(fs);
  EXPECT_TRUE(Put(*db, "before", true));
  fs.LimitSpace(10);
  rocksdb::WriteOptions sync;
  sync.sync = true;
  const rocksdb::Status status = db->Put(sync, "full", std::string(100, 'v'));
  EXPECT_TRUE(status.IsNoSpace()) << status.ToString();
  db.reset();
  fs.FreeSpace();
  db = Open(fs);
  EXPECT_TRUE(Has(*db, "before"));
  EXPECT_TRUE(Put(*db, "after", true));
}

}  // namespace
}  // namespace nines::test
