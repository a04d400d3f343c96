#include "base/duration.h"

#include <limits>

#include "base/labels.h"

namespace nines {
namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
  bool whole_only;  // Printed only where nothing is left over: 90d reads better than 12w6d.
};

constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;
constexpr Unit kUnits[] = {
    {"y", 365 * kDayMs, true}, {"w", 7 * kDayMs, true}, {"d", kDayMs, false},
    {"h", 3'600'000, false},   {"m", 60'000, false},    {"s", 1000, false},
    {"ms", 1, false},
};

// Prometheus holds durations in 63 bits of nanoseconds, some 292 years.
constexpr int64_t kMaxMs = std::numeric_limits<int64_t>::max() / 1'000'000;

Error Invalid(std::string_view text) {
  return {Code::kInvalid, "not a duration: " + GoQuote(text) + " (want for example 90s, 1h30m)"};
}

Error OutOfRange(std::string_view text) {
  return {Code::kInvalid, "duration out of range: " + GoQuote(text)};
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<Duration> ParseDuration(std::string_view text) {
  if (text == "0") return Duration(0);
  if (text.empty()) return Invalid(text);

  int64_t total = 0;
  bool too_large = false;
  const Unit* next = std::begin(kUnits);  // Units before it are used up.
  std::string_view rest = text;
  while (!rest.empty()) {
    int64_t value = 0;
    size_t digits = 0;
    for (; digits < rest.size() && IsDigit(rest[digits]); ++digits) {
      if (value <= kMaxMs) value = value * 10 + (rest[digits] - '0');
    }
    size_t end = digits;
    while (end < rest.size() && !IsDigit(rest[end])) ++end;
    const std::string_view name = rest.substr(digits, end - digits);
    while (next != std::end(kUnits) && next->name != name) ++next;
    if (digits == 0 || next == std::end(kUnits)) return Invalid(text);
    if (value > kMaxMs / next->ms || total > kMaxMs - value * next->ms) {
      too_large = true;  // Reported below: a text that is no duration at all comes first.
    } else {
      total += value * next->ms;
    }
    ++next;
    rest.remove_prefix(end);
  }
  if (too_large) return OutOfRange(text);
  return Duration(total);
}

std::string FormatDuration(Duration d) {
  const int64_t ms = d.count();
  if (ms == 0) return "0s";
  std::string out = ms < 0 ? "-" : "";
  uint64_t rest = ms < 0 ? 0 - static_cast<uint64_t>(ms) : static_cast<uint64_t>(ms);
  for (const Unit& unit : kUnits) {
    const uint64_t size = static_cast<uint64_t>(unit.ms);
    if (unit.whole_only && rest % size != 0) continue;
    if (rest < size) continue;
    out += std::to_string(rest / size);
    out += unit.name;
    rest %= size;
  }
  return out;
}

}  // namespace nines
