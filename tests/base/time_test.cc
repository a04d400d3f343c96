#include "base/time.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/prng.h"

namespace nines {
namespace {

TEST(Time, FormatsRfc3339) {
  const auto check = [](int64_t unix_ms, const std::string& ms, const std::string& go) {
    EXPECT_EQ(FormatRfc3339Ms(FromUnixMs(unix_ms)), ms) << unix_ms;
    EXPECT_EQ(FormatRfc3339Go(FromUnixMs(unix_ms)), go) << unix_ms;
  };
  check(0, "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00Z");
  check(1, "1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.001Z");
  check(10, "1970-01-01T00:00:00.010Z", "1970-01-01T00:00:00.01Z");
  check(100, "1970-01-01T00:00:00.100Z", "1970-01-01T00:00:00.1Z");
  check(-1, "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z");
  check(1582934400000, "2020-02-29T00:00:00.000Z", "2020-02-29T00:00:00Z");
  check(1435781451781, "2015-07-01T20:10:51.781Z", "2015-07-01T20:10:51.781Z");
  check(-62135596800000, "0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00Z");
  check(-62167219200000, "0000-01-01T00:00:00.000Z", "0000-01-01T00:00:00Z");
  check(253402300799999, "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
  // One further on either side, and the ends of the type, print the nearest that the form can say.
  check(253402300800000, "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
  check(-62167219200001, "0000-01-01T00:00:00.000Z", "0000-01-01T00:00:00Z");
  check(std::numeric_limits<int64_t>::max(), "9999-12-31T23:59:59.999Z",
        "9999-12-31T23:59:59.999Z");
  check(std::numeric_limits<int64_t>::min(), "0000-01-01T00:00:00.000Z", "0000-01-01T00:00:00Z");
}

TEST(Time, FormatsUnixSecondsAsPrometheusDoes) {
  const auto check = [](int64_t unix_ms, const std::string& want) {
    EXPECT_EQ(FormatUnixSeconds(FromUnixMs(unix_ms)), want) << unix_ms;
  };
  check(0, "0");
  check(1000, "1");
  check(1435781451781, "1435781451.781");
  check(1500, "1.500");  // Three decimals or none.
  check(1, "0.001");
  check(10, "0.010");
  check(-1, "-0.001");
  check(-1500, "-1.500");
  check(std::numeric_limits<int64_t>::min(), "-9223372036854775.808");
}

TEST(Time, Parses) {
  const auto check = [](const std::string& text, int64_t want) {
    const Result<Time> time = ParseTime(text);
    ASSERT_TRUE(time) << text << ": " << time.error().message;
    EXPECT_EQ(ToUnixMs(*time), want) << text;
  };
  check("0", 0);
  check("1435781451.781", 1435781451781);
  check("1.4357814517814e9", 1435781451781);
  check("-1.5", -1500);
  check("0.0004", 0);
  check("0.0006", 1);
  check("9007199254740", 9007199254740000);
  check("1970-01-01T00:00:00Z", 0);
  check("2015-07-01T20:10:51.781Z", 1435781451781);
  check("2015-07-01T22:10:51.781+02:00", 1435781451781);
  check("2015-07-01T14:40:51.781-05:30", 1435781451781);
  check("2015-07-01T20:10:51.7Z", 1435781451700);
  check("2015-07-01T20:10:51.78Z", 1435781451780);
  check("2015-07-01T20:10:51.781999999Z", 1435781451781);  // Cut, not rounded.
  check("1969-12-31T23:59:59.9999Z", -1);
  check("2020-02-29T00:00:00Z", 1582934400000);
  check("0001-01-01T00:00:00Z", -62135596800000);
  check("9999-12-31T23:59:59.999Z", 253402300799999);
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const std::string text : {"",
                                 "now",
                                 "NaN",
                                 "Inf",
                                 "-Inf",
                                 "1e300",
                                 "9007199254741",
                                 "-9007199254741",
                                 "2015-07-01",
                                 "2015-07-01T20:10:51",
                                 "2015-07-01T20:10:51.Z",
                                 "2015-07-01 20:10:51Z",
                                 "2015-07-01t20:10:51Z",
                                 "2015-07-01T20:10:51z",
                                 "2015-07-01T20:10:51Zx",
                                 "2015-7-01T20:10:51Z",
                                 "2015-07-01T24:00:00Z",
                                 "2015-07-01T20:60:00Z",
                                 "2015-07-01T20:10:60Z",
                                 "2015-13-01T00:00:00Z",
                                 "2015-00-01T00:00:00Z",
                                 "2015-02-29T00:00:00Z",
                                 "2015-04-31T00:00:00Z",
                                 "2015-01-00T00:00:00Z",
                                 "12015-07-01T20:10:51Z",
                                 "2015-07-01T20:10:51+2:00",
                                 "2015-07-01T20:10:51+0200",
                                 "2015-07-01T20:10:51+24:00",
                                 "2015-07-01T20:10:51+01:60",
                                 "2015/07/01T20:10:51Z",
                                 "20x5-07-01T20:10:51Z",
                                 " 1",
                                 "1 "}) {
    const Result<Time> time = ParseTime(text);
    ASSERT_FALSE(time) << '"' << text << '"';
    EXPECT_EQ(time.error().code, Code::kInvalid);
    EXPECT_NE(time.error().message.find('"' + text + '"'), std::string::npos)
        << time.error().message;
  }
}

TEST(Time, ReadsBackWhatItPrints) {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    Prng prng(seed);
    for (int i = 0; i < 2000; ++i) {
      // Within the years of RFC 3339.
      const Time t =
          FromUnixMs(-62167219200000 + static_cast<int64_t>(prng.Below(315569519999999)));
      EXPECT_EQ(ParseTime(FormatRfc3339Ms(t)).value(), t) << "seed " << seed << " " << ToUnixMs(t);
      EXPECT_EQ(ParseTime(FormatRfc3339Go(t)).value(), t) << "seed " << seed << " " << ToUnixMs(t);
      EXPECT_EQ(ParseTime(FormatUnixSeconds(t)).value(), t)
          << "seed " << seed << " " << ToUnixMs(t);
    }
  }
}

}  // namespace
}  // namespace nines
