#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace nines::app {

// A thread that calls `work` again and again; each call says when it wants the next.
class Periodic {
 public:
  // `work` gets the wall time and returns the time of its next call; `clock` must outlive this.
  Periodic(const Clock* clock, std::function<Time(Time now)> work)
      : clock_(clock), work_(std::move(work)), thread_([this] { Run(); }) {}
  ~Periodic() { Stop(); }

  // Calls `work` soon, whatever it asked for.
  void Wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  // Waits for the call under way.  Idempotent; not to be called by `work`.
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      woken_ = false;
      lock.unlock();
      const Time next = work_(clock_->Wall());
      const Duration wait = std::max(next - clock_->Wall(), Duration{0});
      lock.lock();
      changed_.wait_for(lock, wait, [this] { return stopping_ || woken_; });
    }
  }

  const Clock* clock_;
  const std::function<Time(Time)> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // GUARDED_BY(mutex_), as is woken_.
  bool woken_ = false;
  std::thread thread_;  // Last: it starts when the rest is there.
};

}  // namespace nines::app
