#include "base/number.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/prng.h"

namespace nines {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(FormatFloat, IsPrometheusSampleValue) {
  const auto check = [](double value, const std::string& want) {
    EXPECT_EQ(FormatFloat(value), want);
  };
  check(0, "0");
  check(-0.0, "-0");
  check(1, "1");
  check(-1, "-1");
  check(10, "10");
  check(0.1, "0.1");
  check(0.99, "0.99");
  check(-12.5, "-12.5");
  check(123456.789, "123456.789");
  check(1.0 / 3, "0.3333333333333333");
  check(0.000001, "0.000001");
  check(1.5e-6, "0.0000015");
  check(std::nextafter(1e-6, 0), "9.999999999999997e-07");
  check(9.9e-7, "9.9e-07");
  check(-9.9e-7, "-9.9e-07");
  check(1e20, "100000000000000000000");
  check(123456789012345678901.0, "123456789012345680000");
  check(std::nextafter(1e21, 0), "999999999999999900000");
  check(1e21, "1e+21");
  check(-1e21, "-1e+21");
  check(1.25e300, "1.25e+300");
  check(5e-324, "5e-324");
  check(1.7976931348623157e308, "1.7976931348623157e+308");
  check(9007199254740993.0, "9007199254740992");
  check(kNan, "NaN");
  check(-kNan, "NaN");
  check(kInf, "+Inf");
  check(-kInf, "-Inf");
}

TEST(FormatFloatExponent, IsGosEFormat) {
  const auto check = [](double value, const std::string& want) {
    EXPECT_EQ(FormatFloatExponent(value), want);
  };
  check(0, "0e+00");
  check(-0.0, "-0e+00");
  check(1, "1e+00");
  check(-1.5, "-1.5e+00");
  check(0.99, "9.9e-01");
  check(1234, "1.234e+03");
  check(1e100, "1e+100");
  check(5e-324, "5e-324");
  check(kNan, "NaN");
  check(kInf, "+Inf");
  check(-kInf, "-Inf");
}

TEST(ParseFloat, ReadsGosForms) {
  const auto check = [](const std::string& text, double want) {
    const std::optional<double> value = ParseFloat(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(*value, want) << text;
    EXPECT_EQ(std::signbit(*value), std::signbit(want)) << text;
  };
  check("0", 0);
  check("-0", -0.0);
  check("+1", 1);
  check("0.5", 0.5);
  check("0.50", 0.5);
  check("5e-1", 0.5);
  check("5E-1", 0.5);
  check(".5", 0.5);
  check("5.", 5);
  check("1.0", 1);
  check("00012", 12);
  check("1e+21", 1e21);
  check("-2.5e3", -2500);
  check("Inf", kInf);
  check("+Inf", kInf);
  check("-Inf", -kInf);
  check("+iNF", kInf);
  check("1.7976931348623157e308", 1.7976931348623157e308);
  check("5e-324", 5e-324);
  // Too small is zero, however it is written.
  check("1e-400", 0);
  check("-1e-400", -0.0);
  check("1e-99999999999999999999", 0);
  check("0e99999999999999999999", 0);
  check("0." + std::string(500, '0') + "1e501", 1);
  check("1" + std::string(500, '0') + "e-500", 1);
  for (const char* text : {"NaN", "nan", "NAN"}) {
    ASSERT_TRUE(ParseFloat(text)) << text;
    EXPECT_TRUE(std::isnan(*ParseFloat(text))) << text;
  }
}

TEST(ParseFloat, RefusesTheRest) {
  for (const std::string text : {"",
                                 " ",
                                 "+",
                                 "-",
                                 ".",
                                 "e5",
                                 ".e5",
                                 "1e",
                                 "1e+",
                                 "1e5x",
                                 "1 ",
                                 " 1",
                                 "1,5",
                                 "1_000",
                                 "0x1p4",
                                 "0x10",
                                 "--1",
                                 "+-1",
                                 "1.2.3",
                                 "Infinity",
                                 "infinity",
                                 "in",
                                 "+nan",
                                 "-NaN",
                                 "nan(1)",
                                 "1f",
                                 "1e309",
                                 "-1e309",
                                 "1e99999999999999999999",
                                 "1.8e308",
                                 "\xd9\xa1"}) {
    EXPECT_FALSE(ParseFloat(text)) << '"' << text << '"';
  }
  EXPECT_FALSE(ParseFloat(std::string("1\0", 2)));
  EXPECT_FALSE(ParseFloat(std::string(400, '9')));
}

TEST(Float, ReadsBackWhatItPrints) {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    Prng prng(seed);
    for (int i = 0; i < 5000; ++i) {
      const double value = std::bit_cast<double>(prng.Next());
      if (!std::isfinite(value)) continue;
      for (const std::string& text : {FormatFloat(value), FormatFloatExponent(value)}) {
        const std::optional<double> back = ParseFloat(text);
        ASSERT_TRUE(back) << "seed " << seed << ": " << text;
        EXPECT_EQ(std::bit_cast<uint64_t>(*back), std::bit_cast<uint64_t>(value))
            << "seed " << seed << ": " << text;
      }
    }
  }
}

}  // namespace
}  // namespace nines
