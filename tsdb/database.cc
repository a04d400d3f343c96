#include "tsdb/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/transaction_log.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <optional>

#include "base/check.h"
#include "base/log.h"
#include "tsdb/bytes.h"
#include "tsdb/random_bytes.h"
#include "tsdb/store.h"

namespace nines::tsdb {
namespace {

// All that it may hold may stand in a database of kFormat, so taking the new name is the upgrade.
constexpr std::string_view kOldFormat = "nines-tsdb 1";
constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kFormat = "nines-tsdb 2";
constexpr std::string_view kSecretKey = "secret";
constexpr size_t kSecretBytes = 32;
// A format from 3 on names itself by a column family, so that older programs see it before they
// write anything: an empty one, "format.3".
constexpr std::string_view kFormatPrefix = "format.";
constexpr std::string_view kDefaultName = "default";
constexpr std::array<std::string_view, kTables> kTableNames = {"series", "starts", "exemplars",
                                                               "metadata"};  // By Table.
constexpr std::string_view kRecordsName = "records";
constexpr std::string_view kJournalPrefix = "journal.";
constexpr std::string_view kChunksPrefix = "chunks.";
constexpr size_t kGenerationDigits = 10;
// Fragments are written to level 0.
constexpr int kChunksLevel = 6;

std::string Digits(uint64_t value, size_t width) {
  std::string text = std::to_string(value);
  if (text.size() < width) text.insert(0, width - text.size(), '0');
  return text;
}

template <class T>
std::optional<T> ParseDigits(std::string_view text) {
  T value{};
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uint64_t> GenerationOf(std::string_view name) {
  if (!name.starts_with(kJournalPrefix)) return std::nullopt;
  name.remove_prefix(kJournalPrefix.size());
  if (name.size() < kGenerationDigits) return std::nullopt;
  return ParseDigits<uint64_t>(name);
}

std::optional<size_t> TableOf(std::string_view name) {
  const auto* const at = std::ranges::find(kTableNames, name);
  if (at == kTableNames.end()) return std::nullopt;
  return static_cast<size_t>(at - kTableNames.begin());
}

struct DayName {
  int32_t day;
  uint32_t joins;
};

std::optional<DayName> DayOf(std::string_view name) {
  if (!name.starts_with(kChunksPrefix)) return std::nullopt;
  name.remove_prefix(kChunksPrefix.size());
  std::optional<uint32_t> joins = 0;
  if (name.size() > 10 && name[10] == '.') {
    joins = ParseDigits<uint32_t>(name.substr(11));
    if (joins == 0) return std::nullopt;
    name = name.substr(0, 10);
  }
  if (name.size() != 10 || name[4] != '-' || name[7] != '-') return std::nullopt;
  const auto year = ParseDigits<int>(name.substr(0, 4));
  const auto month = ParseDigits<unsigned>(name.substr(5, 2));
  const auto day = ParseDigits<unsigned>(name.substr(8, 2));
  if (!year || !month || !day || !joins) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{*month},
                                         std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return DayName{static_cast<int32_t>(std::chrono::sys_days{date}.time_since_epoch().count()),
                 *joins};
}

// What a database that was being created when the power went leaves behind, and what is there
// before anybody writes.
bool MayStandBeforeCreation(std::string_view name) {
  return name == "." || name == ".." || name == "lost+found" || name == "LOCK" ||
         name == "IDENTITY" || name == "MANIFEST-000001" || name.starts_with("LOG") ||
         name.ends_with(".dbtmp");
}

// What no directory has that never held a database.
bool IsLeftOfDatabase(const std::string& name) {
  return name.ends_with(".sst") || (name.starts_with("MANIFEST-") && name != "MANIFEST-000001");
}

Result<void> MakeDirectories(rocksdb::Env* env, const std::string& path) {
  for (size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string prefix = path.substr(0, at);
    const rocksdb::Status made = env->CreateDirIfMissing(prefix);
    if (!made.ok()) return FromStatus("cannot make the data directory", made);
    if (at == std::string::npos) return {};
  }
}

// After kill -9 a log may hold records that were never synced.  They are read as if they were, new
// ones build on them, and so they must not be lost to a later power loss.
Result<void> SyncLogs(rocksdb::Env* env, const std::string& path) {
  std::vector<std::string> names;
  rocksdb::Status status = env->GetChildren(path, &names);
  for (const std::string& name : names) {
    if (!status.ok()) break;
    if (!name.ends_with(".log")) continue;
    std::unique_ptr<rocksdb::WritableFile> file;
    status = env->ReopenWritableFile(path + "/" + name, &file, rocksdb::EnvOptions());
    if (status.ok()) status = file->Fsync();
    if (status.ok()) status = file->Close();
  }
  if (!status.ok()) return FromStatus("cannot sync the logs in " + path, status);
  return {};
}

Error Foreign(const std::string& path, const std::string& what) {
  return {Code::kInvalid, "data directory " + path + " " + what +
                              "; it is left as it is, choose an empty directory"};
}

bool IsLockedMessage(const std::string& text) {
  return text.find("While lock file") != std::string::npos ||
         text.find("lock hold by current process") != std::string::npos ||
         text.find("lock is already held") != std::string::npos;
}

}  // namespace

// A log is full when a memory table is, and the next has no record yet when that is told.
class Database::LogSyncer final : public rocksdb::EventListener {
 public:
  void Begin(rocksdb::DB* rocks) { rocks_ = rocks; }

