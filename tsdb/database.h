#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tsdb/change.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class Status;
}  // namespace rocksdb

namespace nines::tsdb {

enum class SyncMode : uint8_t;  // store.h

// A column family of the database.  Holders keep it usable, dropped or not; all must be gone before
// the Database is.
using FamilyHandle = std::shared_ptr<rocksdb::ColumnFamilyHandle>;

// The RocksDB database of a store with its column families; names in tsdb/FORMAT.md.  Thread-safe
// where RocksDB is.
class Database {
 public:
  // How a column family is used, which decides its options.
  enum class Use : uint8_t { kSmall, kJournal, kChunks };

  // Opens or creates.  Errors as in Store::Open().  `env` is not owned; null is the machine's disk.
  // Unless `mode` is kAlways, a log is synced before the next is begun, so that a power loss takes
  // nothing from the middle.
  static Result<std::unique_ptr<Database>> Open(const std::string& path, rocksdb::Env* env,
                                                SyncMode mode);
  // Opens what is there as of now and writes not a byte, so that a process may have it open and the
  // directory may be read-only.  Nothing that writes may be called.  kNotFound: there is no
  // database. kCorrupt, kInvalid: as Open().  kUnavailable: it cannot be read, or was changed
  // meanwhile.
  static Result<std::unique_ptr<Database>> OpenToRead(const std::string& path, rocksdb::Env* env);
  ~Database();

  rocksdb::DB* rocks() const { return rocks_.get(); }
  const FamilyHandle& table(Table table) const { return tables_[static_cast<size_t>(table)]; }
  const std::string& path() const { return path_; }
  const FamilyHandle& records() const { return records_; }
  // 32 random bytes, made when the database was.
  const std::string& secret() const { return secret_; }
  // The text of the format record.
  const std::string& format() const { return format_; }
  // Every column family, of one that was opened to be read; else empty.
  const std::vector<FamilyHandle>& all() const { return all_; }

  // Those found when it was opened, by generation; by day since 1970 and how often that was joined.
  // Given away: the caller keeps them.
  std::map<uint64_t, FamilyHandle> TakeJournals() { return std::move(journals_); }
  std::map<int32_t, std::map<uint32_t, FamilyHandle>> TakeChunks() { return std::move(chunks_); }

  // Gives every record of a table whose key starts with `prefix`, in order, until one is an error.
  Result<void> Scan(
      Table table, std::string_view prefix,
      const std::function<Result<void>(std::string_view key, std::string_view value)>& take) const;

  // The value of one, empty where there is none.
  Result<std::string> Get(Table table, const std::string& key) const;

  Result<FamilyHandle> Create(const std::string& name, Use use);
  Result<void> Drop(const FamilyHandle& family);
  // Writes the memory tables of `families` to files.
  Result<void> Flush(std::span<const FamilyHandle> families);
  // Writes those of the small column families and begins a new log, so that no old one is held;
  // puts their files together where there are several.
  Result<void> FlushSmall();
  // A column family for chunks made of table files from outside, which it takes over; no key stands
  // in two of them.
  Result<FamilyHandle> CreateOf(const std::string& name, const std::vector<std::string>& files);
  // Takes up work again after the disk failed; nothing to do when it did not.
  Result<void> Resume();
  // Whether Resume() found that it cannot, ever.
  bool needs_restart() const { return needs_restart_; }
  // Bytes of table files that were made since it was opened, by writing memory out, compacting and
  // ingesting.
  uint64_t table_bytes_written() const;
  // Bytes of the files of the logs and of all column families but those of days.
  Result<uint64_t> BytesBesideDays() const;

 private:
  Database() = default;
  Result<void> OpenRocks(const std::string& path, rocksdb::Env* env,
                         const std::vector<std::string>& names);
  // Gives the handles that RocksDB made to their members.
  void Adopt(const std::vector<std::string>& names,
             const std::vector<rocksdb::ColumnFamilyHandle*>& handles);
  // False: there is no format record yet.
  Result<bool> ReadFormat(const std::string& path);
  Result<void> CheckFormat(const std::string& path);

  FamilyHandle Hold(rocksdb::ColumnFamilyHandle* made) const;
  // Whether what failed was a change of what column families and files there are.
  Result<void> NoteChange(std::string_view doing, const rocksdb::Status& status);

  Result<void> CompactSmall(const FamilyHandle& family);
  // Whether what Flush() of RocksDB was asked for has been done.
  bool WaitForFlush(const FamilyHandle& family);

  class LogSyncer;
  class TableCounter;
  struct Settings;
  std::string path_;
  std::unique_ptr<Settings> settings_;
  std::shared_ptr<LogSyncer> log_syncer_;  // Null under kAlways.
  std::shared_ptr<TableCounter> table_counter_;
  std::unique_ptr<rocksdb::DB> rocks_;
  std::string format_;
  std::string secret_;
  bool keeps_all_ = false;
  std::vector<FamilyHandle> all_;
  std::atomic<bool> needs_restart_ = false;
  std::atomic<bool> change_failed_ = false;  // The last one of column families or their files.
  FamilyHandle default_;
  std::array<FamilyHandle, kTables> tables_;
  FamilyHandle records_;
  std::map<uint64_t, FamilyHandle> journals_;
  std::map<int32_t, std::map<uint32_t, FamilyHandle>> chunks_;
};

// kCorrupt for what RocksDB calls corruption, else kUnavailable.
Error FromStatus(std::string_view doing, const rocksdb::Status& status);

// "journal.0000000001".
std::string JournalName(uint64_t generation);
// "chunks.2026-11-28", and ".N" after it where the day was joined N times.
std::string ChunksName(int32_t day, uint32_t joins);

}  // namespace nines::tsdb
