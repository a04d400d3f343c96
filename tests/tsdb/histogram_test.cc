#include "tsdb/histogram.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <map>

#include "tests/tsdb/blocks.h"
#include "tests/tsdb/hex.h"
#include "tests/tsdb/histograms.h"

namespace nines::tsdb {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

void ExpectRoundTrip(const NativeHistogram& histogram, const std::string& what) {
  ASSERT_EQ(Validate(histogram), HistogramProblem::kNone) << what << ": " << Text(histogram);
  const std::string bytes = Encoded(histogram);
  NativeHistogram decoded = ExampleHistogram();  // What is there must not show.
  const Result<void> read = DecodeHistogram(bytes, &decoded);
  ASSERT_TRUE(read.has_value()) << what << ": " << ToHex(bytes);
  EXPECT_TRUE(Same(decoded, histogram)) << what << ": " << Text(histogram) << "\n" << Text(decoded);
  if (IsStale(histogram.sum)) return;
  HistogramParts parts;
  ASSERT_TRUE(SplitHistogram(bytes, &parts)) << what;
  std::string joined = "before";
  JoinHistogram(parts, &joined);
  EXPECT_EQ(ToHex(joined.substr(6)), ToHex(bytes)) << what;
}

TEST(Histogram, BytesAreThoseOfFormatMd) {
  EXPECT_EQ(ToHex(Encoded(ExampleHistogram())), ToHex(BytesOf("tsdb/FORMAT.md", "histogram")));
  ExpectRoundTrip(ExampleHistogram(), "example");
}

TEST(Histogram, AStaleMarkerHasNoBytes) {
  NativeHistogram stale = ExampleHistogram();
  stale.sum = StaleMarker();
  EXPECT_EQ(Encoded(stale), "");
  ExpectRoundTrip(StaleHistogram(), "stale");
  EXPECT_TRUE(IsStale(ObservationCount("")));
}

TEST(Histogram, RandomOnesRoundTrip) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Prng prng(seed);
    const NativeHistogram histogram = RandomHistogram(&prng);
    ExpectRoundTrip(histogram, "seed " + std::to_string(seed));
    const double count = ObservationCount(Encoded(histogram));
    EXPECT_FALSE(IsStale(count)) << "seed " << seed;
    if (!histogram.is_float) {
      EXPECT_EQ(count, static_cast<double>(histogram.count));
    } else if (!IsStale(histogram.float_count)) {
      EXPECT_TRUE(SameBits(count, histogram.float_count));
    }
    if (HasFailure()) return;
  }
}

void ExpectCorrupt(std::string_view bytes, const std::string& what) {
  NativeHistogram out;
  const Result<void> read = DecodeHistogram(bytes, &out);
  ASSERT_FALSE(read.has_value()) << what << ": " << ToHex(bytes);
  EXPECT_EQ(read.error().code, Code::kCorrupt) << what;
}

TEST(Histogram, EveryPrefixIsCorrupt) {
  const std::string bytes = Encoded(ExampleHistogram());
  HistogramParts parts;
  for (size_t size = 1; size < bytes.size(); ++size) {
    ExpectCorrupt(bytes.substr(0, size), "prefix");
    EXPECT_FALSE(SplitHistogram(bytes.substr(0, size), &parts)) << size;
  }
  ExpectCorrupt(bytes + '\0', "a byte too many");
}

TEST(Histogram, RefusesWhatNoWriterWrites) {
  const std::string bytes = Encoded(ExampleHistogram());
  const auto with = [&](size_t at, int value) {
    std::string changed = bytes;
    changed.at(at) = static_cast<char>(value);
    return changed;
  };
  ExpectCorrupt(with(0, 8), "an unknown flag");
  ExpectCorrupt(with(11, 18), "schema 9");
  ExpectCorrupt(with(11, 9), "schema -5");
  ExpectCorrupt(with(15, 100), "more spans than bytes");
  ExpectCorrupt(with(17, 100), "more buckets than bytes");
  std::string stale = bytes;
  for (size_t i = 0; i < 8; ++i) stale[2 + i] = static_cast<char>(kStaleBits >> (8 * i));
  ExpectCorrupt(stale, "a stale marker in full");
}