  void OnMemTableSealed(const rocksdb::MemTableInfo&) override {
    // An error stops RocksDB's writes by itself.
    if (rocksdb::DB* const rocks = rocks_) rocks->SyncWAL().PermitUncheckedError();
  }

 private:
  std::atomic<rocksdb::DB*> rocks_ = nullptr;
};

// Hears of files that are made; RocksDB calls from threads of its own.
class Database::TableCounter final : public rocksdb::EventListener {
 public:
  void OnTableFileCreated(const rocksdb::TableFileCreationInfo& info) override {
    bytes_ += info.file_size;
  }
  // Work is taken up again by Resume() alone, which knows what must be done before.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
  void Add(uint64_t bytes) { bytes_ += bytes; }
  uint64_t bytes() const { return bytes_; }

 private:
  std::atomic<uint64_t> bytes_ = 0;
};

namespace {

// After an error of the disk upkeep resumes, at once when there is room.  RocksDB by itself waits
// for as much room as the largest write buffer, and answers "busy" to everybody else until then.
class NoRecoveryByItself final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error,
                            bool* auto_recovery) override {
    error.PermitUncheckedError();
    *auto_recovery = false;
  }
};

// What RocksDB has to say goes to our log: the file that it writes by itself ends the process when
// the disk is full (an assertion of Debian's build).  Its warnings are for its own developers.
class RocksLog final : public rocksdb::Logger {
 public:
  RocksLog() : rocksdb::Logger(rocksdb::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::ERROR_LEVEL, format, arguments);
  }
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::WARN_LEVEL || level == rocksdb::HEADER_LEVEL) return;
    char text[1024];
    std::vsnprintf(text, sizeof text, format, arguments);
    if (level == rocksdb::WARN_LEVEL) {
      log::Debug("rocksdb", {{"text", text}});
    } else {
      log::Warn("rocksdb", {{"text", text}});
    }
  }
};

}  // namespace

struct Database::Settings {
  rocksdb::DBOptions database;
  rocksdb::ColumnFamilyOptions small;
  rocksdb::ColumnFamilyOptions journal;
  rocksdb::ColumnFamilyOptions chunks;

