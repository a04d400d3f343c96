#include "tsdb/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "tsdb/packed.h"

namespace nines::tsdb {
namespace {

// The first byte: the hint, and whether counts are floats.
constexpr uint8_t kHintBits = 3;
constexpr uint8_t kFloat = 4;
constexpr uint8_t kHeadBits = kHintBits | kFloat;

constexpr size_t kNumbersAhead = 3;  // Before those of buckets.
constexpr size_t kSpanMin = 2;       // Bytes.

bool SameNumbers(const std::vector<double>& a, const std::vector<double>& b) {
  return std::ranges::equal(a, b, SameBits);
}

bool SameSide(const BucketSide& a, const BucketSide& b) {
  return a.spans == b.spans && a.deltas == b.deltas && SameNumbers(a.counts, b.counts);
}

uint64_t Bits(double value) { return std::bit_cast<uint64_t>(value); }

// ---- Rules.

// `from`: the first span whose offset must not be negative.
HistogramProblem CheckSpans(const BucketSide& side, size_t from) {
  int64_t index = 0;
  uint64_t buckets = 0;
  for (size_t i = 0; i < side.spans.size(); ++i) {
    const BucketSpan& span = side.spans[i];
    if (i >= from && span.offset < 0) return HistogramProblem::kNegativeOffset;
    index += int64_t{span.offset} + span.length;
    buckets += span.length;
    if (index > std::numeric_limits<int32_t>::max()) return HistogramProblem::kSpansAndBuckets;
  }
  return buckets == side.buckets() ? HistogramProblem::kNone : HistogramProblem::kSpansAndBuckets;
}

// Adds what is in the buckets to `total`, modulo 2^64.
HistogramProblem CheckDeltas(const BucketSide& side, uint64_t* total) {
  uint64_t count = 0;
  for (const int64_t delta : side.deltas) {
    count += static_cast<uint64_t>(delta);
    if (static_cast<int64_t>(count) < 0) return HistogramProblem::kNegativeBucket;
    *total += count;
  }
  return HistogramProblem::kNone;
}

HistogramProblem CheckCounts(const NativeHistogram& histogram) {
  if (histogram.is_float) {
    // Whether they add up is not looked at: floats do not.
    for (const BucketSide* side : {&histogram.negative, &histogram.positive}) {
      for (const double count : side->counts) {
        if (count < 0) return HistogramProblem::kNegativeBucket;
      }
    }
    if (histogram.float_zero_count < 0) return HistogramProblem::kNegativeBucket;
    return histogram.float_count < 0 ? HistogramProblem::kNegativeCount : HistogramProblem::kNone;
  }
  uint64_t total = histogram.zero_count;
  for (const BucketSide* side : {&histogram.negative, &histogram.positive}) {
    const HistogramProblem problem = CheckDeltas(*side, &total);
    if (problem != HistogramProblem::kNone) return problem;
  }
  // An observation of NaN is in the count and in no bucket.
  if (std::isnan(histogram.sum)) {
    return total > histogram.count ? HistogramProblem::kCountTooSmall : HistogramProblem::kNone;
  }
  return total != histogram.count ? HistogramProblem::kCountMismatch : HistogramProblem::kNone;
}

HistogramProblem CheckBounds(const std::vector<double>& bounds) {
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (std::isnan(bounds[i])) return HistogramProblem::kCustomNan;
    if (i > 0 && bounds[i] <= bounds[i - 1]) return HistogramProblem::kCustomOrder;
  }
  if (!bounds.empty() && bounds.back() == std::numeric_limits<double>::infinity()) {
    return HistogramProblem::kCustomInfinite;
  }
  return HistogramProblem::kNone;
}

HistogramProblem CheckCustom(const NativeHistogram& histogram) {
  HistogramProblem problem = CheckBounds(histogram.custom_values);
  if (problem != HistogramProblem::kNone) return problem;
  problem = CheckSpans(histogram.positive, 0);
  if (problem != HistogramProblem::kNone) return problem;
  uint64_t end = 0;
  for (const BucketSpan& span : histogram.positive.spans) {
    end += uint64_t{span.length} + static_cast<uint32_t>(span.offset);
  }
  if (end > histogram.custom_values.size() + 1) return HistogramProblem::kCustomTooFew;
  if (histogram.zero_count != 0 || histogram.float_zero_count != 0 ||
      histogram.zero_threshold != 0) {
    return HistogramProblem::kCustomZeroBucket;
  }
  if (!histogram.negative.spans.empty() || histogram.negative.buckets() > 0) {
    return HistogramProblem::kCustomNegativeSide;
  }
  return HistogramProblem::kNone;
}

HistogramProblem CheckExponential(const NativeHistogram& histogram) {
  for (const BucketSide* side : {&histogram.negative, &histogram.positive}) {
    const HistogramProblem problem = CheckSpans(*side, 1);
    if (problem != HistogramProblem::kNone) return problem;
  }
  return histogram.custom_values.empty() ? HistogramProblem::kNone
                                         : HistogramProblem::kCustomOnExponential;
}

// ---- Reducing.

// Puts buckets into those of a schema `shift` lower.
class Merger {
 public:
  explicit Merger(int shift) : shift_(shift) {}

