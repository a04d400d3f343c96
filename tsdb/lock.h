#pragma once
#include <mutex>
#include <shared_mutex>

namespace nines::tsdb {

// A shared mutex in which a waiting writer holds back readers that come after it: the C library's
// prefers readers, and a steady stream of queries would starve the commits.
class FairSharedMutex {
 public:
  void lock() {
    gate_.lock();
    mutex_.lock();
    gate_.unlock();
  }
  void unlock() { mutex_.unlock(); }
  void lock_shared() {
    gate_.lock();
    gate_.unlock();
    mutex_.lock_shared();
  }
  void unlock_shared() { mutex_.unlock_shared(); }

 private:
  std::mutex gate_;
  std::shared_mutex mutex_;
};

}  // namespace nines::tsdb
