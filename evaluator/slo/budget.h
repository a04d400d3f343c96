#pragma once
#include <optional>

#include "evaluator/slo/status.h"

// Ratio, burn and budget of counts.  Pure.  Formulas: evaluator/SLO.md.

namespace nines::evaluator {

// Good and all events of one window, summed over the series of a group.  Both or none are known.
struct Counts {
  std::optional<double> good;
  std::optional<double> total;
};

// good / total; empty without events.
std::optional<double> Ratio(const Counts& counts);

// How many times faster than evenly the budget is spent: (1 - ratio) / (1 - objective).
// REQUIRES: objective < 1.
std::optional<double> BurnRate(const Counts& counts, double objective);

// The error budget of the SLO's window; all empty where the counts are not known, and what divides
// by the events empty without events.
ErrorBudget BudgetOf(const Counts& counts, double objective);

}  // namespace nines::evaluator
