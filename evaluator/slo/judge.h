#pragma once
#include <optional>
#include <string>

#include "evaluator/alert_fsm.h"
#include "evaluator/slo/measure.h"
#include "evaluator/slo/slo_alerts.h"
#include "evaluator/slo/spec.h"
#include "evaluator/slo/status.h"

// What the figures of a group mean: its condition, and the input of each of its alerts.  Pure.

namespace nines::evaluator {

// Fills in everything of a group but its alerts and its state.
GroupStatus FiguresOf(const Slo& slo, const WindowPlan& plan, const GroupMeasure& measure);

// A group of the plan that has no series any more.
GroupMeasure VanishedGroup(const WindowPlan& plan, Labels labels, Duration retention);

struct AlertInput {
  Input input = Input::kNone;
  std::optional<double> value;  // The ratio, or the burn of the long window.
};

// `state` is the alert's: clear_above holds only for one that fires.
AlertInput InputOf(const Slo& slo, const WindowPlan& plan, const GroupMeasure& measure,
                   const SloAlert& alert, State state);

// Whether `a` is a worse thing to have than `b`.
bool Worse(Condition a, Condition b);

}  // namespace nines::evaluator
