#include "tsdb/journal_log.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "base/check.h"
#include "tsdb/bytes.h"
#include "tsdb/journal.h"

namespace nines::tsdb {

struct JournalLog::Batch {
  rocksdb::WriteBatch batch;
};

JournalLog::JournalLog(Database* database, SyncMode mode)
    : database_(database),
      mode_(mode),
      old_(database->TakeJournals()),
      batch_(std::make_unique<Batch>()) {}

JournalLog::~JournalLog() = default;

Result<void> JournalLog::Replay(const std::function<Result<void>(const Writes&)>& take) {
  for (const auto& [generation, family] : old_) {
    if (const Result<void> taken = ReplayOne(generation, family, take); !taken) return taken;
  }
  if (!old_.empty()) {
    const auto newest = std::prev(old_.end());
    generation_ = newest->first;
    current_ = newest->second;
    old_.erase(newest);
    return {};
  }
  generation_ = 1;
  Result<FamilyHandle> made = database_->Create(JournalName(generation_), Database::Use::kJournal);
  if (!made) return made.error();
  current_ = *std::move(made);
  return {};
}

Result<void> JournalLog::ReplayOne(uint64_t generation, const FamilyHandle& family,
                                   const std::function<Result<void>(const Writes&)>& take) {
  const std::unique_ptr<rocksdb::Iterator> at(database_->rocks()->NewIterator({}, family.get()));
  JournalEntry entry;
  bytes_ = 0;
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const std::string place =
        JournalName(generation) + " entry " + HexText(at->key().ToStringView());
    ByteReader key(at->key().ToStringView());
    const uint64_t sequence = key.U64Be();
    if (!key.AtEnd()) return Error{Code::kCorrupt, place + ": the key is no sequence number"};
    sequence_ = std::max(sequence_, sequence + 1);
    bytes_ += at->value().size();
    if (const auto read = DecodeJournalEntry(at->value().ToStringView(), &entry); !read) {
      return Wrap(place, read.error());
    }
    if (const Result<void> taken = take(entry.writes()); !taken) return Wrap(place, taken.error());
  }
  if (!at->status().ok()) return FromStatus("cannot read " + JournalName(generation), at->status());
  return {};
}

Result<void> JournalLog::Write(std::span<const Change> changes, const Writes& writes) {
  rocksdb::WriteBatch& batch = batch_->batch;
  batch.Clear();
  for (const auto& [family, key] : undone_) batch.Delete(family.get(), key);
  for (const Change& change : changes) {
    rocksdb::ColumnFamilyHandle* const table = database_->table(change.table).get();
    if (change.value) {
      batch.Put(table, change.key, *change.value);
    } else {
      batch.Delete(table, change.key);
    }
  }
  std::string key;
  if (!writes.empty()) {
    PutU64Be(sequence_++, &key);
    entry_.clear();
    EncodeJournalEntry(writes, &entry_);
    batch.Put(current_.get(), key, entry_);
  }
  if (batch.Count() == 0) return {};
  rocksdb::WriteOptions options;
  options.sync = mode_ == SyncMode::kAlways;
  const rocksdb::Status status = database_->rocks()->Write(options, &batch);
  if (!status.ok()) {
    if (!writes.empty()) undone_.emplace_back(current_, std::move(key));
    return Error{Code::kUnavailable, "cannot write to the journal: " + status.ToString()};
  }
  if (!options.sync) has_unsynced_ = true;
  undone_.clear();
  if (!writes.empty()) bytes_ += entry_.size();
  return {};
}

Result<bool> JournalLog::Sync() {
  if (!has_unsynced_.exchange(false)) return false;
  const rocksdb::Status status = database_->rocks()->SyncWAL();
  if (status.ok()) return true;
  has_unsynced_ = true;
  return FromStatus("cannot sync the journal", status);
}

Result<void> JournalLog::Prepare() {
  if (next_ != nullptr) return {};
  Result<FamilyHandle> made =
      database_->Create(JournalName(generation_ + 1), Database::Use::kJournal);
  if (!made) return made.error();
  next_ = *std::move(made);
  return {};
}

uint64_t JournalLog::Switch() {
  CHECK(next_ != nullptr);
  const uint64_t complete = generation_++;
  old_.emplace(complete, std::move(current_));
  current_ = std::move(next_);
  next_ = nullptr;
  bytes_ = 0;
  return complete;
}

Result<void> JournalLog::DropOld() {
  while (!old_.empty()) {
    if (const Result<void> dropped = database_->Drop(old_.begin()->second); !dropped) {
      return dropped;
    }
    old_.erase(old_.begin());
  }
  return {};
}

}  // namespace nines::tsdb