// Goal: no bytes make the readers misbehave (run with sanitizers), and what one takes the other
// does.
TEST(Histogram, SurvivesMutation) {
  int taken = 0;
  for (uint64_t seed = 1; seed <= 5000; ++seed) {
    Prng prng(seed);
    const std::string bytes = Mutated(Encoded(RandomHistogram(&prng)), &prng);
    if (bytes.empty()) continue;
    NativeHistogram out;
    HistogramParts parts;
    const bool split = SplitHistogram(bytes, &parts);
    (void)ObservationCount(bytes);
    if (!DecodeHistogram(bytes, &out)) continue;
    ++taken;
    EXPECT_TRUE(split) << "seed " << seed;
  }
  EXPECT_GT(taken, 100);
}

// ---- Rules.

using Change = std::function<void(NativeHistogram*)>;

void ExpectProblem(HistogramProblem expected, const Change& change, const NativeHistogram& base,
                   const char* what) {
  NativeHistogram histogram = base;
  change(&histogram);
  EXPECT_EQ(HistogramProblemText(Validate(histogram)), HistogramProblemText(expected)) << what;
}

TEST(Histogram, RulesOfExponentialIntegers) {
  using H = NativeHistogram;
  using P = HistogramProblem;
  const auto check = [](P expected, const Change& change, const char* what) {
    ExpectProblem(expected, change, ExampleHistogram(), what);
  };
  check(
      P::kNone, [](H*) {}, "as it is");
  check(
      P::kNone, [](H* h) { h->schema = -4; }, "schema -4");
  check(
      P::kSchema, [](H* h) { h->schema = -5; }, "schema -5");
  check(
      P::kNone, [](H* h) { h->schema = 52; }, "schema 52");
  check(
      P::kSchema, [](H* h) { h->schema = 53; }, "schema 53");
  check(
      P::kSchema, [](H* h) { h->schema = -52; }, "schema -52");
  check(
      P::kNone, [](H* h) { h->positive.spans[0].offset = -7; }, "first offset");
  check(
      P::kNegativeOffset, [](H* h) { h->positive.spans[1].offset = -1; }, "second offset");
  check(
      P::kSpansAndBuckets, [](H* h) { h->positive.spans[1].length = 2; }, "too few buckets");
  check(
      P::kSpansAndBuckets, [](H* h) { h->negative.spans.clear(); }, "too many buckets");
  check(
      P::kSpansAndBuckets, [](H* h) { h->positive.spans[1].offset = 0x7fffffff; }, "index");
  check(
      P::kNegativeBucket, [](H* h) { h->positive.deltas[1] = -2; }, "bucket below 0");
  check(
      P::kNegativeBucket, [](H* h) { h->negative.deltas[0] = -1; }, "negative bucket below 0");
  check(
      P::kCountMismatch, [](H* h) { h->count = 5; }, "count one less");
  check(
      P::kCountMismatch, [](H* h) { h->count = 7; }, "count one more");
  check(
      P::kCountTooSmall, [](H* h) { h->count = 5, h->sum = kNan; }, "NaN, one less");
  check(
      P::kNone, [](H* h) { h->count = 7, h->sum = kNan; }, "NaN, one more");
  check(
      P::kCustomOnExponential, [](H* h) { h->custom_values = {1}; }, "custom bounds");
  check(
      P::kNone, [](H* h) { h->count = 99, h->schema = 99, h->sum = StaleMarker(); }, "stale");
}

TEST(Histogram, RulesOfFloats) {
  using H = NativeHistogram;
  using P = HistogramProblem;
  NativeHistogram base;
  base.is_float = true;
  base.float_count = 3;
  base.positive = {.spans = {{0, 2}}, .deltas = {}, .counts = {1, 2}};
  base.negative = {.spans = {{0, 1}}, .deltas = {}, .counts = {1}};
  const auto check = [&](P expected, const Change& change, const char* what) {
    ExpectProblem(expected, change, base, what);
  };
  check(
      P::kNone, [](H*) {}, "counts need not add up");
  check(
      P::kNone, [](H* h) { h->float_count = h->positive.counts[0] = kNan; }, "NaN");
  check(
      P::kNegativeBucket, [](H* h) { h->positive.counts[1] = -1e-9; }, "bucket");
  check(
      P::kNegativeBucket, [](H* h) { h->negative.counts[0] = -1; }, "negative bucket");
  check(
      P::kNegativeBucket, [](H* h) { h->float_zero_count = -1; }, "zero bucket");
  check(
      P::kNegativeCount, [](H* h) { h->float_count = -1; }, "count");
  check(
      P::kSpansAndBuckets, [](H* h) { h->positive.counts.pop_back(); }, "too few buckets");
}

