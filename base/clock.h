#pragma once
#include "base/time.h"

namespace nines {

// Source of time for the shells (listeners, tickers).  Everything below a shell takes `Time now` as
// an argument and never holds a Clock: one tick has one "now".  Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time.  May jump in either direction.
  virtual Time Wall() const = 0;

  // Time since an arbitrary fixed point; never goes back.  For measuring.
  virtual std::chrono::nanoseconds Monotonic() const = 0;
};

// The machine's clock.  Lives as long as the process.
const Clock& SystemClock();

}  // namespace nines
