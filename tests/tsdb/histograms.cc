#include "tests/tsdb/histograms.h"

#include <bit>
#include <limits>

#include "base/number.h"

namespace nines::tsdb {
namespace {

// Up to six spans; sets the counts of their buckets.
void FillSide(NativeHistogram* histogram, uint64_t room, BucketSide* side, Prng* prng) {
  const bool is_custom = histogram->schema == kSchemaCustom;
  int64_t previous = 0;
  for (uint64_t n = prng->Below(6); n > 0; --n) {
    BucketSpan span{static_cast<int32_t>(prng->Below(4)), static_cast<uint32_t>(prng->Below(5))};
    if (!is_custom && side->spans.empty()) span.offset -= static_cast<int32_t>(prng->Below(3000));
    const uint64_t needed = is_custom ? static_cast<uint64_t>(span.offset) + span.length : 0;
    if (needed > room) break;
    room -= needed;
    side->spans.push_back(span);
    for (uint32_t i = 0; i < span.length; ++i) {
      const uint64_t count = prng->Chance(20) ? 0 : prng->Below(prng->Chance(10) ? 1u << 30 : 100);
      if (histogram->is_float) {
        side->counts.push_back(static_cast<double>(count) / (prng->Chance(50) ? 1 : 7));
      } else {
        side->deltas.push_back(static_cast<int64_t>(count) - previous);
        previous = static_cast<int64_t>(count);
        histogram->count += count;
      }
    }
  }
}

void FillZero(NativeHistogram* histogram, Prng* prng) {
  constexpr double kThresholds[] = {0x1p-128, 0, 0.001, 1e-200, 2.5};
  histogram->zero_threshold = kThresholds[prng->Below(5)];
  const uint64_t count = prng->Below(40);
  if (histogram->is_float) {
    histogram->float_zero_count = static_cast<double>(count) / 3;
  } else {
    histogram->zero_count = count;
    histogram->count += count;
  }
}

void FillSum(NativeHistogram* histogram, Prng* prng) {
  histogram->sum = prng->Chance(20) ? std::bit_cast<double>(prng->Next())
                                    : static_cast<double>(prng->Below(1'000'000)) / 64;
  if (IsStale(histogram->sum)) histogram->sum = 0;
  if (histogram->is_float) {
    histogram->float_count = static_cast<double>(prng->Below(10'000)) / 8;
    if (prng->Chance(3)) histogram->float_count = StaleMarker();  // A NaN here, and no marker.
  }
}

}  // namespace

NativeHistogram ExampleHistogram() {
  NativeHistogram histogram;
  histogram.zero_threshold = 0x1p-128;
  histogram.zero_count = 1;
  histogram.count = 6;
  histogram.sum = 18.5;
  histogram.positive = {.spans = {{0, 2}, {1, 1}}, .deltas = {1, 1, -1}, .counts = {}};
  histogram.negative = {.spans = {{0, 1}}, .deltas = {1}, .counts = {}};
  return histogram;
}

NativeHistogram RandomHistogram(Prng* prng) {
  NativeHistogram histogram;
  histogram.is_float = prng->Chance(40);
  histogram.hint = static_cast<ResetHint>(prng->Below(4));
  uint64_t room = 0;
  if (prng->Chance(30)) {
    histogram.schema = kSchemaCustom;
    double bound = prng->Chance(20) ? -std::numeric_limits<double>::infinity() : -2;
    for (uint64_t n = prng->Below(20); n > 0; --n) {
      histogram.custom_values.push_back(bound);
      bound = (n % 2 == 0 ? 0.1 : 1) +
              (bound < -10 ? -2 : bound) * (1 + 0.01 * static_cast<double>(prng->Below(3)));
      if (bound <= histogram.custom_values.back()) bound = histogram.custom_values.back() + 1;
    }
    room = histogram.custom_values.size() + 1;
  } else {
    histogram.schema = static_cast<int32_t>(prng->Below(13)) - 4;
    FillZero(&histogram, prng);
    FillSide(&histogram, 0, &histogram.negative, prng);
  }
  FillSide(&histogram, room, &histogram.positive, prng);
  FillSum(&histogram, prng);
  return histogram;
}

NativeHistogram NextHistogram(const NativeHistogram& previous, Prng* prng) {
  if (prng->Chance(10)) return RandomHistogram(prng);
  NativeHistogram next = previous;
  if (prng->Chance(10)) return next;
  if (prng->Chance(10)) next.hint = static_cast<ResetHint>(prng->Below(4));
  next.sum = previous.sum + static_cast<double>(prng->Below(1000)) / 16;
  if (IsStale(next.sum)) next.sum = 0;
  for (BucketSide* side : {&next.negative, &next.positive}) {
    for (double& count : side->counts) count += static_cast<double>(prng->Below(3));
    for (size_t i = 0; i < side->deltas.size(); ++i) {
      const auto more = static_cast<int64_t>(prng->Below(3));
      side->deltas[i] += more;
      if (i + 1 < side->deltas.size()) side->deltas[i + 1] -= more;
      next.count += static_cast<uint64_t>(more);
    }
  }
  if (next.is_float) next.float_count += 1;
  return next;
}

NativeHistogram StaleHistogram() {
  NativeHistogram histogram;
  histogram.sum = StaleMarker();
  return histogram;
}

std::string Encoded(const NativeHistogram& histogram) {
  std::string bytes;
  EncodeHistogram(histogram, &bytes);
  return bytes;
}

std::string Text(const NativeHistogram& histogram) {
  if (IsStale(histogram.sum)) return "stale";
  std::string text = histogram.is_float ? "float" : "int";
  const auto add = [&text](const char* name, const std::string& value) {
    text += ' ';
    text += name;
    text += ' ';
    text += value;
  };
  const auto number = [](double value) {
    return std::to_string(std::bit_cast<uint64_t>(value)) + "=" + FormatFloat(value);
  };
  add("schema", std::to_string(histogram.schema));
  add("hint", std::to_string(static_cast<int>(histogram.hint)));
  add("count", std::to_string(histogram.count) + "/" + number(histogram.float_count));
  add("sum", number(histogram.sum));
  add("zero", std::to_string(histogram.zero_count) + "/" + number(histogram.float_zero_count));
  add("threshold", number(histogram.zero_threshold));
  for (const BucketSide* side : {&histogram.positive, &histogram.negative}) {
    text += side == &histogram.positive ? " +" : " -";
    for (const BucketSpan& span : side->spans) {
      text += "(" + std::to_string(span.offset) + "," + std::to_string(span.length) + ")";
    }
    for (const int64_t delta : side->deltas) add("d", std::to_string(delta));
    for (const double count : side->counts) add("c", number(count));
  }
  for (const double bound : histogram.custom_values) add("b", number(bound));
  return text;
}

}  // namespace nines::tsdb
