#include "evaluator/alert_fsm.h"

#include <algorithm>

#include "base/check.h"

namespace nines::evaluator {
namespace {

Transition Become(State next, Action action, AlertState state, Time now) {
  state.state = next;
  state.since = now;
  return {state, action};
}

// An entry that ended starts afresh when its condition comes back.
Transition End(Action action, Time now) {
  AlertState fresh;
  fresh.stepped_at = now;
  return Become(State::kInactive, action, fresh, now);
}

Transition Fire(AlertState state, Time now) {
  state.fired_at = now;
  state.keep_since.reset();
  return Become(State::kFiring, Action::kFire, state, now);
}

Transition OnBreach(const Hysteresis& config, AlertState state, Time now) {
  switch (state.state) {
    case State::kInactive:
      state.active_since = now;
      state.hold_since = now;
      if (config.hold > Duration{0}) return Become(State::kPending, Action::kPend, state, now);
      return Fire(state, now);
    case State::kPending:
      if (now - state.hold_since >= config.hold) return Fire(state, now);
      return {state, Action::kNothing};
    case State::kFiring:
      state.keep_since.reset();
      return {state, Action::kNothing};
  }
  CHECK(false);
}

Transition OnClear(const Hysteresis& config, AlertState state, Time now) {
  switch (state.state) {
    case State::kInactive:
      return {state, Action::kNothing};
    case State::kPending:
      return End(Action::kDrop, now);
    case State::kFiring:
      if (!state.keep_since) state.keep_since = now;
      if (now - *state.keep_since < config.keep) return {state, Action::kNothing};
      return End(Action::kResolve, now);
  }
  CHECK(false);
}

}  // namespace

std::string_view StateName(State state) {
  switch (state) {
    case State::kInactive:
      return "inactive";
    case State::kPending:
      return "pending";
    case State::kFiring:
      return "firing";
  }
  CHECK(false);
}

std::string_view ActionName(Action action) {
  switch (action) {
    case Action::kNothing:
      return "-";
    case Action::kPend:
      return "pend";
    case Action::kDrop:
      return "drop";
    case Action::kFire:
      return "fire";
    case Action::kResolve:
      return "resolve";
  }
  CHECK(false);
}

Transition Step(const Hysteresis& config, const AlertState& state, Input input, Time now) {
  CHECK(config.hold >= Duration{0});
  CHECK(config.keep >= Duration{0});
  AlertState next = state;
  const Duration passed = std::max(now - state.stepped_at, Duration{0});
  next.stepped_at = now;
  if (input == Input::kNone) {
    if (state.state == State::kPending) next.hold_since += passed;
    if (next.keep_since) *next.keep_since += passed;
  }
  next.hold_since = std::min(next.hold_since, now);
  if (next.keep_since) next.keep_since = std::min(*next.keep_since, now);

  if (input == Input::kBreach) return OnBreach(config, next, now);
  if (input == Input::kClear) return OnClear(config, next, now);
  return {next, Action::kNothing};
}

}  // namespace nines::evaluator
