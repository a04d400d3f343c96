#include "evaluator/slo/judge.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/check.h"
#include "base/duration.h"
#include "evaluator/slo/budget.h"

namespace nines::evaluator {
namespace {

const WindowMeasure& At(const WindowPlan& plan, const GroupMeasure& measure, Duration window) {
  CHECK(measure.windows.size() == plan.windows.size());
  return measure.windows[plan.Index(window)];
}

bool Counted(const WindowMeasure& window) { return window.counts.total.has_value(); }

std::string BeyondRetention(const WindowPlan& plan, const GroupMeasure& measure) {
  for (size_t i = 0; i < plan.windows.size(); ++i) {
    if (!measure.windows[i].within_retention) {
      return "the window " + FormatDuration(plan.windows[i]) +
             " is longer than the retention of the store";
    }
  }
  return "";
}

struct Verdict {
  Condition condition;
  std::string message;
};

Verdict NoData(const WindowMeasure& primary, const WindowPlan& plan, const GroupMeasure& measure) {
  const std::string last = "in the last " + FormatDuration(plan.primary);
  if (primary.samples_max == 1) {
    return {Condition::kNoData, "only one sample " + last + ": an increase needs two"};
  }
  std::string message = "no samples " + last;
  if (measure.data_through) {
    message += "; the newest is of " + FormatRfc3339Ms(*measure.data_through);
  }
  return {Condition::kNoData, message};
}

std::string Percent(double ratio) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g %%", ratio * 100);
  return text;
}

// `late` says that some data are missing, or is empty.
Verdict Breached(const Slo& slo, const WindowPlan& plan, double ratio, const std::string& late) {
  return {Condition::kBreached, Percent(ratio) + " under " + slo.latency.threshold +
                                    " in the last " + FormatDuration(plan.primary) + ", promised " +
                                    Percent(slo.objective) + (late.empty() ? "" : "; ") + late};
}

Verdict JudgeGroup(const Slo& slo, const WindowPlan& plan, const GroupMeasure& measure) {
  if (!measure.no_such_bound.empty()) return {Condition::kNoSuchBound, measure.no_such_bound};
  const WindowMeasure& primary = At(plan, measure, plan.primary);
  const std::string beyond = BeyondRetention(plan, measure);
  if (!primary.within_retention) return {Condition::kWindowBeyondRetention, beyond};
  if (!Counted(primary)) return NoData(primary, plan, measure);
  const std::string late = measure.reached ? "" : "some series have not sent all data of this slot";
  const std::optional<double> ratio = Ratio(primary.counts);
  // What is worse than a figure that is missing beside the alert's is said first.
  if (ratio && *ratio < slo.objective) return Breached(slo, plan, *ratio, late);
  if (!beyond.empty()) return {Condition::kWindowBeyondRetention, beyond};
  if (!ratio) {
    return {Condition::kNoTraffic, "no events in the last " + FormatDuration(plan.primary)};
  }
  if (!measure.reached) return {Condition::kIncomplete, late};
  if (measure.left_out > 0) {
    return {Condition::kOk,
            "the longer windows leave out series without the bucket at the threshold"};
  }
  return {Condition::kOk, ""};
}

Input WithoutData(OnNoData policy) {
  switch (policy) {
    case OnNoData::kHold:
      return Input::kNone;
    case OnNoData::kOk:
      return Input::kClear;
    case OnNoData::kBad:
      return Input::kBreach;
  }
  CHECK(false);
}

// Whether the burn over one window is above the factor; empty where there is nothing to tell from.
std::optional<bool> Burns(const Slo& slo, const WindowMeasure& window, double factor) {
  if (!Counted(window)) return std::nullopt;
  const std::optional<double> burn = BurnRate(window.counts, slo.objective);
  return burn && *burn > factor;
}

AlertInput BurnInput(const Slo& slo, const WindowPlan& plan, const GroupMeasure& measure,
                     const SloAlert& alert) {
  const WindowMeasure& longer = At(plan, measure, alert.burn->long_window);
  const WindowMeasure& shorter = At(plan, measure, alert.burn->short_window);
  AlertInput result;
  result.value = BurnRate(longer.counts, slo.objective);
  const std::optional<bool> over_long = Burns(slo, longer, alert.burn->factor);
  const std::optional<bool> over_short = Burns(slo, shorter, alert.burn->factor);
  // Both must burn, so one that does not decides even where the other cannot be known.
  if (over_long == false || over_short == false) {
    result.input = Input::kClear;
  } else if (over_long && over_short) {
    result.input = Input::kBreach;
  } else if (longer.within_retention && shorter.within_retention) {
    result.input = WithoutData(alert.on_no_data);
  }
  return result;
}

}  // namespace

GroupStatus FiguresOf(const Slo& slo, const WindowPlan& plan, const GroupMeasure& measure) {
  GroupStatus group;
  group.labels = measure.labels;
  Verdict verdict = JudgeGroup(slo, plan, measure);
  group.condition = verdict.condition;
  group.message = std::move(verdict.message);
  const WindowMeasure& primary = At(plan, measure, plan.primary);
  group.good = primary.counts.good;
  group.total = primary.counts.total;
  group.ratio = Ratio(primary.counts);
  group.error_budget = BudgetOf(At(plan, measure, plan.budget).counts, slo.objective);
  for (size_t i = 0; i < plan.windows.size(); ++i) {
    group.burn_rates[FormatDuration(plan.windows[i])] =
        BurnRate(measure.windows[i].counts, slo.objective);
  }
  group.complete = measure.reached && measure.no_such_bound.empty() && Counted(primary);
  group.data_through = measure.data_through;
  return group;
}

GroupMeasure VanishedGroup(const WindowPlan& plan, Labels labels, Duration retention) {
  GroupMeasure measure;
  measure.labels = std::move(labels);
  for (const Duration window : plan.windows) {
    measure.windows.push_back({.within_retention = window <= retention, .counts = {}});
  }
  return measure;
}

AlertInput InputOf(const Slo& slo, const WindowPlan& plan, const GroupMeasure& measure,
                   const SloAlert& alert, State state) {
  // A threshold that cannot be counted says nothing, whatever the policy for missing data.
  if (!measure.no_such_bound.empty()) return {};
  if (alert.burn) return BurnInput(slo, plan, measure, alert);
  const WindowMeasure& primary = At(plan, measure, plan.primary);
  if (!primary.within_retention) return {};
  if (!Counted(primary)) return {.input = WithoutData(alert.on_no_data), .value = std::nullopt};
  AlertInput result;
  result.value = Ratio(primary.counts);
  const double least = state == State::kFiring ? slo.alert->clear_above : slo.objective;
  result.input = result.value && *result.value < least ? Input::kBreach : Input::kClear;
  return result;
}

bool Worse(Condition a, Condition b) {
  static constexpr std::array kWorstFirst = {
      Condition::kBreached, Condition::kNoSuchBound, Condition::kWindowBeyondRetention,
      Condition::kNoData,   Condition::kIncomplete,  Condition::kNoTraffic,
      Condition::kOk,
  };
  return std::find(kWorstFirst.begin(), kWorstFirst.end(), a) <
         std::find(kWorstFirst.begin(), kWorstFirst.end(), b);
}

}  // namespace nines::evaluator
