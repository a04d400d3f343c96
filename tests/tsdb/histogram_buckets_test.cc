#include "tsdb/histogram_buckets.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/number.h"
#include "tests/tsdb/histograms.h"

namespace nines::tsdb {
namespace {

std::string Text(const std::vector<HistogramBucket>& buckets) {
  std::string text;
  for (const HistogramBucket& one : buckets) {
    if (!text.empty()) text += ' ';
    text += (one.has_lower ? '[' : '(') + FormatFloat(one.lower) + ',' + FormatFloat(one.upper) +
            (one.has_upper ? ']' : ')') + ':' + FormatFloat(one.count);
  }
  return text;
}

double Bound(int32_t schema, int64_t index) {
  NativeHistogram histogram;
  histogram.schema = schema;
  return UpperBound(histogram, index);
}

TEST(HistogramBuckets, BoundsArePowersOfTwo) {
  EXPECT_EQ(Bound(0, 0), 1);
  EXPECT_EQ(Bound(0, -3), 0.125);
  EXPECT_EQ(Bound(-4, 1), 65536);
  EXPECT_EQ(Bound(-1, -2), 0.0625);
  EXPECT_EQ(Bound(3, 8), 2);
  EXPECT_EQ(Bound(8, -256), 0.5);
  for (int64_t index = -600; index < 600; ++index) {
    const double exact = std::exp2(static_cast<double>(index) / 256);
    EXPECT_NEAR(Bound(8, index), exact, exact * 1e-14) << index;
    EXPECT_EQ(Bound(7, index), Bound(8, 2 * index)) << index;
  }
}

// To the last digit, as Prometheus shows them: not the doubles that are nearest.
TEST(HistogramBuckets, BoundsAreRoundedAsPrometheusDoes) {
  EXPECT_EQ(Bound(1, -1), 0.7071067811865475);
  EXPECT_EQ(Bound(2, -1), 0.8408964152537144);
  EXPECT_EQ(Bound(3, -1), 0.9170040432046711);
  EXPECT_EQ(Bound(5, -9), 0.8228777390769823);
  EXPECT_EQ(Bound(7, -1), 0.9945994234836328);
  EXPECT_EQ(Bound(8, -255), 0.5013556375251013);
  EXPECT_EQ(Bound(8, -121), 0.7206365595643126);
  EXPECT_EQ(Bound(8, -29), 0.9244830347552253);
}

TEST(HistogramBuckets, BoundsAtTheEndsOfTheNumbers) {
  const double max = std::numeric_limits<double>::max();
  const double inf = std::numeric_limits<double>::infinity();
  for (const auto& [schema, index] : {std::pair{0, 1024}, {-4, 64}, {8, 1024 * 256}}) {
    EXPECT_EQ(Bound(schema, index), max) << schema;
    EXPECT_EQ(Bound(schema, index + 1), inf) << schema;
  }
  EXPECT_EQ(Bound(0, std::numeric_limits<int32_t>::max()), inf);
  EXPECT_EQ(Bound(-4, std::numeric_limits<int32_t>::max()), inf);
  EXPECT_EQ(Bound(8, std::numeric_limits<int32_t>::min()), 0);
}

TEST(HistogramBuckets, InOrderOfValue) {
  NativeHistogram histogram;
  histogram.zero_threshold = 0.001;
  histogram.zero_count = 2;
  histogram.count = 9;
  histogram.positive = {.spans = {{0, 3}}, .deltas = {1, -1, 2}, .counts = {}};
  histogram.negative = {.spans = {{1, 1}, {1, 1}}, .deltas = {3, -2}, .counts = {}};
  EXPECT_EQ(Text(BucketsOf(histogram)), "[-8,-4):1 [-2,-1):3 [-0.001,0.001]:2 (0.5,1]:1 (2,4]:2");
}

TEST(HistogramBuckets, TheZeroBucketCutsThoseBesideIt) {
  NativeHistogram histogram;
  histogram.is_float = true;
  histogram.zero_threshold = 0.75;
  histogram.float_zero_count = 0.5;
  histogram.positive = {.spans = {{0, 1}}, .deltas = {}, .counts = {1.5}};
  histogram.negative = {.spans = {{0, 1}}, .deltas = {}, .counts = {2.5}};
  EXPECT_EQ(Text(BucketsOf(histogram)), "[-1,-0.75):2.5 [-0.75,0.75]:0.5 (0.75,1]:1.5");
}

TEST(HistogramBuckets, CustomBounds) {
  NativeHistogram histogram;
  histogram.schema = kSchemaCustom;
  histogram.custom_values = {0.1, 1};
  histogram.positive = {.spans = {{0, 3}}, .deltas = {1, 1, 1}, .counts = {}};
  EXPECT_EQ(Text(BucketsOf(histogram)), "[-Inf,0.1]:1 (0.1,1]:2 (1,+Inf]:3");
  histogram.custom_values.clear();
  histogram.positive = {.spans = {{0, 1}}, .deltas = {4}, .counts = {}};
  EXPECT_EQ(Text(BucketsOf(histogram)), "[-Inf,+Inf]:4");
}

TEST(HistogramBuckets, None) { EXPECT_TRUE(BucketsOf(NativeHistogram()).empty()); }

}  // namespace
}  // namespace nines::tsdb
