#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/result.h"
#include "ingest/series_labels.h"
#include "ingest/wire_request.h"
#include "tsdb/store.h"

// Reads io.prometheus.write.v2.Request (remote write 2.0, as of 2.0-rc.4) off the wire without
// copying, as ingest/remote_write_v1.h does with 1.0.  The deliberate differences from libprotobuf:
// symbols are not looked into before ParseLabelRefs(), so that only the series that use a broken
// one are refused; so are the insides of exemplars and metadata, which are counted and passed over.
//
// Start timestamps are those of rc.4 (Sample's field 3, Histogram's field 17); that of rc.3
// (TimeSeries' field 6) is read as that of each sample and histogram of the series which has none.

namespace nines::ingest {

struct WireLimits {
  // Samples, histograms, exemplars and series that have none of them, together.
  uint32_t samples_max;
  uint32_t symbols_max;
};

// Fills `request` (cleared first), with every series in it.  kInvalid: not this message, with the
// offset, or its symbols do not begin with the empty one; kExhausted: more than the limits, which
// bound the memory taken.  Unknown fields are skipped.  Of a field that may occur once and occurs
// twice, the last one counts.
Result<void> DecodeRequestV2(std::string_view body, const WireLimits& limits, WireRequest* request);

// The functions of ingest/series_labels.h.  References that point beyond the symbols or are odd in
// number are a problem.
// REQUIRES: `series` is of `request`.
LabelSizes MeasureLabelRefs(const WireRequest& request, const WireSeries& series);
Result<Labels> ParseLabelRefs(const WireSeries& series, WireRequest* request);
TwoValues FindTwoRefs(const WireRequest& request, const WireSeries& series, std::string_view first,
                      std::string_view second);
std::string DescribeLabelRefs(const WireRequest& request, const WireSeries& series);

// A message of WireRequest::exemplars.  kInvalid says what is wrong with it; kExhausted: its labels
// are longer than those of an exemplar may be.
Result<tsdb::Exemplar> ParseExemplarV2(std::string_view message, WireRequest* request);
// One of WireRequest::metadata, without the name, which is the series'; views into the request.
// kInvalid says what is wrong with it.
Result<tsdb::MetadataOf> ParseMetadataV2(std::string_view message, const WireRequest& request);
// The value of the series' `__name__`; "" where it has none.
std::string_view MetricNameV2(const WireRequest& request, const WireSeries& series);

}  // namespace nines::ingest
