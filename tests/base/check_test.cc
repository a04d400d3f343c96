#include "base/check.h"

#include <gtest/gtest.h>

namespace nines {
namespace {

TEST(CheckDeathTest, NamesConditionAndPlaceAndAborts) {
  const int one = 1;
  EXPECT_DEATH(CHECK(one == 2), "CHECK failed: one == 2 at .*check_test.cc:[0-9]+");
}

TEST(Check, EvaluatesItsConditionOnceAndGoesOn) {
  int count = 0;
  CHECK(++count == 1);
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace nines
