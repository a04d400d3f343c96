#pragma once
#include <string>
#include <vector>

#include "base/time.h"

// Multi-window, multi-burn-rate alerts: chapter 5 of Google's "The Site Reliability Workbook".

namespace nines::evaluator {

// Alerts while the burn over both windows is above `factor`: the long one says that it matters, the
// short one that it still goes on.
struct BurnRateRow {
  Duration long_window{0};
  Duration short_window{0};
  double factor = 0;
  std::string severity;

  bool operator==(const BurnRateRow&) const = default;
};

// "1h/5m".
std::string RowName(const BurnRateRow& row);

// The workbook's table, with factors for an SLO over `window`: a row alerts when its part of the
// budget (2 %, 5 %, 10 %, 10 %) is spent within its long window.  For 30d:
//   page    1h/5m  14.4     ticket  1d/2h  3
//   page    6h/30m  6       ticket  3d/6h  1
std::vector<BurnRateRow> GoogleRows(Duration window);

// GoogleRows() needs at least its longest window.
inline constexpr Duration kGoogleWindowMin = std::chrono::hours{24 * 3};

}  // namespace nines::evaluator
