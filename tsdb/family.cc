#include "tsdb/family.h"

#include <cmath>

#include "base/number.h"

namespace nines::tsdb {
namespace {

std::string_view Suffix(Role role) {
  switch (role) {
    case Role::kBucket:
      return "_bucket";
    case Role::kCount:
      return "_count";
    case Role::kSum:
      return "_sum";
    case Role::kValue:
    case Role::kHistogram:
      break;
  }
  return "";
}

// The name is a non-empty base and the suffix of `role`.
bool HasRole(std::string_view name, Role role) {
  const std::string_view suffix = Suffix(role);
  return name.size() > suffix.size() && name.ends_with(suffix);
}

std::optional<double> Bound(std::string_view le) {
  const std::optional<double> bound = ParseFloat(le);
  if (!bound || std::isnan(*bound)) return std::nullopt;
  return bound;
}

}  // namespace

SplitSeries Split(const Labels& series) {
  const std::string_view name = series.Get(kMetricName);
  SplitSeries split;
  split.labels = series;
  split.labels.Remove(kMetricName);
  if (HasRole(name, Role::kCount)) {
    split.role = Role::kCount;
  } else if (HasRole(name, Role::kSum)) {
    split.role = Role::kSum;
  } else if (HasRole(name, Role::kBucket)) {
    if (const std::optional<double> bound = Bound(series.Get(kBucketLabel))) {
      split.role = Role::kBucket;
      split.le = series.Get(kBucketLabel);
      split.bound = *bound;
      split.labels.Remove(kBucketLabel);
    }
  }
  split.base = name.substr(0, name.size() - Suffix(split.role).size());
  return split;
}

SplitSeries SplitHistogramSeries(const Labels& series) {
  SplitSeries split{.base = std::string(series.Get(kMetricName)),
                    .role = Role::kHistogram,
                    .le = {},
                    .labels = series};
  split.labels.Remove(kMetricName);
  return split;
}

Labels Join(std::string_view base, Role role, std::string_view le, const Labels& labels) {
  Labels series = labels;
  series.Set(kMetricName, MetricName(base, role));
  if (role == Role::kBucket) series.Set(kBucketLabel, le);
  return series;
}

std::string MetricName(std::string_view base, Role role) {
  std::string name(base);
  name += Suffix(role);
  return name;
}

}  // namespace nines::tsdb
