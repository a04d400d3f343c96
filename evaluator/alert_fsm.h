#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

// The states of one alert, as Prometheus' alerting rules have them (rules/alerting.go), and what
// Prometheus does not have: an input that says nothing.  Pure: time is an argument.
//
//   state     input   when                                  next      action
//   inactive  breach  hold == 0                             firing    fire
//   inactive  breach  hold > 0                              pending   pend
//   inactive  clear   always                                inactive  -
//   pending   breach  now - hold_since >= hold              firing    fire
//   pending   breach  else                                  pending   -
//   pending   clear   always                                inactive  drop
//   firing    breach  always; the run of clears ends        firing    -
//   firing    clear   now - keep_since < keep               firing    -
//   firing    clear   else (keep_since is now at the first  inactive  resolve
//                     clear: keep == 0 resolves at once)
//   any       none    always; the clock that runs moves by   same      -
//                     the time since the last step
//
// `hold` is `for`, `keep` is `keep_firing_for` of a rule.  Time between two steps counts in full
// for the input of the later one, a stall or a restart too.

namespace nines::evaluator {

enum class State : uint8_t { kInactive, kPending, kFiring };
std::string_view StateName(State state);  // "inactive", "pending", "firing".

struct Hysteresis {
  Duration hold{0};
  Duration keep{0};
};

enum class Input : uint8_t { kBreach, kClear, kNone };

enum class Action : uint8_t {
  kNothing,
  kPend,
  kDrop,  // Pending ended without having fired.
  kFire,
  kResolve,
};
std::string_view ActionName(Action action);  // "-", "pend", "drop", "fire", "resolve".

// The optional times are set in pending and firing, where the comment says no more.
struct AlertState {
  State state = State::kInactive;
  std::optional<Time> since;         // This state began; empty before the first change.
  std::optional<Time> active_since;  // Pending began, as users see it: never moved.
  std::optional<Time> fired_at;      // Firing.
  Time hold_since{};                 // The clock of `hold` started; it runs while pending.
  std::optional<Time> keep_since;    // Firing and clear: the clock of `keep` started.
  Time stepped_at{};                 // The last step.

  bool operator==(const AlertState&) const = default;
};

struct Transition {
  AlertState state;
  Action action = Action::kNothing;
};

// Where `now` is before the last step (the machine's clock was set back), clocks that started after
// `now` start at `now`.
Transition Step(const Hysteresis& config, const AlertState& state, Input input, Time now);

}  // namespace nines::evaluator
