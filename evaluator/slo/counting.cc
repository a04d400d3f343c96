#include "evaluator/slo/counting.h"

#include <cmath>

#include "base/check.h"

namespace nines::evaluator {
namespace {

double Seconds(Duration d) { return static_cast<double>(d.count()) / 1000; }

// A gap at an edge that is longer than this many sample distances means that the series begins or
// ends inside the window.
constexpr double kGapFactor = 1.1;

}  // namespace

std::optional<double> Increase(const tsdb::Window& window, Time from, Time to) {
  if (window.count < 2) return std::nullopt;
  CHECK(window.first.at > from);
  CHECK(window.last.at <= to);
  double result = window.last.value - window.first.value;
  for (const double before : window.resets) result += before;

  double to_start = Seconds(window.first.at - from);
  double to_end = Seconds(to - window.last.at);
  const double sampled = Seconds(window.last.at - window.first.at);
  const double average = sampled / static_cast<double>(window.count - 1);
  const double gap_max = average * kGapFactor;

  if (to_start >= gap_max) to_start = average / 2;
  if (result > 0 && window.first.value >= 0) {
    // A counter was not below zero: do not extrapolate to before it was zero.
    const double to_zero = sampled * (window.first.value / result);
    if (to_zero < to_start) to_start = to_zero;
  }
  if (to_end >= gap_max) to_end = average / 2;
  return result * ((sampled + to_start + to_end) / sampled);
}

void Sum::Add(double value) {
  const double sum = sum_ + value;
  if (std::isinf(sum)) {
    compensation_ = 0;
  } else if (std::fabs(sum_) >= std::fabs(value)) {
    compensation_ += (sum_ - sum) + value;
  } else {
    compensation_ += (value - sum) + sum_;
  }
  sum_ = sum;
}

double Sum::value() const { return sum_ + compensation_; }

}  // namespace nines::evaluator
