#include "base/duration.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/labels.h"
#include "base/prng.h"

namespace nines {
namespace {

constexpr int64_t kSecond = 1000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

TEST(Duration, Parses) {
  const auto check = [](const std::string& text, int64_t want) {
    const Result<Duration> d = ParseDuration(text);
    ASSERT_TRUE(d) << text << ": " << d.error().message;
    EXPECT_EQ(d->count(), want) << text;
  };
  check("0", 0);
  check("0s", 0);
  check("0w", 0);
  check("324ms", 324);
  check("3s", 3 * kSecond);
  check("5m", 5 * kMinute);
  check("1h", kHour);
  check("4d", 4 * kDay);
  check("3w", 21 * kDay);
  check("10y", 3650 * kDay);
  check("1h30m", 90 * kMinute);
  check("4d1h", 4 * kDay + kHour);
  check("3w2d1h", 23 * kDay + kHour);
  check("8y24d", (8 * 365 + 24) * kDay);
  check("1y2w3d4h5m6s7ms", (365 + 14 + 3) * kDay + 4 * kHour + 5 * kMinute + 6 * kSecond + 7);
  check("90m", 90 * kMinute);
  check("007s", 7 * kSecond);
  check("5m100ms", 5 * kMinute + 100);
  check("9223372036854ms", 9223372036854);
  check("9223372036s854ms", 9223372036854);
}

TEST(Duration, Refuses) {
  const auto check = [](const std::string& text, const std::string& want) {
    const Result<Duration> d = ParseDuration(text);
    ASSERT_FALSE(d) << text << " is " << d->count();
    EXPECT_EQ(d.error().code, Code::kInvalid) << text;
    EXPECT_EQ(d.error().message.find(want + ": " + GoQuote(text)), 0u) << d.error().message;
  };
  for (const std::string text : {"",    "1",   "00",   "s",          "m5",   "-5m",  "+5m",   "5 m",
                                 " 5m", "5m ", "5min", "1.5h",       "1m1h", "1m2m", "1ms1s", "1s2",
                                 "5M",  "5mm", "1d2",  "5\xc2\xb5s", "1e3s", "0x5s", "5m\n"}) {
    check(text, "not a duration");
  }
  check("9223372036855ms", "duration out of range");
  check("9223372036s855ms", "duration out of range");
  check("293y", "duration out of range");
  check("292y53w", "duration out of range");
  check("99999999999999999999999999s", "duration out of range");
  check("99999999999999999999999999s1h", "not a duration");
}

TEST(Duration, Formats) {
  const auto check = [](int64_t ms, const std::string& want) {
    EXPECT_EQ(FormatDuration(Duration(ms)), want) << ms;
  };
  check(0, "0s");
  check(1, "1ms");
  check(1500, "1s500ms");
  check(30 * kSecond, "30s");
  check(5 * kMinute, "5m");
  check(90 * kMinute, "1h30m");
  check(kHour + 1, "1h1ms");
  check(kDay, "1d");
  check(7 * kDay, "1w");
  check(30 * kDay, "30d");
  check(28 * kDay, "4w");
  check(90 * kDay, "90d");
  check(365 * kDay, "1y");
  check(366 * kDay, "366d");
  check(371 * kDay, "53w");
  check(730 * kDay, "2y");
  check(7 * kDay + kHour, "7d1h");
  check(-90 * kMinute, "-1h30m");
  check(std::numeric_limits<int64_t>::min(), "-106751991167d7h12m55s808ms");
}

TEST(Duration, ReadsBackWhatItPrints) {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    Prng prng(seed);
    for (int i = 0; i < 2000; ++i) {
      const Duration d(static_cast<int64_t>(prng.Next() >> (prng.Below(43) + 21)));
      EXPECT_EQ(ParseDuration(FormatDuration(d)).value(), d)
          << "seed " << seed << ": " << FormatDuration(d);
    }
  }
}

}  // namespace
}  // namespace nines
