#include "base/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace nines {
namespace {

// "NaN", "+Inf", "-Inf"; "" for a finite value.
std::string_view NotFinite(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return "";
}

std::string Scientific(double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  return std::string(text, end.ptr);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// A decimal number without its sign, seen to be well-formed.
struct Decimal {
  int64_t power = 0;  // Of ten, of the first digit that is not 0.
  bool zero = true;
};

// digits ["." digits] [("e"|"E") ["+"|"-"] digits], at least one digit before the exponent.
std::optional<Decimal> ScanDecimal(std::string_view text) {
  constexpr int64_t kExponentCap = 1'000'000'000;
  Decimal out;
  size_t i = 0;
  int64_t whole = 0;  // Digits from the first that is not 0, before the point.
  int64_t zeros = 0;  // Zeros between the point and the first digit that is not 0.
  const auto digits = [&](bool after_point) {
    const size_t start = i;
    for (; i < text.size() && IsDigit(text[i]); ++i) {
      if (text[i] != '0') out.zero = false;
      if (!after_point && !out.zero) ++whole;
      if (after_point && out.zero) ++zeros;
    }
    return i - start;
  };
  size_t count = digits(false);
  if (i < text.size() && text[i] == '.') {
    ++i;
    count += digits(true);
  }
  if (count == 0) return std::nullopt;
  out.power = whole > 0 ? whole - 1 : -zeros - 1;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    bool negative = false;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) negative = text[i++] == '-';
    if (i == text.size()) return std::nullopt;
    int64_t exponent = 0;
    for (; i < text.size() && IsDigit(text[i]); ++i) {
      exponent = std::min(exponent * 10 + (text[i] - '0'), kExponentCap);
    }
    out.power += negative ? -exponent : exponent;
  }
  if (i != text.size()) return std::nullopt;
  return out;
}

}  // namespace

std::string FormatFloat(double value) {
  if (const std::string_view name = NotFinite(value); !name.empty()) return std::string(name);
  const std::string text = Scientific(value);
  const double size = std::abs(value);
  if (size != 0 && (size < 1e-6 || size >= 1e21)) return text;

  // The fixed form of to_chars prints large integers to the last bit; the shortest digits, padded
  // with zeros, are wanted here.
  const size_t e = text.find('e');
  const bool negative = text[0] == '-';
  std::string digits;
  for (size_t i = 0; i < e; ++i) {
    if (IsDigit(text[i])) digits += text[i];
  }
  int exponent = 0;
  const char* exponent_text = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_text, text.data() + text.size(), exponent);

  std::string out = negative ? "-" : "";
  if (exponent < 0) {
    return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  }
  const size_t whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0');
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string FormatFloatExponent(double value) {
  if (const std::string_view name = NotFinite(value); !name.empty()) return std::string(name);
  return Scientific(value);
}

std::optional<double> ParseFloat(std::string_view text) {
  if (EqualsIgnoringCase(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const auto sign = [&](double size) { return negative ? -size : size; };
  if (EqualsIgnoringCase(text, "inf")) return sign(std::numeric_limits<double>::infinity());

  const std::optional<Decimal> decimal = ScanDecimal(text);
  if (!decimal) return std::nullopt;
  if (decimal->zero) return sign(0.0);
  // Far outside what a double holds: Go refuses the large and reads the small as zero.
  if (decimal->power > 400) return std::nullopt;
  if (decimal->power < -400) return sign(0.0);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (decimal->power > 0) return std::nullopt;
    return sign(0.0);
  }
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (std::isinf(value)) return std::nullopt;
  return sign(value);
}

}  // namespace nines