  explicit Settings(rocksdb::Env* env) {
    SetDatabase(env);
    small.write_buffer_size = 16 << 20;
    small.compression = rocksdb::kZSTD;
    // Nothing is written but what somebody waits for, so that a full disk is told to who can wait.
    small.disable_auto_compactions = true;
    // A generation is dropped before this is full, so that it is never written a second time.
    journal.write_buffer_size = 256 << 20;
    journal.disable_auto_compactions = true;
    chunks.write_buffer_size = 64 << 20;
    chunks.compression = rocksdb::kZSTD;
    chunks.disable_auto_compactions = true;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(64 << 20);
    table.block_size = 16 << 10;
    table.format_version = 5;
    for (rocksdb::ColumnFamilyOptions* options : {&small, &journal, &chunks}) {
      options->table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    }
  }

  void SetDatabase(rocksdb::Env* env) {
    database.env = env;
    database.create_if_missing = true;
    database.create_missing_column_families = true;
    // Damage anywhere but in the unfinished end of a log must not be taken for its end: see
    // DESIGN.md 6.1.  A log that is used again has old records behind its end and cannot be judged.
    database.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    database.recycle_log_file_num = 0;
    // What is in the log stays there; the journal is replayed from memory.
    database.avoid_flush_during_recovery = true;
    database.avoid_flush_during_shutdown = true;
    // Beyond it the oldest column family is flushed, so that a quiet one does not hold the log.
    database.max_total_wal_size = uint64_t{1} << 30;
    database.max_open_files = 1000;
    database.max_background_jobs = 2;
    database.max_manifest_file_size = 16 << 20;
    database.info_log = std::make_shared<RocksLog>();
    database.listeners.push_back(std::make_shared<NoRecoveryByItself>());
    database.max_bgerror_resume_count = 0;
    database.stats_dump_period_sec = 0;
    database.stats_persist_period_sec = 0;
  }

  const rocksdb::ColumnFamilyOptions& For(const std::string& name) const {
    if (name.starts_with(kJournalPrefix)) return journal;
    if (name.starts_with(kChunksPrefix)) return chunks;
    return small;
  }
};

namespace {

// Resuming begins a new log only where there is something to flush, and a log that could not be
// appended to must not be appended to again: RocksDB would end the process (an assertion of
// Debian's build).  So there is always something: the record of the format, without the log.
void LeaveSomethingToFlush(rocksdb::DB* rocks, const FamilyHandle& family,
                           const std::string& format) {
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  // An error is that of a sick disk, which whoever writes next meets too.
  rocks->Put(unlogged, family.get(), std::string(kFormatKey), format).PermitUncheckedError();
}

}  // namespace

Error FromStatus(std::string_view doing, const rocksdb::Status& status) {
  const Code code = status.IsCorruption() ? Code::kCorrupt : Code::kUnavailable;
  return {code, std::string(doing) + ": " + status.ToString()};
}

std::string JournalName(uint64_t generation) {
  return std::string(kJournalPrefix) + Digits(generation, kGenerationDigits);
}

std::string ChunksName(int32_t day, uint32_t joins) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return std::string(kChunksPrefix) +
         Digits(static_cast<uint64_t>(static_cast<int>(date.year())), 4) + "-" +
         Digits(static_cast<unsigned>(date.month()), 2) + "-" +
         Digits(static_cast<unsigned>(date.day()), 2) +
         (joins == 0 ? std::string() : "." + std::to_string(joins));
}

