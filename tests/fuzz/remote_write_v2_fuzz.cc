// io.prometheus.write.v2.Request as ingest reads it.
#include "base/check.h"
#include "ingest/remote_write_v2.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nines::ingest;
  constexpr WireLimits kLimits{.samples_max = 100, .symbols_max = 100};
  static WireRequest request;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (!DecodeRequestV2(body, kLimits, &request)) return 0;
  CHECK(request.samples.size() <= kLimits.samples_max);
  CHECK(request.symbols.size() <= kLimits.symbols_max);
  for (const WireSeries& series : request.series) {
    CHECK(series.first_sample + size_t{series.sample_count} <= request.samples.size());
    const LabelSizes sizes = MeasureLabelRefs(request, series);
    CHECK(sizes.name <= size && sizes.value <= size);
    CHECK(DescribeLabelRefs(request, series).size() < 4096);
    const auto labels = ParseLabelRefs(series, &request);
    if (labels) CHECK(!labels->Get(nines::kMetricName).empty());
  }
  return 0;
}
