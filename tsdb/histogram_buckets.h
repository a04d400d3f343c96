#pragma once
#include <cstdint>
#include <vector>

#include "tsdb/histogram.h"

namespace nines::tsdb {

// How many observations fell between two bounds.
struct HistogramBucket {
  double lower = 0;
  double upper = 0;
  bool has_lower = false;  // An observation at the bound itself counts here.
  bool has_upper = false;
  double count = 0;
};

// The upper bound of a positive bucket: 2^(index / 2^schema), the last one below infinity being the
// greatest double; of custom buckets a bound of the histogram's own, -Inf below the first.
// REQUIRES: a schema of -4 to 8; or kSchemaCustom and an index from -1 to the number of bounds.
double UpperBound(const NativeHistogram& histogram, int64_t index);

// The buckets that are not empty, in order of value, that of zero among them: as Prometheus' query
// API shows them.
std::vector<HistogramBucket> BucketsOf(const NativeHistogram& histogram);

}  // namespace nines::tsdb
