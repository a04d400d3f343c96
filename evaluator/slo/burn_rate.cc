#include "evaluator/slo/burn_rate.h"

#include "base/check.h"
#include "base/duration.h"

namespace nines::evaluator {

std::string RowName(const BurnRateRow& row) {
  return FormatDuration(row.long_window) + "/" + FormatDuration(row.short_window);
}

std::vector<BurnRateRow> GoogleRows(Duration window) {
  using std::chrono::hours;
  using std::chrono::minutes;
  struct Spec {
    Duration long_window;
    Duration short_window;
    double budget_percent;
    const char* severity;
  };
  static constexpr Spec kSpecs[] = {
      {hours{1}, minutes{5}, 2, "page"},
      {hours{6}, minutes{30}, 5, "page"},
      {hours{24}, hours{2}, 10, "ticket"},
      {hours{72}, hours{6}, 10, "ticket"},
  };
  CHECK(window >= kGoogleWindowMin);
  std::vector<BurnRateRow> rows;
  for (const Spec& spec : kSpecs) {
    // One division, so that 30d gives 14.4 and not a neighbour of it.
    const double factor = spec.budget_percent * static_cast<double>(window.count()) /
                          (100 * static_cast<double>(spec.long_window.count()));
    rows.push_back({spec.long_window, spec.short_window, factor, spec.severity});
  }
  return rows;
}

}  // namespace nines::evaluator
