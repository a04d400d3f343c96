#include "ingest/metadata.h"

#include <initializer_list>
#include <string>

namespace nines::ingest {
namespace {

std::string_view WithoutSuffix(std::string_view name,
                               std::initializer_list<std::string_view> suffixes) {
  for (const std::string_view suffix : suffixes) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) {
      name.remove_suffix(suffix.size());
      return name;
    }
  }
  return name;
}

}  // namespace

Result<tsdb::MetadataOf> CheckedMetadata(tsdb::MetadataOf metadata, uint64_t type) {
  if (type > static_cast<uint64_t>(tsdb::MetricType::kStateset)) {
    return Error{Code::kInvalid, "unknown metric type " + std::to_string(type)};
  }
  metadata.type = tsdb::MetricType{static_cast<uint8_t>(type)};
  return metadata;
}

std::string_view MetricFamilyName(std::string_view series, tsdb::MetricType type) {
  switch (type) {
    case tsdb::MetricType::kHistogram:
      return WithoutSuffix(series, {"_bucket", "_count", "_sum", "_created"});
    case tsdb::MetricType::kGaugeHistogram:
      return WithoutSuffix(series, {"_bucket", "_gcount", "_gsum"});
    case tsdb::MetricType::kSummary:
      return WithoutSuffix(series, {"_count", "_sum", "_created"});
    default:
      return series;
  }
}

}  // namespace nines::ingest
