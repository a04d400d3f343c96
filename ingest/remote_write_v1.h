#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/result.h"
#include "ingest/series_labels.h"
#include "ingest/wire_request.h"
#include "tsdb/store.h"

// Reads prometheus.WriteRequest (remote write 1.0) off the wire without copying: a bounds-checked
// walk over the protobuf bytes.  libprotobuf is its oracle in the tests.  The deliberate
// differences: labels are not looked into before ParseRawLabels(), so that a series with broken
// labels is refused alone; likewise the insides of exemplars and metadata; a series
// that has none of samples, histograms and exemplars is passed over.

namespace nines::ingest {

// Fills `request` (cleared first).  kInvalid: not this message, with the offset; kExhausted: more
// than `samples_max` samples, histograms and exemplars together, which bounds the memory taken.
// Unknown fields are skipped.  Of a field that may occur once and occurs twice, the last one
// counts.
Result<void> DecodeWriteRequest(std::string_view body, uint32_t samples_max, WireRequest* request);

// The functions of ingest/series_labels.h for WireSeries::raw_labels.  They take any bytes; what is
// no label is a problem.
LabelSizes MeasureRawLabels(std::string_view raw_labels);
Result<Labels> ParseRawLabels(std::string_view raw_labels);
TwoValues FindTwoRaw(std::string_view raw_labels, std::string_view first, std::string_view second);
std::string DescribeRawLabels(std::string_view raw_labels);

// A message of WireRequest::exemplars.  kInvalid says what is wrong with it; kExhausted: its labels
// are longer than those of an exemplar may be.
Result<tsdb::Exemplar> ParseExemplarV1(std::string_view message);
// One of WireRequest::metadata; views into it.  kInvalid says what is wrong with it.
Result<tsdb::MetadataOf> ParseMetadataV1(std::string_view message);

}  // namespace nines::ingest
