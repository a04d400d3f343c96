#include "tsdb/family.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/prng.h"

namespace nines::tsdb {
namespace {

Labels Series(std::string_view name, std::string_view le = "") {
  Labels labels{{"job", "a"}};
  labels.Set(kMetricName, name);
  labels.Set(kBucketLabel, le);
  return labels;
}

void ExpectSplit(const Labels& series, std::string_view base, Role role, std::string_view le) {
  const SplitSeries split = Split(series);
  EXPECT_EQ(split.base, base) << series.ToString();
  EXPECT_EQ(split.role, role) << series.ToString();
  EXPECT_EQ(split.le, le) << series.ToString();
  EXPECT_FALSE(split.labels.Has(kMetricName)) << series.ToString();
  EXPECT_EQ(Join(split.base, split.role, split.le, split.labels), series) << series.ToString();
}

TEST(Family, SplitByName) {
  ExpectSplit(Series("x_bucket", "0.5"), "x", Role::kBucket, "0.5");
  ExpectSplit(Series("x_count"), "x", Role::kCount, "");
  ExpectSplit(Series("x_sum"), "x", Role::kSum, "");
  ExpectSplit(Series("x"), "x", Role::kValue, "");
  ExpectSplit(Series("x_bucket_count"), "x_bucket", Role::kCount, "");
  ExpectSplit(Series("x_sum_count"), "x_sum", Role::kCount, "");
  ExpectSplit(Series("x_counts"), "x_counts", Role::kValue, "");
  ExpectSplit(Series("xcount"), "xcount", Role::kValue, "");
  ExpectSplit(Series(""), "", Role::kValue, "");
}

TEST(Family, SuffixNeedsABase) {
  ExpectSplit(Series("_bucket", "1"), "_bucket", Role::kValue, "");
  ExpectSplit(Series("_count"), "_count", Role::kValue, "");
  ExpectSplit(Series("_sum"), "_sum", Role::kValue, "");
  ExpectSplit(Series("__count"), "_", Role::kCount, "");
}

TEST(Family, BucketNeedsABound) {
  ExpectSplit(Series("x_bucket"), "x_bucket", Role::kValue, "");
  ExpectSplit(Series("x_bucket", "NaN"), "x_bucket", Role::kValue, "");
  ExpectSplit(Series("x_bucket", "fast"), "x_bucket", Role::kValue, "");
  ExpectSplit(Series("x_bucket", "1 "), "x_bucket", Role::kValue, "");
}

TEST(Family, NativeHistogramsKeepTheirName) {
  for (const Labels& series :
       {Series("x"), Series("x_count"), Series("x_bucket", "1"), Series("")}) {
    const SplitSeries split = SplitHistogramSeries(series);
    EXPECT_EQ(split.base, series.Get(kMetricName)) << series.ToString();
    EXPECT_EQ(split.role, Role::kHistogram) << series.ToString();
    EXPECT_FALSE(split.labels.Has(kMetricName)) << series.ToString();
    EXPECT_EQ(Join(split.base, split.role, split.le, split.labels), series) << series.ToString();
  }
}

TEST(Family, LeElsewhereIsALabel) {
  ExpectSplit(Series("x_count", "1"), "x", Role::kCount, "");
  ExpectSplit(Series("x", "1"), "x", Role::kValue, "");
  EXPECT_EQ(Split(Series("x", "1")).labels.Get(kBucketLabel), "1");
  EXPECT_FALSE(Split(Series("x_bucket", "1")).labels.Has(kBucketLabel));
}

void ExpectBound(std::string_view le, double bound) {
  const SplitSeries split = Split(Series("x_bucket", le));
  EXPECT_EQ(split.role, Role::kBucket) << le;
  EXPECT_EQ(split.le, le);
  EXPECT_EQ(split.bound, bound) << le;
}

TEST(Family, BoundIsANumberWhateverItsSpelling) {
  ExpectBound("0.5", 0.5);
  ExpectBound("0.50", 0.5);
  ExpectBound("5e-1", 0.5);
  ExpectBound("1", 1);
  ExpectBound("1.0", 1);
  ExpectBound("-2", -2);
  ExpectBound("+Inf", std::numeric_limits<double>::infinity());
  ExpectBound("inf", std::numeric_limits<double>::infinity());
}

TEST(Family, MembersShareBaseAndLabels) {
  const SplitSeries bucket = Split(Series("x_bucket", "+Inf"));
  for (const char* name : {"x_count", "x_sum", "x"}) {
    EXPECT_EQ(Split(Series(name)).base, bucket.base) << name;
    EXPECT_EQ(Split(Series(name)).labels, bucket.labels) << name;
  }
}

TEST(Family, MetricNameHasTheSuffix) {
  EXPECT_EQ(MetricName("x", Role::kValue), "x");
  EXPECT_EQ(MetricName("x", Role::kBucket), "x_bucket");
  EXPECT_EQ(MetricName("x", Role::kCount), "x_count");
  EXPECT_EQ(MetricName("x", Role::kSum), "x_sum");
}

// Goal: no two series share a column.  Method: Join() gives back what was split, whatever the name
// is made of.
TEST(Family, JoinIsTheInverse) {
  constexpr std::string_view kParts[] = {"x", "_", "_bucket", "_count", "_sum", "é"};
  constexpr std::string_view kBounds[] = {"", "1", "+Inf", "1e400", "NaN", "x", "0x1p3"};
  for (const uint64_t seed : {1, 2, 3, 4, 5}) {
    Prng prng(seed);
    for (int i = 0; i < 500; ++i) {
      std::string name;
      for (uint64_t n = prng.Below(4); n > 0; --n) name += kParts[prng.Below(std::size(kParts))];
      const Labels series = Series(name, kBounds[prng.Below(std::size(kBounds))]);
      const SplitSeries split = Split(series);
      EXPECT_EQ(Join(split.base, split.role, split.le, split.labels), series)
          << "seed " << seed << ": " << series.ToString();
    }
  }
}

}  // namespace
}  // namespace nines::tsdb
