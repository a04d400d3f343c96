// prometheus.WriteRequest as ingest reads it: bounds, and every label set in the three ways in
// which it is read.
#include "base/check.h"
#include "ingest/remote_write_v1.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nines::ingest;
  constexpr uint32_t kSamplesMax = 100;
  static WireRequest request;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (!DecodeWriteRequest(body, kSamplesMax, &request)) return 0;
  CHECK(request.samples.size() <= kSamplesMax);
  nines::tsdb::NativeHistogram histogram;
  for (const WireHistogram& one : request.histograms) {
    CHECK(one.first_byte + one.size <= request.histogram_bytes.size());
    const auto bytes = std::string_view(request.histogram_bytes).substr(one.first_byte, one.size);
    CHECK(nines::tsdb::DecodeHistogram(bytes, &histogram));
  }
  for (const WireSeries& series : request.series) {
    CHECK(series.first_histogram + size_t{series.histogram_count} <= request.histograms.size());
    CHECK(series.first_sample + size_t{series.sample_count} <= request.samples.size());
    const LabelSizes sizes = MeasureRawLabels(series.raw_labels);
    CHECK(sizes.name <= size && sizes.value <= size);
    CHECK(DescribeRawLabels(series.raw_labels).size() < 4096);
    const auto labels = ParseRawLabels(series.raw_labels);
    if (labels) CHECK(!labels->Get(nines::kMetricName).empty());
  }
  for (const WirePart& part : request.exemplars) {
    CHECK(part.series < request.series.size());
    const auto exemplar = ParseExemplarV1(part.message);
    if (exemplar) CHECK(!exemplar->labels.Has(""));
  }
  for (const WirePart& part : request.metadata) {
    const auto metadata = ParseMetadataV1(part.message);
    if (metadata) CHECK(metadata->help.size() + metadata->unit.size() <= part.message.size());
  }
  return 0;
}
