#include "evaluator/slo/diagnose.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "base/duration.h"
#include "base/number.h"

namespace nines::evaluator {
namespace {

bool IsHistogram(const tsdb::FamilyView& family) {
  return std::any_of(family.columns.begin(), family.columns.end(),
                     [](const tsdb::Column& column) { return column.role == tsdb::Role::kBucket; });
}

// "500ms (0.5)", or "0.5" where that is how it was written.
std::string ThresholdText(const LatencyIndicator& latency) {
  const std::string number = FormatFloat(latency.bound);
  return latency.threshold == number ? number : latency.threshold + " (" + number + ")";
}

std::string NearestBounds(const tsdb::FamilyView& family, double bound) {
  const tsdb::Column* below = nullptr;
  const tsdb::Column* above = nullptr;
  for (const tsdb::Column& column : family.columns) {
    if (column.role != tsdb::Role::kBucket) continue;
    if (column.bound < bound && (!below || column.bound > below->bound)) below = &column;
    if (column.bound > bound && (!above || column.bound < above->bound)) above = &column;
  }
  if (below && above) return "the nearest bounds are " + below->le + " and " + above->le;
  if (below) return "the nearest bound is " + below->le + ", the highest";
  if (above) return "the nearest bound is " + above->le + ", the lowest";
  return "it has no buckets";
}

bool HasBound(const tsdb::FamilyView& family, double bound) {
  return std::any_of(family.columns.begin(), family.columns.end(), [&](const tsdb::Column& column) {
    return column.role == tsdb::Role::kBucket && column.bound == bound;
  });
}

// The names under which the same thing is often found: other units, and other words for latency.
std::vector<std::string> NearNames(const std::string& name) {
  static constexpr std::string_view kUnits[] = {"_seconds", "_milliseconds", "_ms",
                                                "_duration_seconds", ""};
  static constexpr std::string_view kWords[] = {"_latency", "_duration", "_time", ""};
  std::string stem = name;
  for (const auto& endings :
       {std::span<const std::string_view>(kUnits), std::span<const std::string_view>(kWords)}) {
    for (const std::string_view ending : endings) {
      if (ending.empty() || !stem.ends_with(ending) || stem.size() == ending.size()) continue;
      stem.resize(stem.size() - ending.size());
      break;
    }
  }
  std::vector<std::string> names;
  for (const std::string_view word : kWords) {
    for (const std::string_view unit : kUnits) {
      std::string near = stem + std::string(word) + std::string(unit);
      if (near != name) names.push_back(std::move(near));
    }
  }
  return names;
}

}  // namespace

std::string ExplainNoSuchBound(const LatencyIndicator& latency, const tsdb::FamilyView& family) {
  const std::string series = latency.histogram + family.labels.ToString();
  if (HasBound(family, latency.bound)) {
    return series + " has neither _count nor the bucket +Inf: all events cannot be counted";
  }
  std::string text = "the threshold " + ThresholdText(latency) + " is no bucket bound of " +
                     series + ": " + NearestBounds(family, latency.bound);
  const double in_ms = latency.bound * 1000;
  if (HasBound(family, in_ms)) {
    text += "; " + FormatFloat(in_ms) +
            " is one: if the metric is in milliseconds write threshold: " + FormatFloat(in_ms);
  }
  return text;
}

std::string ExplainLostBucket(const LatencyIndicator& latency, Duration window) {
  return "the bucket at the threshold " + ThresholdText(latency) + " of " + latency.histogram +
         " has fewer than two samples in the last " + FormatDuration(window) +
         " although the histogram goes on: its bounds have changed, or its rows are torn";
}

Result<std::string> ExplainNoFamily(const tsdb::Store& store, const LatencyIndicator& latency) {
  std::string text = "no series of the histogram " + latency.histogram;
  if (!latency.matchers.empty()) {
    text += " match {";
    for (const Matcher& matcher : latency.matchers) {
      if (&matcher != &latency.matchers.front()) text += ", ";
      text += matcher.ToString();
    }
    text += "}";
    const auto others = store.Families(latency.histogram, {});
    if (!others) return others.error();
    if (!others->empty())
      return text + "; there is " + latency.histogram + others->front().labels.ToString();
  } else {
    text += " were received";
  }
  for (const std::string& name : NearNames(latency.histogram)) {
    const auto near = store.Families(name, latency.matchers);
    if (!near) return near.error();
    if (std::any_of(near->begin(), near->end(), IsHistogram)) {
      return text + "; there is a histogram " + name;
    }
  }
  return text;
}

}  // namespace nines::evaluator