namespace {

// The column families of the database at `path`; only the default one where there is none yet.
// kInvalid, with nothing touched, where the directory holds something else.
Result<std::vector<std::string>> FindFamilies(const std::string& path, rocksdb::Env* env,
                                              const rocksdb::DBOptions& options) {
  std::vector<std::string> children;
  const rocksdb::Status listed = env->GetChildren(path, &children);
  if (!listed.ok() && !listed.IsNotFound()) {
    return FromStatus("cannot read the data directory " + path, listed);
  }
  if (std::ranges::find(children, "CURRENT") == children.end()) {
    if (std::ranges::any_of(children, IsLeftOfDatabase)) {
      return Error{Code::kCorrupt, "the database in " + path + " has lost its CURRENT file"};
    }
    for (const std::string& child : children) {
      if (!MayStandBeforeCreation(child)) {
        return Foreign(path, "is not empty (" + child + ") and holds no database of ours");
      }
    }
    return std::vector<std::string>{std::string(kDefaultName)};
  }
  std::vector<std::string> names;
  const rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, path, &names);
  if (!status.ok()) {
    Error error = FromStatus("cannot read the database in " + path, status);
    // CURRENT names a file that is not there.
    if (status.IsNotFound() || status.IsPathNotFound()) error.code = Code::kCorrupt;
    return error;
  }
  for (const std::string& name : names) {
    if (name.starts_with(kFormatPrefix)) {
      return Foreign(path, "has the format \"nines-tsdb " + name.substr(kFormatPrefix.size()) +
                               "\"; this version knows \"" + std::string(kOldFormat) + "\" and \"" +
                               std::string(kFormat) + "\"");
    }
    if (name == kDefaultName || name == kRecordsName || TableOf(name) || GenerationOf(name) ||
        DayOf(name)) {
      continue;
    }
    return Foreign(path, "holds a database with the unknown column family \"" + name + "\"");
  }
  return names;
}

// A database with the default column family alone: ours, when the power went while it was made, or
// somebody else's.  Looks without writing.
Result<void> CheckBareDatabase(const std::string& path, const rocksdb::DBOptions& options) {
  rocksdb::Options read(options, rocksdb::ColumnFamilyOptions());
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(read, path, &raw);
  if (!status.ok()) return FromStatus("cannot read the database in " + path, status);
  const std::unique_ptr<rocksdb::DB> rocks(raw);
  const std::unique_ptr<rocksdb::Iterator> at(rocks->NewIterator({}));
  at->SeekToFirst();
  if (!at->status().ok()) return FromStatus("cannot read the database in " + path, at->status());
  if (at->Valid()) return Foreign(path, "holds a RocksDB database that is not ours");
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, rocksdb::Env* env,
                                                 SyncMode mode) {
  if (env == nullptr) env = rocksdb::Env::Default();
  std::unique_ptr<Database> database(new Database());
  database->path_ = path;
  database->settings_ = std::make_unique<Settings>(env);
  database->table_counter_ = std::make_shared<TableCounter>();
  database->settings_->database.listeners.push_back(database->table_counter_);
  if (mode != SyncMode::kAlways) {
    database->log_syncer_ = std::make_shared<LogSyncer>();
    database->settings_->database.listeners.push_back(database->log_syncer_);
  }
  const rocksdb::DBOptions& options = database->settings_->database;
  Result<std::vector<std::string>> names = FindFamilies(path, env, options);
  if (!names) return names.error();
  // Only a directory that may be ours is made or locked.
  if (const Result<void> made = MakeDirectories(env, path); !made) return made.error();
  if (names->size() == 1 && env->FileExists(path + "/CURRENT").ok()) {
    if (const Result<void> bare = CheckBareDatabase(path, options); !bare) return bare.error();
  }
  std::vector<std::string_view> needed(kTableNames.begin(), kTableNames.end());
  needed.push_back(kRecordsName);
  for (const std::string_view name : needed) {
    if (std::ranges::find(*names, name) == names->end()) names->emplace_back(name);
  }
  if (const Result<void> synced = SyncLogs(env, path); !synced) return synced.error();
  if (const Result<void> opened = database->OpenRocks(path, env, *names); !opened) {
    return opened.error();
  }
  if (database->log_syncer_ != nullptr) database->log_syncer_->Begin(database->rocks());
  if (const Result<void> known = database->CheckFormat(path); !known) return known.error();
  LeaveSomethingToFlush(database->rocks(), database->default_, database->format_);
  return database;
}