  // `add(into_last, i)` is told of each bucket i in turn, and whether it goes into the last one
  // made.  Returns the spans of what is made.
  template <class Add>
  std::vector<BucketSpan> Merge(const std::vector<BucketSpan>& spans, Add add) {
    std::vector<BucketSpan> merged;
    int64_t index = 0;
    int64_t last = 0;
    size_t bucket = 0;
    for (const BucketSpan& span : spans) {
      index += span.offset;
      for (uint32_t i = 0; i < span.length; ++i, ++index, ++bucket) {
        const int64_t target = ((index - 1) >> shift_) + 1;
        if (merged.empty()) {
          merged.push_back({static_cast<int32_t>(target), 1});
        } else if (target == last + 1) {
          ++merged.back().length;
        } else if (target != last) {
          merged.push_back({static_cast<int32_t>(target - last - 1), 1});
        }
        add(bucket > 0 && target == last, bucket);
        last = target;
      }
    }
    return merged;
  }

 private:
  const int shift_;
};

void ReduceSide(int shift, BucketSide* side) {
  Merger merger(shift);
  std::vector<uint64_t> counts;
  std::vector<double> floats;
  uint64_t count = 0;
  side->spans = merger.Merge(side->spans, [&](bool into_last, size_t i) {
    if (!side->counts.empty()) {
      if (into_last) {
        floats.back() += side->counts[i];
      } else {
        floats.push_back(side->counts[i]);
      }
      return;
    }
    count += static_cast<uint64_t>(side->deltas[i]);
    if (into_last) {
      counts.back() += count;
    } else {
      counts.push_back(count);
    }
  });
  side->counts = std::move(floats);
  side->deltas.clear();
  uint64_t before = 0;
  for (const uint64_t one : counts) {
    side->deltas.push_back(static_cast<int64_t>(one - before));
    before = one;
  }
}

// ---- Bytes.

void PutSpans(const std::vector<BucketSpan>& spans, std::string* out) {
  PutVarint(spans.size(), out);
  for (const BucketSpan& span : spans) {
    PutZigZag(span.offset, out);
    PutVarint(span.length, out);
  }
}

// The bits with their bytes in reverse order: short where the low ones are 0, as in powers of two.
uint64_t Turned(uint64_t bits) { return __builtin_bswap64(bits); }

void PutLayout(const NativeHistogram& histogram, std::string* out) {
  PutZigZag(histogram.schema, out);
  PutVarint(Turned(Bits(histogram.zero_threshold)), out);
  PutSpans(histogram.positive.spans, out);
  PutSpans(histogram.negative.spans, out);
  if (histogram.schema != kSchemaCustom) return;
  PutVarint(histogram.custom_values.size(), out);
  for (const double bound : histogram.custom_values) PutWord(Bits(bound), out);
}

// Reads spans into `spans`, unless that is null, and adds their buckets to `buckets`.
bool ReadSpans(PackedReader* in, std::vector<BucketSpan>* spans, uint64_t* buckets) {
  const uint64_t n = in->Varint();
  if (n > in->left() / kSpanMin) return false;
  for (uint64_t i = 0; i < n; ++i) {
    const int64_t offset = in->SignedVarint();
    const uint64_t length = in->Varint();
    if (offset != static_cast<int32_t>(offset) || length > in->left()) return false;
    *buckets += length;
    if (spans != nullptr) {
      spans->push_back({static_cast<int32_t>(offset), static_cast<uint32_t>(length)});
    }
  }
  return in->ok();
}

struct Buckets {
  uint64_t positive = 0;
  uint64_t negative = 0;
};

// Reads a layout into `histogram`, unless that is null.
bool ReadLayout(PackedReader* in, NativeHistogram* histogram, Buckets* buckets) {
  const int64_t schema = in->SignedVarint();
  const uint64_t threshold = in->Varint();
  const bool keep = histogram != nullptr;
  if (schema != kSchemaCustom && (schema < kSchemaMin || schema > kSchemaMax)) return false;
  if (!ReadSpans(in, keep ? &histogram->positive.spans : nullptr, &buckets->positive) ||
      !ReadSpans(in, keep ? &histogram->negative.spans : nullptr, &buckets->negative)) {
    return false;
  }
  if (keep) {
    histogram->schema = static_cast<int32_t>(schema);
    histogram->zero_threshold = std::bit_cast<double>(Turned(threshold));
  }
  if (schema != kSchemaCustom) return in->ok();
  const uint64_t n = in->Varint();
  if (n > in->left() / sizeof(uint64_t)) return false;
  const std::string_view words = in->Bytes(n * sizeof(uint64_t));
  if (keep) {
    histogram->custom_values.resize(static_cast<size_t>(n));
    if (n > 0) std::memcpy(histogram->custom_values.data(), words.data(), words.size());
  }
  return in->ok();
}

// A count: of observations, or of those in the zero bucket.
uint64_t ReadCount(uint8_t head, PackedReader* in) {
  return (head & kFloat) != 0 ? in->Word() : in->Varint();
}
uint64_t ReadBucket(uint8_t head, PackedReader* in) {
  return (head & kFloat) != 0 ? in->Word() : static_cast<uint64_t>(in->SignedVarint());
}
void PutCount(uint8_t head, uint64_t number, std::string* out) {
  if ((head & kFloat) != 0) {
    PutWord(number, out);
  } else {
    PutVarint(number, out);
  }
}
void PutBucket(uint8_t head, uint64_t number, std::string* out) {
  if ((head & kFloat) != 0) {
    PutWord(number, out);
  } else {
    PutZigZag(static_cast<int64_t>(number), out);
  }
}

bool ReadBuckets(uint8_t head, uint64_t n, PackedReader* in, BucketSide* side) {
  for (uint64_t i = 0; i < n; ++i) {
    const uint64_t number = ReadBucket(head, in);
    if (!in->ok()) return false;
    if ((head & kFloat) != 0) {
      side->counts.push_back(std::bit_cast<double>(number));
    } else {
      side->deltas.push_back(static_cast<int64_t>(number));
    }
  }
  return true;
}

bool Read(std::string_view bytes, NativeHistogram* out) {
  PackedReader in(bytes);
  const uint8_t head = in.Byte();
  if ((head & ~kHeadBits) != 0) return false;
  out->hint = static_cast<ResetHint>(head & kHintBits);
  out->is_float = (head & kFloat) != 0;
  const uint64_t count = ReadCount(head, &in);
  out->sum = std::bit_cast<double>(in.Word());
  const uint64_t zero_count = ReadCount(head, &in);
  if (out->is_float) {
    out->float_count = std::bit_cast<double>(count);
    out->float_zero_count = std::bit_cast<double>(zero_count);
  } else {
    out->count = count;
    out->zero_count = zero_count;
  }
  Buckets buckets;
  return ReadLayout(&in, out, &buckets) &&
         ReadBuckets(head, buckets.positive, &in, &out->positive) &&
         ReadBuckets(head, buckets.negative, &in, &out->negative) && in.AtEnd();
}

}  // namespace

