#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace nines::net {

// Divides an amount of something, such as bytes or connections, among clients that nobody knows
// beforehand.  A client that holds nothing gets what is free.  One that holds something may hold at
// most half of what the others leave: so one alone has half, n greedy ones have a share of n + 1
// each, and the last share is free for who comes next.  Thread-safe.
class FairShare {
 public:
  // `taken`, which may be null and must outlive it, shows what is held by all.
  explicit FairShare(uint64_t total, std::atomic<uint64_t>* taken = nullptr)
      : total_(total), shown_(taken) {}

  // Whether `client` now holds `amount` more; if not, nothing changed.
  bool Take(const std::string& client, uint64_t amount);

  // REQUIRES: the client holds it.
  void Return(const std::string& client, uint64_t amount);

 private:
  void Show();

  const uint64_t total_;
  std::atomic<uint64_t>* const shown_;
  std::mutex mutex_;
  uint64_t taken_ = 0;                    // Guarded by mutex_, as is the next one.
  std::map<std::string, uint64_t> held_;  // Without those that hold nothing.
};

// What one client holds of a share, given back at the end.
class Holding {
 public:
  Holding(FairShare* share, const std::string& client) : share_(share), client_(client) {}
  ~Holding() { share_->Return(client_, amount_); }
  Holding(const Holding&) = delete;
  Holding& operator=(const Holding&) = delete;

  // Holds `amount` in all, if that is more than before.  False: it may not; what it has stays.
  bool GrowTo(uint64_t amount) {
    if (amount <= amount_) return true;
    if (!share_->Take(client_, amount - amount_)) return false;
    amount_ = amount;
    return true;
  }

 private:
  FairShare* const share_;
  const std::string client_;
  uint64_t amount_ = 0;
};

}  // namespace nines::net
