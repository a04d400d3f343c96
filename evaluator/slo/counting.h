#pragma once
#include <optional>

#include "base/time.h"
#include "tsdb/window.h"

// What PromQL's range functions make of a window of a counter.  Formulas: evaluator/SLO.md.

namespace nines::evaluator {

// increase() of a float counter over the left-open window (from, to], with Prometheus 3's
// extrapolation to the window's edges (promql/functions.go, extrapolatedRate) in its order of
// operations, so that results are equal to the last bit.  nullopt with fewer than two samples.
// REQUIRES: the samples of `window` lie in (from, to].
std::optional<double> Increase(const tsdb::Window& window, Time from, Time to);

// sum() as Prometheus adds: with Neumaier's compensation, in the order given.
class Sum {
 public:
  void Add(double value);
  double value() const;

 private:
  double sum_ = 0;
  double compensation_ = 0;
};

}  // namespace nines::evaluator