TEST(Histogram, RulesOfCustomBuckets) {
  using H = NativeHistogram;
  using P = HistogramProblem;
  NativeHistogram base;
  base.schema = kSchemaCustom;
  base.count = 3;
  base.custom_values = {0.5, 1, 2};
  base.positive = {.spans = {{1, 1}, {1, 1}}, .deltas = {1, 1}, .counts = {}};
  const auto check = [&](P expected, const Change& change, const char* what) {
    ExpectProblem(expected, change, base, what);
  };
  check(
      P::kNone, [](H*) {}, "as it is");
  check(
      P::kNone, [](H* h) { h->custom_values[0] = -kInf; }, "-Inf");
  check(
      P::kCustomTooFew,
      [](H* h) {
        h->custom_values = {0.5, 1};
      },
      "two bounds");
  check(
      P::kCustomNan, [](H* h) { h->custom_values[1] = kNan; }, "NaN");
  check(
      P::kCustomOrder, [](H* h) { h->custom_values[1] = 0.5; }, "equal");
  check(
      P::kCustomInfinite, [](H* h) { h->custom_values[2] = kInf; }, "+Inf");
  check(
      P::kNegativeOffset, [](H* h) { h->positive.spans[0].offset = -1; }, "first offset");
  check(
      P::kCustomZeroBucket, [](H* h) { h->zero_threshold = 1; }, "zero threshold");
  check(
      P::kCustomZeroBucket, [](H* h) { h->zero_count = 1; }, "zero count");
  check(
      P::kCustomNegativeSide,
      [](H* h) {
        h->negative.spans = {{0, 0}};
      },
      "negative span");
  check(
      P::kCountMismatch, [](H* h) { h->count = 4; }, "count");
}

// ---- Schemas beyond the highest.

// Index and count of each bucket that is not empty.
std::map<int64_t, double> BucketsOf(const BucketSide& side) {
  std::map<int64_t, double> buckets;
  int64_t index = 0;
  int64_t count = 0;
  size_t i = 0;
  for (const BucketSpan& span : side.spans) {
    index += span.offset;
    for (uint32_t n = 0; n < span.length; ++n, ++i, ++index) {
      if (!side.deltas.empty()) count += side.deltas[i];
      const double one = side.deltas.empty() ? side.counts[i] : static_cast<double>(count);
      if (one != 0) buckets[index] += one;
    }
  }
  return buckets;
}

TEST(Histogram, ReducingMergesBuckets) {
  NativeHistogram histogram;
  histogram.schema = 9;
  histogram.count = 15;
  histogram.positive = {.spans = {{-3, 4}, {2, 1}}, .deltas = {1, 1, 1, 1, 1}, .counts = {}};
  ReduceToMax(&histogram);
  EXPECT_EQ(histogram.schema, 8);
  // Buckets -3 and -2 go to -1, -1 and 0 to 0, 3 to 2: each holds (2^((i-1)/256), 2^(i/256)].
  EXPECT_EQ(histogram.positive.spans, (std::vector<BucketSpan>{{-1, 2}, {1, 1}}));
  EXPECT_EQ(histogram.positive.deltas, (std::vector<int64_t>{3, 4, -2}));
}

TEST(Histogram, ReducingAgreesWithAMap) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Prng prng(seed);
    NativeHistogram histogram = RandomHistogram(&prng);
    if (histogram.schema == kSchemaCustom) continue;
    histogram.schema = 8 + static_cast<int32_t>(prng.Below(45));
    const int shift = histogram.schema - 8;
    const NativeHistogram before = histogram;
    ReduceToMax(&histogram);
    ASSERT_EQ(Validate(histogram), HistogramProblem::kNone) << "seed " << seed;
    const auto check = [&](const BucketSide& from, const BucketSide& to) {
      std::map<int64_t, double> expected;
      for (const auto& [index, count] : BucketsOf(from)) {
        int64_t target = index;
        for (int i = 0; i < shift; ++i) target = target > 0 ? (target + 1) / 2 : -(-target / 2);
        expected[target] += count;
      }
      EXPECT_EQ(BucketsOf(to), expected) << "seed " << seed << " " << Text(before);
    };
    check(before.positive, histogram.positive);
    check(before.negative, histogram.negative);
    EXPECT_EQ(histogram.count, before.count);
    ExpectRoundTrip(histogram, "seed " + std::to_string(seed));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace nines::tsdb
