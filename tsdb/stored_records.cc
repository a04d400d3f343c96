#include "tsdb/stored_records.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

namespace nines::tsdb {

Result<void> StoredRecords::Write(std::span<const Change> changes) {
  if (changes.empty()) return {};
  rocksdb::WriteBatch batch;
  for (const Change& change : changes) {
    if (change.value) {
      batch.Put(database_->records().get(), change.key, *change.value);
    } else {
      batch.Delete(database_->records().get(), change.key);
    }
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status = database_->rocks()->Write(synced, &batch);
  if (status.ok()) return {};
  on_failure_();
  return Error{Code::kUnavailable, "cannot write records: " + status.ToString()};
}

Result<std::vector<std::pair<std::string, std::string>>> StoredRecords::Scan(
    std::string_view prefix) const {
  const std::unique_ptr<rocksdb::Iterator> at(
      database_->rocks()->NewIterator({}, database_->records().get()));
  const rocksdb::Slice start(prefix.data(), prefix.size());
  std::vector<std::pair<std::string, std::string>> found;
  for (at->Seek(start); at->Valid() && at->key().starts_with(start); at->Next()) {
    found.emplace_back(at->key().ToString(), at->value().ToString());
  }
  if (!at->status().ok()) return FromStatus("cannot read records", at->status());
  return found;
}

}  // namespace nines::tsdb
