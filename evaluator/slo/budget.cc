#include "evaluator/slo/budget.h"

#include "base/check.h"

namespace nines::evaluator {

std::optional<double> Ratio(const Counts& counts) {
  if (!counts.good || !counts.total || *counts.total == 0) return std::nullopt;
  return *counts.good / *counts.total;
}

std::optional<double> BurnRate(const Counts& counts, double objective) {
  CHECK(objective < 1);
  const std::optional<double> ratio = Ratio(counts);
  if (!ratio) return std::nullopt;
  return (1 - *ratio) / (1 - objective);
}

ErrorBudget BudgetOf(const Counts& counts, double objective) {
  CHECK(objective < 1);
  ErrorBudget budget;
  if (!counts.good || !counts.total) return budget;
  const double total = (1 - objective) * *counts.total;
  const double consumed = *counts.total - *counts.good;
  budget.events = *counts.total;
  budget.total = total;
  budget.consumed = consumed;
  if (*counts.total == 0) return budget;
  budget.remaining_events = total - consumed;
  budget.remaining_ratio = (total - consumed) / total;
  return budget;
}

}  // namespace nines::evaluator