Result<void> Database::OpenRocks(const std::string& path, rocksdb::Env* env,
                                 const std::vector<std::string>& names) {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, settings_->For(name));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(settings_->database, path, descriptors, &handles, &raw);
  if (!status.ok()) {
    if (IsLockedMessage(status.ToString())) {
      return Error{Code::kUnavailable, "another process has the database in " + path + " open (" +
                                           status.ToString() + ")"};
    }
    return FromStatus("cannot open the database in " + path, status);
  }
  CHECK(env != nullptr);
  rocks_.reset(raw);
  Adopt(names, handles);
  return {};
}

void Database::Adopt(const std::vector<std::string>& names,
                     const std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  rocksdb::DB* const rocks = rocks_.get();
  for (size_t i = 0; i < names.size(); ++i) {
    FamilyHandle handle(handles[i], [rocks](rocksdb::ColumnFamilyHandle* h) {
      rocks->DestroyColumnFamilyHandle(h).PermitUncheckedError();
    });
    const std::string& name = names[i];
    if (keeps_all_) all_.push_back(handle);
    if (name == kDefaultName)
      default_ = std::move(handle);
    else if (name == kRecordsName)
      records_ = std::move(handle);
    else if (const auto table = TableOf(name))
      tables_[*table] = std::move(handle);
    else if (const auto generation = GenerationOf(name))
      journals_[*generation] = std::move(handle);
    else if (const auto day = DayOf(name))
      chunks_[day->day][day->joins] = std::move(handle);
  }
}

Result<bool> Database::ReadFormat(const std::string& path) {
  rocksdb::Status status = rocks_->Get({}, default_.get(), std::string(kFormatKey), &format_);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return FromStatus("cannot read the format of " + path, status);
  if (format_ != kFormat && format_ != kOldFormat) {
    return Foreign(path, "has the format \"" + format_ + "\"; this version knows \"" +
                             std::string(kOldFormat) + "\" and \"" + std::string(kFormat) + "\"");
  }
  status = rocks_->Get({}, default_.get(), std::string(kSecretKey), &secret_);
  if (status.ok() && secret_.size() == kSecretBytes) return true;
  return Error{Code::kCorrupt, "the secret of the database in " + path + " is damaged"};
}

Result<void> Database::CheckFormat(const std::string& path) {
  const Result<bool> has = ReadFormat(path);
  if (!has) return has.error();
  if (*has && format_ == kFormat) return {};
  rocksdb::WriteBatch batch;
  if (!*has) {
    // New, or the power went before this write.
    if (!journals_.empty() || !chunks_.empty()) {
      return Error{Code::kCorrupt, "the database in " + path + " has lost its format record"};
    }
    secret_ = RandomBytes(kSecretBytes);
    batch.Put(default_.get(), std::string(kSecretKey), secret_);
  }
  format_ = kFormat;
  batch.Put(default_.get(), std::string(kFormatKey), format_);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status = rocks_->Write(synced, &batch);
  if (!status.ok()) return FromStatus("cannot write to " + path, status);
  return {};
}

Result<std::unique_ptr<Database>> Database::OpenToRead(const std::string& path, rocksdb::Env* env) {
  if (env == nullptr) env = rocksdb::Env::Default();
  std::unique_ptr<Database> database(new Database());
  database->settings_ = std::make_unique<Settings>(env);
  rocksdb::DBOptions& options = database->settings_->database;
  // All files are opened now: a process that has it open may delete them at any time.
  options.max_open_files = -1;
  if (!env->FileExists(path + "/CURRENT").ok()) {
    return Error{Code::kNotFound, "there is no database in " + path};
  }
  const Result<std::vector<std::string>> names = FindFamilies(path, env, options);
  if (!names) return names.error();
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : *names) {
    descriptors.emplace_back(name, database->settings_->For(name));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(options, path, descriptors, &handles, &raw);
  if (!status.ok()) return FromStatus("cannot read the database in " + path, status);
  database->rocks_.reset(raw);
  database->keeps_all_ = true;
  database->Adopt(*names, handles);
  const Result<bool> has_format = database->ReadFormat(path);
  if (!has_format) return has_format.error();
  if (!*has_format) return Foreign(path, "holds a database without our format record");
  return database;
}

