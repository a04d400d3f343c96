#include "evaluator/slo/counting.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "base/number.h"

namespace nines::evaluator {
namespace {

using Samples = std::vector<std::pair<double, double>>;  // {second, value}

Time At(double s) { return FromUnixMs(std::llround(s * 1000)); }

std::string Text(const std::optional<double>& value) {
  return value ? FormatFloat(*value) : "none";
}

// increase() over (from, to] in seconds.
std::optional<double> IncreaseOf(const Samples& samples, double from, double to) {
  tsdb::Window window;
  for (const auto& [second, value] : samples) window.Add({At(second), value});
  return Increase(window, At(from), At(to));
}

TEST(Increase, NeedsTwoSamples) {
  EXPECT_EQ(IncreaseOf({}, 0, 60), std::nullopt);
  EXPECT_EQ(IncreaseOf({{30, 5}}, 0, 60), std::nullopt);
  EXPECT_NE(IncreaseOf({{30, 5}, {45, 6}}, 0, 60), std::nullopt);
}

TEST(Increase, IsTheDifferenceScaledToTheWindow) {
  struct Case {
    const char* why;
    Samples samples;
    double from;
    double to;
    double want;
  };
  const Case cases[] = {
      // 30 over 45 s of samples, 15 s to the start and none to the end: 30 * 60 / 45.
      {"both edges near", {{15, 100}, {30, 110}, {45, 120}, {60, 130}}, 0, 60, 40},
      // The first sample is 40 s in, at 10 s spacing: half a spacing instead. 10 * (10 + 5) / 10.
      {"series begins inside", {{50, 100}, {60, 110}}, 10, 60, 15},
      // Ends 40 s before the end. to_start 0.001. 20 * (20 + 10 / 2 + 10) / 20.
      {"series ends inside", {{10, 100}, {20, 110}, {30, 120}}, 0, 70, 35},
      // From 5 at 10 s with 10 in 10 s it was zero 5 s before. 10 * (10 + 5) / 10.
      {"never below zero", {{10, 5}, {20, 15}}, 0, 20, 15},
      {"starts at zero", {{10, 0}, {20, 10}}, 0, 20, 10},
      // 10 -> 3 is a reset: -7 + 10 + ... = 3 - 10 + 10 = 3; 4 - 10 + 10.
      {"a reset adds what was before", {{10, 10}, {20, 3}, {30, 14}}, 10 - 0.001, 30, 14},
      {"nothing happened", {{10, 7}, {20, 7}, {30, 7}}, 0, 30, 0},
      // A negative first value cannot be a counter from zero: extrapolated to the edge.
      {"negative first value", {{10, -10}, {20, 0}}, 0, 20, 20},
  };
  for (const Case& c : cases) {
    const auto got = IncreaseOf(c.samples, c.from, c.to);
    ASSERT_TRUE(got) << c.why;
    EXPECT_NEAR(*got, c.want, 0.002) << c.why;
  }
}

TEST(Increase, IsExactWhereTheArithmeticIs) {
  EXPECT_EQ(Text(IncreaseOf({{15, 100}, {30, 110}, {45, 120}, {60, 130}}, 0, 60)), "40");
  EXPECT_EQ(Text(IncreaseOf({{50, 100}, {60, 110}}, 10, 60)), "15");
  // 2 * (45 + 15 / 2 + 7.5) / 45, where each operation rounds as Prometheus' does.
  EXPECT_EQ(*IncreaseOf({{10, 100}, {25, 101}, {40, 101}, {55, 102}}, 0, 60),
            2.0 * ((45.0 + 10.0 + 5.0) / 45.0));
}

// The gap at an edge counts as "far" from 1.1 sample distances on.
TEST(Increase, TheThresholdOfTheGapIsInclusive) {
  EXPECT_DOUBLE_EQ(*IncreaseOf({{1.099, 100}, {2.099, 110}}, 0, 2.099), 20.99);
  EXPECT_DOUBLE_EQ(*IncreaseOf({{1.1, 100}, {2.1, 110}}, 0, 2.1), 15);
}

TEST(Increase, ResetsAreAddedInTheOrderOfTime) {
  const double large = 9007199254740992;  // 2^53: adding 1 is lost.
  const auto got = IncreaseOf({{10, 1}, {20, large}, {30, 0}, {40, 1}, {50, 0}, {60, 2}}, 0, 60);
  ASSERT_TRUE(got);
  const double delta = ((2.0 - 1.0) + large) + 1.0;
  const double to_start = 50.0 * (1.0 / delta);
  EXPECT_EQ(*got, delta * ((50.0 + to_start + 0.0) / 50.0));
}

TEST(Sum, KeepsWhatPlainAdditionLoses) {
  Sum sum;
  for (const double value : {1.0, 1e100, 1.0, -1e100}) sum.Add(value);
  EXPECT_EQ(sum.value(), 2.0);
}

TEST(Sum, OfInfinityIsInfinite) {
  Sum sum;
  sum.Add(1);
  sum.Add(std::numeric_limits<double>::infinity());
  EXPECT_EQ(FormatFloat(sum.value()), "+Inf");
}

}  // namespace
}  // namespace nines::evaluator
