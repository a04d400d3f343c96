#pragma once
#include <bit>
#include <cstdint>

#include "base/time.h"

namespace nines::tsdb {

// One sample of one series.  The bits of the value are kept, of NaNs too.
struct Sample {
  Time at;
  double value;
};

// Prometheus' staleness marker: a NaN of its own bits (model/value/value.go).
inline constexpr uint64_t kStaleBits = 0x7ff0000000000002u;
inline double StaleMarker() { return std::bit_cast<double>(kStaleBits); }
inline bool IsStale(double value) { return std::bit_cast<uint64_t>(value) == kStaleBits; }
inline bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

}  // namespace nines::tsdb
