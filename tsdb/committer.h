#pragma once
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "tsdb/admission.h"
#include "tsdb/commit_queue.h"
#include "tsdb/starts.h"
#include "tsdb/state.h"

namespace nines::tsdb {

// Makes one group of requests durable and visible.  The leader's of the commit queue.
class Committer {
 public:
  explicit Committer(State* state);
  ~Committer();

  // Fills the head from the journal.  Before anything else.
  Result<void> Replay();

  // Answers every request of the group.
  void Commit(std::span<CommitQueue::Request* const> group);

  // Undoes in the journal what failed commits may have left.
  Result<void> Settle();

 private:
  struct Stored;
  Stored& Look();
  Result<std::optional<double>> FindStored(ColumnId column, int64_t time_ms);
  Result<std::optional<std::string_view>> FindStoredHistogram(ColumnId column, int64_t time_ms);
  Result<const Rows*> StoredSlot(FamilyId family, int64_t time_ms);
  Result<std::vector<std::optional<Sample>>> NewestStored(FamilyId family);
  Result<void> TakeStarts(const CommitQueue::Request& request);
  // Keeps what is neither samples nor histograms, and gives what is to be written for it.
  std::vector<Change> TakeOther(std::span<CommitQueue::Request* const> group);
  Result<void> WriteAccepted(std::vector<Change> changes);
  Result<void> Replay(const Writes& writes);
  void Apply();
  bool IsFull() const;

  State* state_;
  Admission admission_;
  StartKeeper starts_;
  // What is on disk and set aside, as one commit's late samples see it; made for the first of them.
  std::unique_ptr<Stored> stored_;
};

}  // namespace nines::tsdb
