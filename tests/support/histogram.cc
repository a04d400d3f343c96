#include "tests/support/histogram.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "base/number.h"

namespace nines::test {

HistogramCounter::HistogramCounter(std::string name, Labels base_labels,
                                   std::vector<std::string> bounds)
    : name_(std::move(name)),
      base_labels_(std::move(base_labels)),
      bounds_(std::move(bounds)),
      counts_(bounds_.size()) {
  for (const std::string& bound : bounds_) {
    const std::optional<double> limit = ParseFloat(bound);
    CHECK(limit.has_value());
    CHECK(limits_.empty() || limits_.back() < *limit);
    limits_.push_back(*limit);
  }
}

void HistogramCounter::Observe(double value) { ObserveMany(value, 1); }

void HistogramCounter::ObserveMany(double value, uint64_t times) {
  for (size_t i = 0; i < limits_.size(); ++i) {
    if (value <= limits_[i]) counts_[i] += times;
  }
  count_ += times;
  sum_ += value * static_cast<double>(times);
}

void HistogramCounter::Reset() {
  counts_.assign(counts_.size(), 0);
  count_ = 0;
  sum_ = 0;
}

std::vector<TestSeries> HistogramCounter::At(Time time) const {
  std::vector<TestSeries> all;
  const auto add = [&](const char* suffix, std::string_view le, double value) {
    Labels labels = base_labels_;
    labels.Set(kMetricName, name_ + suffix);
    labels.Set(kBucketLabel, le);
    all.push_back({std::move(labels), {{ToUnixMs(time), value}}});
  };
  for (size_t i = 0; i < bounds_.size(); ++i) {
    add("_bucket", bounds_[i], static_cast<double>(counts_[i]));
  }
  add("_bucket", "+Inf", static_cast<double>(count_));
  add("_sum", "", sum_);
  add("_count", "", static_cast<double>(count_));
  return all;
}

}  // namespace nines::test
