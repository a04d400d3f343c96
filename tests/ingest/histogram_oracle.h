#pragma once
#include <gtest/gtest.h>

#include <string>

#include "ingest/wire_request.h"
#include "tests/ingest/wire_writer.h"
#include "tests/tsdb/histograms.h"

// Native histograms of the differential tests: libprotobuf's against ours.

namespace nines::ingest {

// A message with a field of every kind.
inline std::string SmallHistogram() {
  return WireWriter()
      .Int(1, 3)
      .Double(3, 2.5)
      .Int(4, 2)
      .Bytes(11, WireWriter().Int(1, 1).Int(2, 2).str())
      .Bytes(12, "\x02\x02")
      .Int(14, 1)
      .Int(15, 1000)
      .Int(17, 500)
      .str();
}

// A Histogram message as a sender writes it; `start_ms` 0 is none.
inline std::string HistogramMessageOf(const tsdb::NativeHistogram& histogram, int64_t time_ms,
                                      int64_t start_ms = 0) {
  WireWriter out;
  const auto zigzag = [](int64_t v) {
    return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
  };
  const auto doubles = [&](uint32_t field, const std::vector<double>& numbers) {
    std::string packed;
    for (const double one : numbers) packed += WireWriter().Double(1, one).str().substr(1);
    if (!packed.empty()) out.Bytes(field, packed);
  };
  const auto side = [&](uint32_t field, const tsdb::BucketSide& of) {
    for (const tsdb::BucketSpan& span : of.spans) {
      out.Bytes(
          field,
          WireWriter().Tag(1, 0).Varint(zigzag(span.offset)).Int(2, int64_t{span.length}).str());
    }
    WireWriter packed;
    for (const int64_t delta : of.deltas) packed.Varint(zigzag(delta));
    if (!packed.str().empty()) out.Bytes(field + 1, packed.str());
    doubles(field + 2, of.counts);
  };
  if (histogram.is_float) {
    out.Double(2, histogram.float_count).Double(7, histogram.float_zero_count);
  } else {
    out.Tag(1, 0).Varint(histogram.count).Tag(6, 0).Varint(histogram.zero_count);
  }
  out.Double(3, histogram.sum).Tag(4, 0).Varint(zigzag(histogram.schema));
  out.Double(5, histogram.zero_threshold);
  side(8, histogram.negative);
  side(11, histogram.positive);
  out.Int(14, static_cast<int64_t>(histogram.hint)).Int(15, time_ms);
  doubles(16, histogram.custom_values);
  if (start_ms != 0) out.Int(17, start_ms);
  return out.str();
}

template <class Spans>
std::vector<tsdb::BucketSpan> SpansOf(const Spans& spans) {
  std::vector<tsdb::BucketSpan> result;
  for (const auto& span : spans) result.push_back({span.offset(), span.length()});
  return result;
}

// What a message of either protocol stands for, as Prometheus takes it.
template <class Message>
tsdb::NativeHistogram HistogramOf(const Message& message) {
  tsdb::NativeHistogram histogram;
  histogram.is_float = message.count_case() == Message::kCountFloat;
  const int hint = message.reset_hint();
  if (hint >= 0 && hint <= 3) histogram.hint = static_cast<tsdb::ResetHint>(hint);
  histogram.schema = message.schema();
  histogram.zero_threshold = message.zero_threshold();
  histogram.sum = message.sum();
  histogram.positive.spans = SpansOf(message.positive_spans());
  histogram.negative.spans = SpansOf(message.negative_spans());
  histogram.custom_values.assign(message.custom_values().begin(), message.custom_values().end());
  if (histogram.is_float) {
    histogram.float_count = message.count_float();
    histogram.float_zero_count = message.zero_count_float();
    histogram.positive.counts.assign(message.positive_counts().begin(),
                                     message.positive_counts().end());
    histogram.negative.counts.assign(message.negative_counts().begin(),
                                     message.negative_counts().end());
  } else {
    histogram.count = message.count_int();
    histogram.zero_count = message.zero_count_int();
    histogram.positive.deltas.assign(message.positive_deltas().begin(),
                                     message.positive_deltas().end());
    histogram.negative.deltas.assign(message.negative_deltas().begin(),
                                     message.negative_deltas().end());
  }
  return histogram;
}

// Whether there are numbers of the kind that the histogram is not of.
template <class Message>
bool IsMixed(const Message& message) {
  if (message.count_case() == Message::kCountFloat) {
    return message.zero_count_int() != 0 || message.positive_deltas_size() > 0 ||
           message.negative_deltas_size() > 0;
  }
  return message.zero_count_float() != 0 || message.positive_counts_size() > 0 ||
         message.negative_counts_size() > 0;
}

template <class Message>
void CompareHistogram(const WireRequest& ours, const WireHistogram& one, const Message& message) {
  ASSERT_EQ(one.time_ms, message.timestamp());
  ASSERT_EQ(one.is_mixed, IsMixed(message));
  if (one.is_mixed) return;
  tsdb::NativeHistogram expected = HistogramOf(message);
  const tsdb::HistogramProblem problem = tsdb::Validate(expected);
  ASSERT_EQ(tsdb::HistogramProblemText(one.problem), tsdb::HistogramProblemText(problem));
  ASSERT_EQ(one.parts, expected.parts());
  if (problem != tsdb::HistogramProblem::kNone) return;
  tsdb::ReduceToMax(&expected);
  if (tsdb::IsStale(expected.sum)) expected = tsdb::StaleHistogram();
  tsdb::NativeHistogram got;
  const auto bytes = std::string_view(ours.histogram_bytes).substr(one.first_byte, one.size);
  ASSERT_TRUE(tsdb::DecodeHistogram(bytes, &got));
  ASSERT_TRUE(Same(got, expected)) << Text(got) << "\n" << Text(expected);
}

}  // namespace nines::ingest