Database::~Database() = default;

uint64_t Database::table_bytes_written() const { return table_counter_->bytes(); }

Result<void> Database::Scan(
    Table table, std::string_view prefix,
    const std::function<Result<void>(std::string_view key, std::string_view value)>& take) const {
  const std::unique_ptr<rocksdb::Iterator> at(rocks_->NewIterator({}, this->table(table).get()));
  const rocksdb::Slice start(prefix.data(), prefix.size());
  for (at->Seek(start); at->Valid() && at->key().starts_with(start); at->Next()) {
    Result<void> taken = take(at->key().ToStringView(), at->value().ToStringView());
    if (!taken) return taken;
  }
  if (!at->status().ok())
    return FromStatus("cannot read " + this->table(table)->GetName(), at->status());
  return {};
}

Result<std::string> Database::Get(Table table, const std::string& key) const {
  std::string value;
  const rocksdb::Status status = rocks_->Get({}, this->table(table).get(), key, &value);
  if (status.ok() || status.IsNotFound()) return value;
  return FromStatus("cannot read " + this->table(table)->GetName(), status);
}

Result<FamilyHandle> Database::Create(const std::string& name, Use use) {
  const rocksdb::ColumnFamilyOptions& options = use == Use::kJournal  ? settings_->journal
                                                : use == Use::kChunks ? settings_->chunks
                                                                      : settings_->small;
  rocksdb::ColumnFamilyHandle* made = nullptr;
  const rocksdb::Status status = rocks_->CreateColumnFamily(options, name, &made);
  if (const auto done = NoteChange("cannot create " + name, status); !done) return done.error();
  return Hold(made);
}

FamilyHandle Database::Hold(rocksdb::ColumnFamilyHandle* made) const {
  return FamilyHandle(made, [rocks = rocks_.get()](rocksdb::ColumnFamilyHandle* h) {
    rocks->DestroyColumnFamilyHandle(h).PermitUncheckedError();
  });
}

Result<void> Database::Drop(const FamilyHandle& family) {
  return NoteChange("cannot drop " + family->GetName(), rocks_->DropColumnFamily(family.get()));
}

// Not IngestExternalFile(): after an error of the disk that was mended, that of RocksDB 7.8 ends
// the process.
Result<FamilyHandle> Database::CreateOf(const std::string& name,
                                        const std::vector<std::string>& files) {
  uint64_t bytes = 0;
  rocksdb::ExportImportFilesMetaData metadata;
  metadata.db_comparator_name = settings_->chunks.comparator->Name();
  for (const std::string& file : files) {
    rocksdb::LiveFileMetaData& one = metadata.files.emplace_back();
    const size_t slash = file.rfind('/');
    one.db_path = file.substr(0, slash);
    one.name = file.substr(slash + 1);
    one.level = kChunksLevel;
    uint64_t size = 0;
    if (rocks_->GetEnv()->GetFileSize(file, &size).ok()) bytes += size;
    one.smallest_seqno = 0;
    one.largest_seqno = 0;
  }
  rocksdb::ImportColumnFamilyOptions options;
  options.move_files = true;
  rocksdb::ColumnFamilyHandle* made = nullptr;
  const rocksdb::Status status =
      rocks_->CreateColumnFamilyWithImport(settings_->chunks, name, options, metadata, &made);
  if (const auto done = NoteChange("cannot create " + name, status); !done) return done.error();
  table_counter_->Add(bytes);
  return Hold(made);
}

Result<void> Database::NoteChange(std::string_view doing, const rocksdb::Status& status) {
  change_failed_ = !status.ok();
  if (!status.ok()) return FromStatus(doing, status);
  return {};
}