void BucketSide::Clear() {
  spans.clear();
  deltas.clear();
  counts.clear();
}

void NativeHistogram::Clear() {
  is_float = false;
  hint = ResetHint::kUnknown;
  schema = 0;
  zero_threshold = sum = 0;
  count = zero_count = 0;
  float_count = float_zero_count = 0;
  positive.Clear();
  negative.Clear();
  custom_values.clear();
}

size_t NativeHistogram::parts() const {
  return positive.spans.size() + positive.buckets() + negative.spans.size() + negative.buckets() +
         custom_values.size();
}

bool Same(const NativeHistogram& a, const NativeHistogram& b) {
  return a.is_float == b.is_float && a.hint == b.hint && a.schema == b.schema &&
         SameBits(a.zero_threshold, b.zero_threshold) && SameBits(a.sum, b.sum) &&
         a.count == b.count && a.zero_count == b.zero_count &&
         SameBits(a.float_count, b.float_count) &&
         SameBits(a.float_zero_count, b.float_zero_count) && SameSide(a.positive, b.positive) &&
         SameSide(a.negative, b.negative) && SameNumbers(a.custom_values, b.custom_values);
}

std::string_view HistogramProblemText(HistogramProblem problem) {
  switch (problem) {
    case HistogramProblem::kNone:
      return "";
    case HistogramProblem::kSchema:
      return "schema is not one of -4 to 8 or -53";
    case HistogramProblem::kNegativeOffset:
      return "a span has a negative offset";
    case HistogramProblem::kSpansAndBuckets:
      return "spans have another number of buckets than there are";
    case HistogramProblem::kNegativeBucket:
      return "a bucket has a negative count";
    case HistogramProblem::kNegativeCount:
      return "the count of observations is negative";
    case HistogramProblem::kCountTooSmall:
      return "the count of observations is below what is in the buckets";
    case HistogramProblem::kCountMismatch:
      return "the count of observations is not what is in the buckets";
    case HistogramProblem::kCustomNan:
      return "a custom bound is NaN";
    case HistogramProblem::kCustomOrder:
      return "custom bounds do not ascend";
    case HistogramProblem::kCustomInfinite:
      return "the last custom bound is +Inf, which goes without saying";
    case HistogramProblem::kCustomTooFew:
      return "there are fewer custom bounds than buckets need";
    case HistogramProblem::kCustomZeroBucket:
      return "custom buckets have a zero bucket beside them";
    case HistogramProblem::kCustomNegativeSide:
      return "custom buckets have negative ones beside them";
    case HistogramProblem::kCustomOnExponential:
      return "exponential buckets have custom bounds";
  }
  return "";
}

