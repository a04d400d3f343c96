#pragma once
#include <algorithm>
#include <cstdint>
#include <mutex>

#include "base/time.h"

namespace nines::ingest {

// How many new series may still be made: a token bucket that fills by `per_second` and holds one
// second's worth, or one series where that is less.  Safe for concurrent use.
class SeriesRate {
 public:
  // 0 is no limit.  Begins with a full bucket.
  void SetPerSecond(uint32_t per_second) {
    const std::lock_guard lock(mutex_);
    if (per_second_ == per_second) return;
    per_second_ = per_second;
    tokens_ = static_cast<double>(per_second);
  }

  // False: not now.  Time that goes backwards fills nothing and breaks nothing.
  bool Take(Time now) {
    const std::lock_guard lock(mutex_);
    if (per_second_ == 0) return true;
    const auto rate = static_cast<double>(per_second_);
    const double passed = std::max(0.0, std::chrono::duration<double>(now - filled_at_).count());
    tokens_ = std::min(rate, tokens_ + passed * rate);
    filled_at_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  std::mutex mutex_;
  uint32_t per_second_ = 0;  // Guarded by mutex_, as are the next two.
  double tokens_ = 0;
  Time filled_at_{};
};

}  // namespace nines::ingest
