#include "base/clock.h"

#include <gtest/gtest.h>

namespace nines {
namespace {

TEST(Clock, MonotonicNeverGoesBack) {
  const Clock& clock = SystemClock();
  std::chrono::nanoseconds last = clock.Monotonic();
  for (int i = 0; i < 10'000; ++i) {
    const std::chrono::nanoseconds now = clock.Monotonic();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Clock, WallIsInThisCentury) {
  const Time now = SystemClock().Wall();
  EXPECT_GT(FormatRfc3339Ms(now), "2024") << FormatRfc3339Ms(now);
  EXPECT_LT(FormatRfc3339Ms(now), "2100") << FormatRfc3339Ms(now);
}

TEST(Clock, IsOneForTheProcess) { EXPECT_EQ(&SystemClock(), &SystemClock()); }

}  // namespace
}  // namespace nines
