#include "base/prng.h"

#include <gtest/gtest.h>

namespace nines {
namespace {

// The first outputs of SplitMix64 for two seeds, as its authors' program prints them.
TEST(Prng, GivesTheSameRunEverywhere) {
  Prng zero(0);
  EXPECT_EQ(zero.Next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(zero.Next(), 0x6e789e6aa1b965f4u);
  EXPECT_EQ(zero.Next(), 0x06c45d188009454fu);
  Prng other(1234567);
  EXPECT_EQ(other.Next(), 6457827717110365317u);
  EXPECT_EQ(other.Next(), 3203168211198807973u);
}

TEST(Prng, StaysBelow) {
  Prng prng(42);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(prng.Below(7), 7u);
  EXPECT_EQ(prng.Below(1), 0u);
}

TEST(Prng, ChanceIsInPercent) {
  Prng prng(42);
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(prng.Chance(0));
    EXPECT_TRUE(prng.Chance(100));
    if (prng.Chance(25)) ++hits;
  }
  EXPECT_GT(hits, 2300);
  EXPECT_LT(hits, 2700);
}

}  // namespace
}  // namespace nines
