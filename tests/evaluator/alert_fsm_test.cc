#include "evaluator/alert_fsm.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace nines::evaluator {
namespace {

using std::chrono::seconds;

Time At(int64_t s) { return FromUnixMs(s * 1000); }

Input InputNamed(const std::string& name) {
  if (name == "breach") return Input::kBreach;
  if (name == "clear") return Input::kClear;
  EXPECT_EQ(name, "none");
  return Input::kNone;
}

// Runs a script of lines "second input state action [# comment]" from the inactive state.
AlertState Check(const Hysteresis& config, const std::string& script) {
  AlertState state;
  std::istringstream lines(script);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    int64_t second = 0;
    std::string input, next, action;
    if (!(words >> second >> input >> next >> action)) continue;
    const Transition transition = Step(config, state, InputNamed(input), At(second));
    EXPECT_EQ(StateName(transition.state.state), next) << line;
    EXPECT_EQ(ActionName(transition.action), action) << line;
    state = transition.state;
  }
  return state;
}

TEST(AlertFsm, WithoutForItNeverShowsPending) {
  Check({}, R"(
      0 clear  inactive -
     10 breach firing   fire
     20 breach firing   -        # Fires once.
     30 clear  inactive resolve
     40 clear  inactive -
     50 breach firing   fire
  )");
}

TEST(AlertFsm, ForMustElapse) {
  Check({.hold = seconds{60}}, R"(
      0 breach pending  pend
     59 breach pending  -        # One second short.
     60 breach firing   fire
     61 breach firing   -
  )");
}

TEST(AlertFsm, AClearStartsForAfresh) {
  Check({.hold = seconds{60}}, R"(
      0 breach pending  pend
     30 clear  inactive drop
     40 breach pending  pend
     60 breach pending  -
     99 breach pending  -
    100 breach firing   fire
  )");
}

TEST(AlertFsm, KeepFiringForKeepsLessThanItsTime) {
  Check({.keep = seconds{30}}, R"(
      0 breach firing   fire
     10 clear  firing   -
     39 clear  firing   -        # 29 s of 30.
     40 clear  inactive resolve
  )");
}

TEST(AlertFsm, ABreachEndsTheRunOfClears) {
  Check({.keep = seconds{30}}, R"(
      0 breach firing   fire
     10 clear  firing   -
     30 breach firing   -
     35 clear  firing   -
     64 clear  firing   -
     65 clear  inactive resolve
  )");
}

TEST(AlertFsm, WithoutInputNothingEnds) {
  Check({}, R"(
      0 none   inactive -
     10 breach firing   fire
     20 none   firing   -
    900 none   firing   -
    910 clear  inactive resolve
  )");
}

TEST(AlertFsm, TheClockOfForStandsStillWithoutInput) {
  Check({.hold = seconds{60}}, R"(
      0 breach pending  pend
     50 breach pending  -
     60 none   pending  -
     90 none   pending  -
     95 breach pending  -        # 50 + 5.
     99 breach pending  -
    100 breach firing   fire     # 50 + 10.
  )");
}

TEST(AlertFsm, TheClockOfKeepFiringForStandsStillWithoutInput) {
  Check({.keep = seconds{30}}, R"(
      0 breach firing   fire
     10 clear  firing   -
     20 none   firing   -
    500 none   firing   -
    510 clear  firing   -        # 10.
    529 clear  firing   -        # 29.
    530 clear  inactive resolve
  )");
}

TEST(AlertFsm, TimeWithoutStepsCountsForTheNextInput) {
  Check({.hold = seconds{60}}, R"(
      0 breach pending  pend
     70 breach firing   fire
  )");
}

TEST(AlertFsm, UsersSeeWhenPendingBeganWhateverStoodStill) {
  const AlertState state = Check({.hold = seconds{60}}, R"(
     10 breach pending  pend
     20 none   pending  -
     80 breach firing   fire
  )");
  EXPECT_EQ(state.active_since, At(10));
  EXPECT_EQ(state.fired_at, At(80));
  EXPECT_EQ(state.since, At(80));
  EXPECT_EQ(state.hold_since, At(20));
}

TEST(AlertFsm, AnEndedAlertRemembersOnlyWhenItEnded) {
  const AlertState state = Check({}, "10 breach firing fire\n 20 clear inactive resolve");
  AlertState ended;
  ended.since = At(20);
  ended.stepped_at = At(20);
  EXPECT_EQ(state, ended);
}

TEST(AlertFsm, AClockSetBackDoesNotStretchTheWait) {
  Check({.hold = seconds{60}}, R"(
   1000 breach pending  pend
    100 breach pending  -
    159 breach pending  -
    160 breach firing   fire
  )");
}

TEST(AlertFsm, AShorterForAppliesAtOnce) {
  const Transition pending = Step({.hold = seconds{60}}, {}, Input::kBreach, At(0));
  const Transition fired = Step({.hold = seconds{20}}, pending.state, Input::kBreach, At(20));
  EXPECT_EQ(fired.action, Action::kFire);
}

}  // namespace
}  // namespace nines::evaluator
