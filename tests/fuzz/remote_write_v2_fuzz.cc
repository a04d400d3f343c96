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
  nines::tsdb::NativeHistogram histogram;
  for (const WireHistogram& one : request.histograms) {
    CHECK(one.first_byte + one.size <= request.histogram_bytes.size());
    const auto bytes = std::string_view(request.histogram_bytes).substr(one.first_byte, one.size);
    CHECK(nines::tsdb::DecodeHistogram(bytes, &histogram));
  }
  for (const WireSeries& series : request.series) {
    CHECK(series.first_histogram + size_t{series.histogram_count} <= request.histograms.size());
    CHECK(series.first_sample + size_t{series.sample_count} <= request.samples.size());
    const LabelSizes sizes = MeasureLabelRefs(request, series);
    CHECK(sizes.name <= size && sizes.value <= size);
    CHECK(DescribeLabelRefs(request, series).size() < 4096);
    const auto labels = ParseLabelRefs(series, &request);
    if (labels) CHECK(!labels->Get(nines::kMetricName).empty());
  }
  for (const WirePart& part : request.exemplars) {
    CHECK(part.series < request.series.size());
    const auto exemplar = ParseExemplarV2(part.message, &request);
    if (exemplar) CHECK(!exemplar->labels.Has(""));
  }
  for (const WirePart& part : request.metadata) {
    CHECK(part.series < request.series.size());
    CHECK(MetricNameV2(request, request.series[part.series]).size() <= size);
    const auto metadata = ParseMetadataV2(part.message, request);
    if (metadata) CHECK(metadata->help.size() <= size && metadata->unit.size() <= size);
  }
  return 0;
}