Result<uint64_t> Database::BytesBesideDays() const {
  uint64_t bytes = 0;
  std::vector<FamilyHandle> families(tables_.begin(), tables_.end());
  families.push_back(default_);
  families.push_back(records_);
  for (const FamilyHandle& family : families) {
    rocksdb::ColumnFamilyMetaData data;
    rocks_->GetColumnFamilyMetaData(family.get(), &data);
    bytes += data.size;
  }
  rocksdb::VectorLogPtr logs;
  const rocksdb::Status status = rocks_->GetSortedWalFiles(logs);
  if (!status.ok()) return FromStatus("cannot list the logs", status);
  for (const auto& log : logs) bytes += log->SizeFileBytes();
  return bytes;
}

Result<void> Database::Flush(std::span<const FamilyHandle> families) {
  for (const FamilyHandle& family : families) {
    const rocksdb::Status status = rocks_->Flush(rocksdb::FlushOptions(), family.get());
    if (!status.ok()) return FromStatus("cannot write " + family->GetName() + " out", status);
    if (!WaitForFlush(family)) {
      return Error{Code::kUnavailable, "cannot write " + family->GetName() + " out"};
    }
  }
  return {};
}

// RocksDB 7.8 goes on believing that it is stopped when Resume() has mended it (ClearBGError()
// leaves is_db_stopped_ set), and its Flush() waits for nothing then and says that all is well.
bool Database::WaitForFlush(const FamilyHandle& family) {
  const auto is_flushed = [&] {
    uint64_t tables = 0;
    return rocks_->GetIntProperty(family.get(), rocksdb::DB::Properties::kNumImmutableMemTable,
                                  &tables) &&
           tables == 0;
  };
  if (is_flushed()) return true;
  // Returns when no background work is left, the flush and what went before it in the queue.
  rocks_->PauseBackgroundWork().PermitUncheckedError();
  rocks_->ContinueBackgroundWork().PermitUncheckedError();
  return is_flushed();
}

Result<void> Database::FlushSmall() {
  std::vector<FamilyHandle> small(tables_.begin(), tables_.end());
  small.push_back(default_);
  small.push_back(records_);
  Result<void> done = Flush(small);
  for (const FamilyHandle& family : small) {
    if (done) done = CompactSmall(family);
  }
  // The next log, too, ends where a memory table does, and for that there must be a record in one.
  LeaveSomethingToFlush(rocks(), default_, format_);
  return done;
}

Result<void> Database::CompactSmall(const FamilyHandle& family) {
  constexpr int kFilesMax = 4;
  std::string files;
  rocks_->GetProperty(family.get(), rocksdb::DB::Properties::kNumFilesAtLevelPrefix + "0", &files);
  if (ParseDigits<int>(files).value_or(0) < kFilesMax) return {};
  const rocksdb::Status status =
      rocks_->CompactRange(rocksdb::CompactRangeOptions(), family.get(), nullptr, nullptr);
  if (!status.ok()) return FromStatus("cannot compact " + family->GetName(), status);
  // It writes memory out first.
  if (!WaitForFlush(family)) {
    return Error{Code::kUnavailable, "cannot write " + family->GetName() + " out"};
  }
  return {};
}

Result<void> Database::Resume() {
  // RocksDB 7.8 checks in Resume() that its manifest could be written when that was last tried, and
  // ends the process where a column family failed to be made or dropped.  So one is made first.
  if (change_failed_) {
    const Result<FamilyHandle> made = Create(JournalName(0), Use::kJournal);
    if (!made) return made.error();
    if (Result<void> dropped = Drop(*made); !dropped) return dropped;
  }
  const rocksdb::Status status = rocks_->Resume();
  if (status.ok()) {
    LeaveSomethingToFlush(rocks(), default_, format_);
    return {};
  }
  // After a failed sync nobody knows what is on the disk: RocksDB writes no more until it is opened
  // anew and reads what is there.
  const bool is_final = status.severity() >= rocksdb::Status::Severity::kFatalError;
  if (is_final) needs_restart_ = true;
  return FromStatus(is_final ? "the disk failed and nothing is written until a restart"
                             : "the disk is still sick",
                    status);
}

}  // namespace nines::tsdb
