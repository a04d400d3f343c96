#include "evaluator/slo/budget.h"

#include <gtest/gtest.h>

#include "base/number.h"
#include "evaluator/slo/burn_rate.h"

namespace nines::evaluator {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

std::string Text(const std::optional<double>& value) {
  return value ? FormatFloat(*value) : "null";
}

TEST(Ratio, IsNothingWithoutEvents) {
  EXPECT_EQ(Text(Ratio({})), "null");
  EXPECT_EQ(Text(Ratio({.good = 0, .total = 0})), "null");
  EXPECT_EQ(Text(Ratio({.good = 98, .total = 100})), "0.98");
}

TEST(BurnRate, IsOneWhereTheBudgetLastsTheWindow) {
  EXPECT_NEAR(*BurnRate({.good = 99, .total = 100}, 0.99), 1, 1e-9);
  EXPECT_NEAR(*BurnRate({.good = 0, .total = 100}, 0.99), 100, 1e-9);
  EXPECT_EQ(Text(BurnRate({.good = 100, .total = 100}, 0.99)), "0");
  EXPECT_EQ(Text(BurnRate({.good = 0, .total = 0}, 0.99)), "null");
}

TEST(Budget, CountsBadEvents) {
  // 1000 events allow 250 bad ones; 100 were.
  const ErrorBudget budget = BudgetOf({.good = 900, .total = 1000}, 0.75);
  EXPECT_EQ(Text(budget.events), "1000");
  EXPECT_EQ(Text(budget.total), "250");
  EXPECT_EQ(Text(budget.consumed), "100");
  EXPECT_EQ(Text(budget.remaining_events), "150");
  EXPECT_EQ(Text(budget.remaining_ratio), "0.6");
}

TEST(Budget, MayBeOverspent) {
  const ErrorBudget budget = BudgetOf({.good = 500, .total = 1000}, 0.75);
  EXPECT_EQ(Text(budget.remaining_events), "-250");
  EXPECT_EQ(Text(budget.remaining_ratio), "-1");
}

TEST(Budget, HasNoRestWithoutEvents) {
  const ErrorBudget budget = BudgetOf({.good = 0, .total = 0}, 0.75);
  EXPECT_EQ(Text(budget.events), "0");
  EXPECT_EQ(Text(budget.remaining_events), "null");
  EXPECT_EQ(Text(budget.remaining_ratio), "null");
}

TEST(Budget, IsUnknownWithoutData) { EXPECT_EQ(Text(BudgetOf({}, 0.75).events), "null"); }

TEST(GoogleRows, AreTheWorkbooksFor30Days) {
  const std::vector<BurnRateRow> want = {
      {hours{1}, minutes{5}, 14.4, "page"},
      {hours{6}, minutes{30}, 6, "page"},
      {hours{24}, hours{2}, 3, "ticket"},
      {hours{72}, hours{6}, 1, "ticket"},
  };
  EXPECT_EQ(GoogleRows(hours{24 * 30}), want);
  EXPECT_EQ(RowName(want[0]), "1h/5m");
}

TEST(GoogleRows, ScaleWithTheWindow) {
  const auto rows = GoogleRows(hours{24 * 28});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(FormatFloat(rows[0].factor), "13.44");
  EXPECT_EQ(FormatFloat(rows[1].factor), "5.6");
  EXPECT_EQ(FormatFloat(rows[2].factor), "2.8");
  EXPECT_NEAR(rows[3].factor, 0.9333, 0.0001);
}

}  // namespace
}  // namespace nines::evaluator
