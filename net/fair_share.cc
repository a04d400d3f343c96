#include "net/fair_share.h"

#include "base/check.h"

namespace nines::net {

bool FairShare::Take(const std::string& client, uint64_t amount) {
  const std::lock_guard lock(mutex_);
  CHECK(taken_ <= total_);
  if (amount > total_ - taken_) return false;
  const auto at = held_.find(client);
  if (at != held_.end()) {
    const uint64_t left_by_others = total_ - (taken_ - at->second);
    if (at->second + amount > left_by_others / 2) return false;
    at->second += amount;
  } else if (amount > 0) {
    held_.emplace(client, amount);
  }
  taken_ += amount;
  Show();
  return true;
}

void FairShare::Return(const std::string& client, uint64_t amount) {
  if (amount == 0) return;
  const std::lock_guard lock(mutex_);
  const auto at = held_.find(client);
  CHECK(at != held_.end());
  CHECK(at->second >= amount);
  at->second -= amount;
  taken_ -= amount;
  Show();
  if (at->second == 0) held_.erase(at);
}

void FairShare::Show() {
  if (shown_ != nullptr) *shown_ = taken_;
}

}  // namespace nines::net
