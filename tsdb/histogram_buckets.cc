#include "tsdb/histogram_buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace nines::tsdb {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
// Where the formula gives infinity: the bound of the last bucket of finite numbers.
constexpr int64_t kOverflowExponent = 1024;

double PowerOfTwo(int64_t exponent) {
  if (exponent == kOverflowExponent) return std::numeric_limits<double>::max();
  return std::ldexp(1, static_cast<int>(std::clamp<int64_t>(exponent, -5000, 5000)));
}

// 2^(part / 256 - 1), multiplied up from quarters and then ever smaller roots: that rounds as the
// table of bounds does that Prometheus has, so that both show the same digits.
double Fraction(int64_t part) {
  // 2^(1/8), 2^(1/16), …, 2^(1/256).
  constexpr double kRoots[] = {1.0905077326652577, 1.0442737824274138, 1.0218971486541166,
                               1.0108892860517005, 1.0054299011128027, 1.0027112750502025};
  constexpr double kQuarter = 1.189207115002721;  // 2^(1/4)
  double fraction = 0.5;
  for (int64_t i = part >> 6; i > 0; --i) fraction *= kQuarter;
  int64_t bit = 32;
  for (const double root : kRoots) {
    if ((part & bit) != 0) fraction *= root;
    bit >>= 1;
  }
  return fraction;
}

double ExponentialBound(int32_t schema, int64_t index) {
  if (schema <= 0) return PowerOfTwo(index * (int64_t{1} << -schema));
  const int64_t part = index & ((int64_t{1} << schema) - 1);  // Of a power of two.
  const int64_t exponent = index >> schema;
  if (part == 0) return PowerOfTwo(exponent);
  return std::ldexp(Fraction(part << (kSchemaMax - schema)),
                    static_cast<int>(std::clamp<int64_t>(exponent, -5000, 5000)) + 1);
}

// Gives index and count of each bucket of a side that is not empty.
template <class Take>
void ForEachBucket(const BucketSide& side, bool is_float, Take take) {
  int64_t index = 0;
  uint64_t count = 0;
  size_t i = 0;
  for (const BucketSpan& span : side.spans) {
    index += span.offset;
    for (uint32_t n = 0; n < span.length; ++n, ++i, ++index) {
      if (!is_float) count += static_cast<uint64_t>(side.deltas[i]);
      const double one = is_float ? side.counts[i] : static_cast<double>(count);
      if (one != 0) take(index, one);
    }
  }
}

}  // namespace

double UpperBound(const NativeHistogram& histogram, int64_t index) {
  if (histogram.schema != kSchemaCustom) return ExponentialBound(histogram.schema, index);
  const auto bounds = static_cast<int64_t>(histogram.custom_values.size());
  CHECK(index >= -1 && index <= bounds);
  if (index == -1) return -kInf;
  return index == bounds ? kInf : histogram.custom_values[static_cast<size_t>(index)];
}

std::vector<HistogramBucket> BucketsOf(const NativeHistogram& histogram) {
  std::vector<HistogramBucket> buckets;
  const double zero = histogram.zero_threshold;
  ForEachBucket(histogram.negative, histogram.is_float, [&](int64_t index, double count) {
    buckets.push_back({.lower = -UpperBound(histogram, index),
                       .upper = std::min(-UpperBound(histogram, index - 1), -zero),
                       .has_lower = true,
                       .has_upper = false,
                       .count = count});
  });
  std::ranges::reverse(buckets);
  const double zero_count =
      histogram.is_float ? histogram.float_zero_count : static_cast<double>(histogram.zero_count);
  if (zero_count != 0) buckets.push_back({-zero, zero, true, true, zero_count});
  const bool is_custom = histogram.schema == kSchemaCustom;
  ForEachBucket(histogram.positive, histogram.is_float, [&](int64_t index, double count) {
    const double lower = UpperBound(histogram, index - 1);
    buckets.push_back({.lower = is_custom ? lower : std::max(lower, zero),
                       .upper = UpperBound(histogram, index),
                       .has_lower = is_custom && index == 0,
                       .has_upper = true,
                       .count = count});
  });
  return buckets;
}

}  // namespace nines::tsdb