HistogramProblem Validate(const NativeHistogram& histogram) {
  if (IsStale(histogram.sum)) return HistogramProblem::kNone;
  HistogramProblem problem = HistogramProblem::kSchema;
  if (histogram.schema == kSchemaCustom) {
    problem = CheckCustom(histogram);
  } else if (histogram.schema >= kSchemaMin && histogram.schema <= kSchemaKnownMax) {
    problem = CheckExponential(histogram);
  }
  return problem == HistogramProblem::kNone ? CheckCounts(histogram) : problem;
}

void ReduceToMax(NativeHistogram* histogram) {
  if (histogram->schema <= kSchemaMax) return;
  const int shift = histogram->schema - kSchemaMax;
  ReduceSide(shift, &histogram->positive);
  ReduceSide(shift, &histogram->negative);
  histogram->schema = kSchemaMax;
}

void EncodeHistogram(const NativeHistogram& histogram, std::string* out) {
  if (IsStale(histogram.sum)) return;
  CHECK(histogram.schema <= kSchemaMax);
  const auto head = static_cast<uint8_t>(static_cast<uint8_t>(histogram.hint) |
                                         (histogram.is_float ? kFloat : 0));
  PutByte(head, out);
  PutCount(head, histogram.is_float ? Bits(histogram.float_count) : histogram.count, out);
  PutWord(Bits(histogram.sum), out);
  PutCount(head, histogram.is_float ? Bits(histogram.float_zero_count) : histogram.zero_count, out);
  PutLayout(histogram, out);
  for (const BucketSide* side : {&histogram.positive, &histogram.negative}) {
    for (const int64_t delta : side->deltas) PutBucket(head, static_cast<uint64_t>(delta), out);
    for (const double count : side->counts) PutBucket(head, Bits(count), out);
  }
}

Result<void> DecodeHistogram(std::string_view bytes, NativeHistogram* out) {
  out->Clear();
  if (bytes.empty()) {
    out->sum = StaleMarker();
    return {};
  }
  if (Read(bytes, out) && !IsStale(out->sum)) return {};
  out->Clear();
  return Error{Code::kCorrupt, "native histogram: damaged"};
}

double ObservationCount(std::string_view bytes) {
  if (bytes.empty()) return StaleMarker();
  PackedReader in(bytes);
  const uint8_t head = in.Byte();
  const uint64_t number = ReadCount(head, &in);
  if (!in.ok()) return 0;
  if ((head & kFloat) == 0) return static_cast<double>(number);
  const auto count = std::bit_cast<double>(number);
  return IsStale(count) ? std::numeric_limits<double>::quiet_NaN() : count;
}

bool SplitHistogram(std::string_view bytes, HistogramParts* parts) {
  PackedReader in(bytes);
  parts->head = in.Byte();
  if ((parts->head & ~kHeadBits) != 0) return false;
  parts->numbers.clear();
  parts->numbers.push_back(ReadCount(parts->head, &in));
  parts->numbers.push_back(in.Word());
  parts->numbers.push_back(ReadCount(parts->head, &in));
  const size_t start = bytes.size() - in.left();
  Buckets buckets;
  if (!ReadLayout(&in, nullptr, &buckets)) return false;
  parts->layout = bytes.substr(start, bytes.size() - in.left() - start);
  for (uint64_t i = buckets.positive + buckets.negative; i > 0 && in.ok(); --i) {
    parts->numbers.push_back(ReadBucket(parts->head, &in));
  }
  return in.AtEnd();
}

void JoinHistogram(const HistogramParts& parts, std::string* out) {
  CHECK(parts.numbers.size() >= kNumbersAhead);
  PutByte(parts.head, out);
  PutCount(parts.head, parts.numbers[0], out);
  PutWord(parts.numbers[1], out);
  PutCount(parts.head, parts.numbers[2], out);
  out->append(parts.layout);
  for (size_t i = kNumbersAhead; i < parts.numbers.size(); ++i) {
    PutBucket(parts.head, parts.numbers[i], out);
  }
}

}  // namespace nines::tsdb
