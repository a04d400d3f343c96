#include "tsdb/steps.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/prng.h"
#include "tests/tsdb/hex.h"

namespace nines::tsdb {
namespace {

std::string Written(const std::vector<int64_t>& steps) {
  std::string out;
  PutSteps(steps, PlanSteps(steps), &out);
  return out;
}

void ExpectRoundTrip(const std::vector<int64_t>& steps) {
  const std::string bytes = Written(steps);
  EXPECT_EQ(bytes.size(), PlanSteps(steps).bytes);
  PackedReader in(bytes);
  std::vector<uint64_t> got{1, 2, 3};
  GetSteps(steps.size(), &in, &got);
  EXPECT_TRUE(in.AtEnd()) << testing::PrintToString(steps);
  EXPECT_EQ(std::vector<int64_t>(got.begin(), got.end()), steps);
}

void ExpectBytes(const std::vector<int64_t>& steps, std::string_view hex) {
  EXPECT_EQ(ToHex(Written(steps)), hex) << testing::PrintToString(steps);
  ExpectRoundTrip(steps);
}

TEST(Steps, ExactBytes) {
  ExpectBytes({}, "");
  ExpectBytes({0}, "00 00");
  ExpectBytes({5}, "0a 00");
  ExpectBytes({5, 5, 5}, "0a 00");
  ExpectBytes({-1, 0}, "01 01 02");
  ExpectBytes({5, 6, 8, 5}, "0a 02 34");
}

TEST(Steps, AFewFarStepsArePatches) {
  std::vector<int64_t> steps(100, 15000);
  steps[40] = 45000;
  steps[99] = -3'000'000;
  // Base, width 0 with patches, two of them: 40 further, 58 further; no bits.
  EXPECT_EQ(ToHex(Written(steps)), "b0 ea 01 80 02 28 90 bf 05 3a ff 9a ee 02");
  ExpectRoundTrip(steps);
}

TEST(Steps, EveryWidth) {
  for (unsigned width = 0; width <= 64; ++width) {
    const uint64_t top = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
    for (const size_t n : {1, 2, 7, 8, 9, 64, 65}) {
      std::vector<int64_t> steps;
      for (size_t i = 0; i < n; ++i) steps.push_back(static_cast<int64_t>(i % 2 == 0 ? top : i));
      ExpectRoundTrip(steps);
    }
  }
}

TEST(Steps, EndsOfTheRange) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  ExpectRoundTrip({kMin, kMax});
  ExpectRoundTrip({kMax, kMin, 0, kMin, kMax, -1, 1});
  std::vector<int64_t> steps(50, 0);
  steps[0] = kMin;
  steps[49] = kMax;
  ExpectRoundTrip(steps);
}

TEST(Steps, RandomRoundTrip) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    Prng prng(seed);
    const uint64_t shift = prng.Below(64);
    const uint32_t far_percent = static_cast<uint32_t>(prng.Below(8));
    std::vector<int64_t> steps(1 + prng.Below(150));
    for (int64_t& step : steps) {
      step = static_cast<int64_t>(prng.Next() >> (prng.Chance(far_percent) ? 0 : shift));
    }
    SCOPED_TRACE(seed);
    ExpectRoundTrip(steps);
  }
}

void ExpectRefused(size_t n, std::string_view bytes) {
  PackedReader in(bytes);
  std::vector<uint64_t> steps;
  GetSteps(n, &in, &steps);
  EXPECT_FALSE(in.ok()) << n << " steps of " << ToHex(bytes);
}

TEST(Steps, RefusesWhatDoesNotFit) {
  ExpectRefused(1, "");
  ExpectRefused(1, std::string("\x00", 1));
  ExpectRefused(1, std::string("\x00\x41", 2));                  // 65 bits wide.
  ExpectRefused(9, std::string("\x00\x01\x00", 3));              // A byte of bits is missing.
  ExpectRefused(2, std::string("\x00\x80\x01\x02\x00", 5));      // A patch of the third step.
  ExpectRefused(2, std::string("\x00\x80\x03\x00\x00\x00", 6));  // Three patches.
}

}  // namespace
}  // namespace nines::tsdb
