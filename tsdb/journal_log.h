#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tsdb/change.h"
#include "tsdb/database.h"
#include "tsdb/store.h"

namespace nines::tsdb {

// The journal: what was accepted, durable, until it is in fragments.  One column family a
// generation, one entry (journal.h) a commit.  Not synchronised, but for Prepare() and DropOld(),
// which one other thread may call, and Sync(), which any may.
class JournalLog {
 public:
  JournalLog(Database* database, SyncMode mode);
  ~JournalLog();

  // Gives what every entry holds, oldest first, and makes ready to write.  kCorrupt names the
  // entry.
  Result<void> Replay(const std::function<Result<void>(const Writes&)>& take);

  // Writes changes of other records and one entry in one batch and, under SyncMode::kAlways, syncs.
  // An error: none of it counts as written, and a later success makes sure that no entry comes
  // back.
  Result<void> Write(std::span<const Change> changes, const Writes& writes);

  // Makes durable what was written without a sync.  False: there was nothing.
  Result<bool> Sync();

  // Makes the next generation, so that Switch() cannot fail.  Nothing to do where it is there.
  Result<void> Prepare();
  // Entries go to the next generation from now on.  Returns the one that is complete.  REQUIRES:
  // Prepare() was the last that was called on this journal's generations.
  uint64_t Switch();
  // Drops the generations before the one written to.  What could not be dropped is tried again.
  // REQUIRES: a Write() since the last Switch() succeeded, if only of nothing, so that no later
  // one has to undo something there.
  Result<void> DropOld();

  uint64_t generation() const { return generation_; }
  // Entry bytes in the present generation.  Any thread may ask.
  uint64_t bytes() const { return bytes_; }

 private:
  struct Batch;
  Result<void> ReplayOne(uint64_t generation, const FamilyHandle& family,
                         const std::function<Result<void>(const Writes&)>& take);

  Database* database_;
  const SyncMode mode_;
  std::atomic<bool> has_unsynced_ = false;
  uint64_t generation_ = 0;
  FamilyHandle current_;
  FamilyHandle next_;
  std::map<uint64_t, FamilyHandle> old_;
  uint64_t sequence_ = 0;  // Of the next entry.
  std::atomic<uint64_t> bytes_ = 0;
  // Entries of failed writes: they may be in the log all the same.
  std::vector<std::pair<FamilyHandle, std::string>> undone_;
  std::unique_ptr<Batch> batch_;
  std::string entry_;
};

}  // namespace nines::tsdb
