#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "tsdb/sample.h"

// Native histograms: the value of Prometheus' model/histogram, the rules that a sender has to keep,
// and the bytes of one as they stand in the journal, in memory and in chunks (tsdb/FORMAT.md,
// "native histogram").  Pure functions.

namespace nines::tsdb {

// Schemas of exponential buckets: each power of two is split into 2^schema buckets.
inline constexpr int32_t kSchemaMin = -4;
inline constexpr int32_t kSchemaMax = 8;
// Up to here a schema has a meaning that we know, and is brought down to kSchemaMax.
inline constexpr int32_t kSchemaKnownMax = 52;
// Bounds of the histogram's own.
inline constexpr int32_t kSchemaCustom = -53;

// `length` buckets side by side, `offset` behind the end of the span before; the first span's
// offset is the index of its first bucket.
struct BucketSpan {
  int32_t offset = 0;
  uint32_t length = 0;
  bool operator==(const BucketSpan&) const = default;
};

// What the sender says of whether the counts went back since the sample before.
enum class ResetHint : uint8_t { kUnknown = 0, kYes = 1, kNo = 2, kGauge = 3 };

// The buckets on one side of zero.
struct BucketSide {
  std::vector<BucketSpan> spans;
  std::vector<int64_t> deltas;  // Integer histograms: each count less the one before.
  std::vector<double> counts;   // Float histograms.

  void Clear();
  size_t buckets() const { return deltas.size() + counts.size(); }
};

struct NativeHistogram {
  bool is_float = false;  // Which members hold the counts; those of the other kind are empty or 0.
  ResetHint hint = ResetHint::kUnknown;
  int32_t schema = 0;
  double zero_threshold = 0;
  double sum = 0;  // The stale marker: the series ended, and nothing else here means anything.
  uint64_t count = 0;
  uint64_t zero_count = 0;
  double float_count = 0;
  double float_zero_count = 0;
  BucketSide positive;
  BucketSide negative;
  std::vector<double> custom_values;  // kSchemaCustom: the upper bounds, without +Inf.

  // Keeps the memory.
  void Clear();
  // Spans, buckets and custom bounds: what its size is counted in.
  size_t parts() const;
};

// Bit by bit.
bool Same(const NativeHistogram& a, const NativeHistogram& b);

// What is wrong with a histogram.
enum class HistogramProblem : uint8_t {
  kNone,
  kSchema,
  kNegativeOffset,
  kSpansAndBuckets,
  kNegativeBucket,
  kNegativeCount,
  kCountTooSmall,
  kCountMismatch,
  kCustomNan,
  kCustomOrder,
  kCustomInfinite,
  kCustomTooFew,
  kCustomZeroBucket,
  kCustomNegativeSide,
  kCustomOnExponential,
};
std::string_view HistogramProblemText(HistogramProblem problem);

// The rules of Prometheus 3's Histogram.Validate() and FloatHistogram.Validate(), and the schemas
// that its remote write receiver knows.  A stale marker has none to keep.
HistogramProblem Validate(const NativeHistogram& histogram);

// Merges buckets until the schema is kSchemaMax; nothing to do where it is no higher.
// REQUIRES: Validate() found nothing.
void ReduceToMax(NativeHistogram* histogram);

// Adds the bytes of a histogram to `out`; a stale marker has none.
// REQUIRES: Validate() found nothing; schema at most kSchemaMax.
void EncodeHistogram(const NativeHistogram& histogram, std::string* out);

// The reverse; no bytes are a stale marker.  `out` keeps its memory.  kCorrupt: the bytes are no
// histogram.
Result<void> DecodeHistogram(std::string_view bytes, NativeHistogram* out);

// How many observations the bytes tell of, without reading the rest: the stale marker's bits for a
// stale marker and for nothing else, 0 where the bytes are no histogram.
double ObservationCount(std::string_view bytes);

// The bytes of a histogram, taken apart so that it can be written against another one.
struct HistogramParts {
  uint8_t head = 0;
  std::string_view layout;        // Of the bytes: all that seldom changes.
  std::vector<uint64_t> numbers;  // count, sum, zero count, buckets; of floats the bits.
};
// False: the bytes are no histogram.  `parts` keeps its memory.
bool SplitHistogram(std::string_view bytes, HistogramParts* parts);
// Adds the bytes to `out`.  REQUIRES: as many numbers as the layout has buckets, and three.
void JoinHistogram(const HistogramParts& parts, std::string* out);

struct HistogramSample {
  Time at;
  NativeHistogram histogram;
};

// One with its bytes; none are a stale marker.
struct EncodedHistogram {
  Time at;
  std::string bytes;
};

}  // namespace nines::tsdb
