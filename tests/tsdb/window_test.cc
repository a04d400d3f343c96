#include "tsdb/window.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/prng.h"

namespace nines::tsdb {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

// Values at 0, 1, 2, … ms.
Window Of(const std::vector<double>& values, int64_t start_ms = 0) {
  Window window;
  for (const double value : values) window.Add({FromUnixMs(start_ms++), value});
  return window;
}

void ExpectResets(const std::vector<double>& values, const std::vector<double>& resets) {
  const Window window = Of(values);
  EXPECT_EQ(window.resets.size(), resets.size()) << testing::PrintToString(values);
  for (size_t i = 0; i < std::min(resets.size(), window.resets.size()); ++i) {
    EXPECT_TRUE(SameBits(window.resets[i], resets[i])) << testing::PrintToString(values);
  }
}

TEST(Window, EmptyHasNoSamples) {
  EXPECT_EQ(Window{}.count, 0u);
  EXPECT_TRUE(Window{}.resets.empty());
}

TEST(Window, AddKeepsFirstAndLast) {
  const Window window = Of({3, 4, 9}, 1000);
  EXPECT_EQ(window.count, 3u);
  EXPECT_EQ(ToUnixMs(window.first.at), 1000);
  EXPECT_EQ(window.first.value, 3);
  EXPECT_EQ(ToUnixMs(window.last.at), 1002);
  EXPECT_EQ(window.last.value, 9);
}

TEST(Window, ResetIsTheValueBeforeADrop) {
  ExpectResets({}, {});
  ExpectResets({5}, {});
  ExpectResets({5, 5, 6}, {});
  ExpectResets({5, 4}, {5});
  ExpectResets({5, 1, 7, 0, 0}, {5, 7});
  ExpectResets({-1, -2}, {-1});
  ExpectResets({0.0, -0.0}, {});
  ExpectResets({kInf, 1}, {kInf});
  ExpectResets({1, -kInf}, {1});
}

TEST(Window, NanIsNoDrop) {
  ExpectResets({5, kNan, 1}, {});
  ExpectResets({kNan, 1, 0}, {1});
}

TEST(Window, EqualityIsOfBits) {
  EXPECT_TRUE(Of({kNan}) == Of({kNan}));
  EXPECT_FALSE(Of({0.0}) == Of({-0.0}));
  EXPECT_FALSE(Of({1, 2}) == Of({1, 2}, 1));
  EXPECT_FALSE(Of({1, 2}) == Of({2, 2}));
  EXPECT_FALSE(Of({3, 2, 3, 2, 3}) == Of({3, 2, 3, 3, 3}));
  Window a = Of({5, 1});
  Window b = a;
  b.resets[0] = 6;
  EXPECT_FALSE(a == b);
}

TEST(Window, OfNothingIsEqualWhateverItsSamples) {
  Window a;
  a.first.value = 7;
  EXPECT_TRUE(a == Window{});
}

// Goal: a window does not depend on where it was cut.  Method: random values with drops and NaNs,
// cut at every place.
TEST(Window, AppendOfPartsIsTheWhole) {
  for (const uint64_t seed : {1, 2, 3, 4, 5}) {
    Prng prng(seed);
    std::vector<double> values;
    for (int i = 0; i < 20; ++i) {
      values.push_back(prng.Chance(10) ? kNan : static_cast<double>(prng.Below(10)));
    }
    for (size_t cut = 0; cut <= values.size(); ++cut) {
      const auto middle = values.begin() + static_cast<ptrdiff_t>(cut);
      Window left = Of({values.begin(), middle});
      left.Append(Of({middle, values.end()}, static_cast<int64_t>(cut)));
      EXPECT_TRUE(left == Of(values)) << "seed " << seed << " cut " << cut;
    }
  }
}

}  // namespace
}  // namespace nines::tsdb
