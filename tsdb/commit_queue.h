#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "tsdb/store.h"

namespace nines::tsdb {

// Group commit: whoever finds nobody at work leads and works for all who wait, one group at a time;
// who comes meanwhile makes up the next group, led by its first.  So requests share one disk sync
// without a thread of their own.  Thread-safe.
class CommitQueue {
 public:
  struct Request {
    Writes writes;
    Time now;
    Result<AppendReport> result = AppendReport{};
  };
  using Commit = std::function<void(std::span<Request* const> group)>;

  // Samples after which a group takes no more requests; a native histogram counts as so many.
  static constexpr size_t kGroupSamplesMax = 1 << 18;
  static constexpr size_t kHistogramSamples = 16;

  // `commit` answers every request of a group; never called by two threads at once.
  explicit CommitQueue(Commit commit) : commit_(std::move(commit)) {}

  // Returns when a group with `request` in it was committed.
  void Run(Request* request);

  // Runs `task` when its turn comes, with no group at work.
  void RunAlone(const std::function<void()>& task);

 private:
  struct Waiter {
    Request* request;  // Or:
    const std::function<void()>* task;
    Waiter* next = nullptr;  // In line.
    bool leads = false;
    bool done = false;
    std::condition_variable woken;
  };

  void Wait(Waiter* self);
  void Lead();
  void TakeGroup();

  Commit commit_;
  std::mutex mutex_;
  // Guarded by mutex_:
  Waiter* first_ = nullptr;  // Who waits, in order; linked, so that waiting takes no memory.
  Waiter* last_ = nullptr;
  bool busy_ = false;  // Somebody leads or was told to.
  // The leader's alone, kept for their memory.
  std::vector<Waiter*> group_;
  std::vector<Request*> requests_;
};

}  // namespace nines::tsdb
