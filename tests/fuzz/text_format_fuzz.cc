// The lines that are imported: a sample that is read becomes a remote write request that reads the
// same.
#include <bit>

#include "base/check.h"
#include "ingest/remote_write_v1.h"
#include "ingest/request_builder.h"
#include "ingest/snappy_body.h"
#include "ingest/text_format.h"

namespace {

using namespace nines::ingest;

void CheckRequest(const TextSample& sample) {
  RequestBuilder builder;
  builder.Add(sample);
  const std::string body = builder.Take();
  BodyBuffer buffer;
  const auto decoded = DecodeSnappy(body, 1 << 20, &buffer);
  CHECK(decoded);
  WireRequest request;
  CHECK(DecodeWriteRequest(*decoded, 10, &request));
  CHECK(request.samples.size() == 1 && request.samples[0].time_ms == sample.time_ms);
  CHECK(std::bit_cast<uint64_t>(request.samples[0].value) == std::bit_cast<uint64_t>(sample.value));
  const auto labels = ParseRawLabels(request.series[0].raw_labels);
  if (labels) CHECK(*labels == sample.labels);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  for (const Exposition format : {Exposition::kOpenMetrics, Exposition::kPrometheus}) {
    const auto read = ParseExpositionLine(line, format);
    if (read && read->sample) CheckRequest(*read->sample);
  }
  const auto dumped = ParseDumpLine(line);
  if (dumped && *dumped) CheckRequest(**dumped);
  return 0;
}
