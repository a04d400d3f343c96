#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"

// Reads prometheus.WriteRequest (remote write 1.0) off the wire without copying: a bounds-checked
// walk over the protobuf bytes.  libprotobuf is its oracle in the tests.  The deliberate
// differences: labels are not looked into before ParseRawLabels(), so that a series with broken
// labels is refused alone; a series that has neither samples nor histograms is passed over.

namespace nines::ingest {

struct WireSample {
  int64_t time_ms;
  double value;
};

// One TimeSeries that has samples or histograms; views into the decoded body or
// WireRequest::scratch.
struct WireSeries {
  std::string_view raw_labels;  // The bytes of its `labels` fields, one run: what is fingerprinted.
  uint32_t label_count;         // Fields in that run.
  uint32_t first_sample;        // Into WireRequest::samples.
  uint32_t sample_count;
  uint32_t histogram_count;
};

// Reused from request to request, so that a warm request takes no memory.
struct WireRequest {
  std::vector<WireSeries> series;
  std::vector<WireSample> samples;
  // Seen and passed over, their insides unread.
  uint64_t histograms = 0;
  uint64_t exemplars = 0;
  uint64_t metadata = 0;
  std::vector<char> scratch;  // Where the labels of a series do not lie in one run.
};

// Fills `request` (cleared first).  kInvalid: not this message, with the offset; kExhausted: more
// than `samples_max` samples and histograms together, which bounds the memory taken.  Unknown
// fields are skipped.  Of a field that may occur once and occurs twice, the last one counts.
Result<void> DecodeWriteRequest(std::string_view body, uint32_t samples_max, WireRequest* request);

// The label set of WireSeries::raw_labels, sorted.  kInvalid names what is wrong: no metric name,
// an empty or repeated label name, a name or value that is not UTF-8, bytes that are no label.
// Takes memory for every label, so WireSeries::label_count is to be checked before.
Result<Labels> ParseRawLabels(std::string_view raw_labels);

// `name{a="b", c="d"}` for messages, in the order of arrival.  Takes any bytes: stops where they
// are no label.  Long values and long texts are cut, marked by "...".
std::string DescribeRawLabels(std::string_view raw_labels);

}  // namespace nines::ingest
