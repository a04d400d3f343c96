#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/matcher.h"
#include "base/result.h"

// The client's half of Prometheus' remote read, protocol 0.1.0 with whole samples
// (prompb/remote.proto).

namespace nines::ingest {

// One query for every sample of the series that match, both times included; snappy-compressed
// prometheus.ReadRequest.
std::string EncodeReadRequest(const Matchers& matchers, int64_t start_ms, int64_t end_ms);

// The time series of an answer (snappy-compressed prometheus.ReadResponse) as the body of a remote
// write 1.0 request: they are the same messages, native histograms and staleness markers included.
// Empty where there are none.  kExhausted: it declares more than `decoded_bytes_max`; kInvalid: not
// such an answer.
Result<std::string> ReadResponseToWriteRequest(std::string_view body, uint64_t decoded_bytes_max);

}  // namespace nines::ingest
