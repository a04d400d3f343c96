#include "tsdb/commit_queue.h"

#include "base/check.h"

namespace nines::tsdb {

void CommitQueue::Run(Request* request) {
  Waiter self{.request = request, .task = nullptr, .woken = {}};
  Wait(&self);
}

void CommitQueue::RunAlone(const std::function<void()>& task) {
  Waiter self{.request = nullptr, .task = &task, .woken = {}};
  Wait(&self);
}

void CommitQueue::Wait(Waiter* self) {
  std::unique_lock lock(mutex_);
  (first_ == nullptr ? first_ : last_->next) = self;
  last_ = self;
  if (busy_) {
    self->woken.wait(lock, [&] { return self->done || self->leads; });
    if (self->done) return;
  }
  busy_ = true;
  TakeGroup();
  lock.unlock();
  Lead();
  lock.lock();
  for (Waiter* waiter : group_) {
    waiter->done = true;
    if (waiter != self) waiter->woken.notify_one();
  }
  CHECK(self->done);
  if (first_ == nullptr) {
    busy_ = false;
  } else {
    first_->leads = true;
    first_->woken.notify_one();
  }
}

void CommitQueue::TakeGroup() {
  group_.clear();
  requests_.clear();
  size_t samples = 0;
  while (first_ != nullptr && samples < kGroupSamplesMax) {
    Waiter* next = first_;
    if (next->task != nullptr && !group_.empty()) break;
    first_ = next->next;
    group_.push_back(next);
    if (next->task != nullptr) break;
    const Writes& writes = next->request->writes;
    samples += writes.samples.size() + kHistogramSamples * writes.histograms.size();
    requests_.push_back(next->request);
  }
}

void CommitQueue::Lead() {
  if (requests_.empty()) {
    (*group_.front()->task)();
  } else {
    commit_(requests_);
  }
}

}  // namespace nines::tsdb
