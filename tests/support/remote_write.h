#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "net/http_client.h"

namespace nines::test {

struct TestExemplar {
  Labels labels;
  double value;
  int64_t time_ms;
};

// One time series of a remote-write request.
struct TestSeries {
  Labels labels;
  std::vector<std::pair<int64_t, double>> samples;  // {Unix ms, value}, sent in this order.
  std::vector<TestExemplar> exemplars = {};
};

// A remote-write 1.0 WriteRequest as raw protobuf, written by hand so that it shares no code with
// the decoder under test:
//   WriteRequest { repeated TimeSeries timeseries = 1; }
//   TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2;
//                  repeated Exemplar exemplars = 3; }
//   Label        { string name = 1; string value = 2; }
//   Sample       { double value = 1; int64 timestamp = 2; }
//   Exemplar     { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
std::string EncodeWriteRequest(std::span<const TestSeries> series);

// The same without exemplars as remote write 2.0 has it, from rc.4 of its specification:
//   Request    { repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
//   TimeSeries { repeated uint32 labels_refs = 1; repeated Sample samples = 2; }
std::string EncodeRequestV2(std::span<const TestSeries> series);

// Snappy's block format, as remote write has it.
std::string SnappyBlock(std::string_view text);

// Posts `series` to `base_url` + "/api/v1/write" with the headers that Prometheus sends.
Result<net::ClientResponse> PostWrite(net::HttpClient& client, const std::string& base_url,
                                      std::span<const TestSeries> series);
// By remote write 2.0.
Result<net::ClientResponse> PostWriteV2(net::HttpClient& client, const std::string& base_url,
                                        std::span<const TestSeries> series);

}  // namespace nines::test
