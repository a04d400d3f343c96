#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/labels.h"

// How Prometheus series are grouped into histogram families.
//
// A family is a base name and the labels without `le`; it has one row of columns per timestamp.
//   x_bucket{le="0.5",job="a"} -> family x{job="a"}, column bucket 0.5
//   x_count{job="a"}           -> family x{job="a"}, column count
//   x_sum{job="a"}             -> family x{job="a"}, column sum
//   anything else named x      -> family x{…},       column value
//   native histograms of x     -> family x{…},       column histogram
// The mapping needs no knowledge of the other members, has an inverse, and is the same whatever
// order they arrive in: a gauge named `x_count` is the count column of a family that may have no
// other, and reads back as `x_count`.

namespace nines::tsdb {

// Identify a family and a column for the life of the database.  Never reused.
enum class FamilyId : uint32_t {};
enum class ColumnId : uint32_t {};
inline constexpr ColumnId kNoColumn{0xffffffffu};
// What Store::Find() gives for a label set that is known and is not to be stored: see
// Store::Drop().
inline constexpr ColumnId kDroppedColumn{0xfffffffeu};

// On disk as these numbers.
enum class Role : uint8_t { kValue = 0, kBucket = 1, kCount = 2, kSum = 3, kHistogram = 4 };

struct SplitSeries {
  std::string base;  // The metric name without the suffix that the role stands for.
  Role role = Role::kValue;
  std::string le;    // kBucket: the bound as written.
  double bound = 0;  // kBucket: the bound as a number; never NaN.
  Labels labels;     // Without `__name__`, and for a bucket without `le`.
};

// A bucket needs a name that ends in "_bucket", a non-empty base and an `le` that reads as a number
// (base/number.h) other than NaN; without one of them the series is a value.  "_count" and "_sum"
// need a non-empty base.
SplitSeries Split(const Labels& series);

// Of a series of native histograms: the whole name is the base, whatever it ends in.
SplitSeries SplitHistogramSeries(const Labels& series);

// The inverse of both.
Labels Join(std::string_view base, Role role, std::string_view le, const Labels& labels);

// The metric name of a column: base and suffix.
std::string MetricName(std::string_view base, Role role);

}  // namespace nines::tsdb
