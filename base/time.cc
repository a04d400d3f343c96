#include "base/time.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/labels.h"
#include "base/number.h"

namespace nines {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::year_month_day;

// RFC 3339 has four digits for the year; what lies outside is printed as the nearest it can say.
constexpr Time kFirst = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr Time kLast = Time(std::chrono::sys_days(std::chrono::year(10000) / 1 / 1)) - Duration(1);

// Beyond 2^53 ms neither seconds as a double nor sums with a Duration are exact.
constexpr double kUnixSecondsMax = 9007199254740.0;

// "2026-11-28T18:42:19" and the milliseconds that follow it.
std::string FormatToSeconds(Time t, int* ms) {
  t = std::clamp(t, kFirst, kLast);
  const auto day = std::chrono::floor<days>(t);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss time(t - day);
  *ms = static_cast<int>(time.subseconds().count());
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

// A reader over the fixed-width fields of RFC 3339.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool Skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `width` digits, at most `max`; -1 for anything else.
  int Digits(size_t width, int max) {
    if (rest_.size() < width) return -1;
    int value = 0;
    for (size_t i = 0; i < width; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return -1;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return value <= max ? value : -1;
  }
  // The digits of a fraction as milliseconds, cut after the third; -1 where there is no digit.
  int FractionMs() {
    int ms = 0;
    size_t count = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++count) {
      if (count < 3) ms = ms * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    for (size_t i = count; i < 3; ++i) ms *= 10;
    return count == 0 ? -1 : ms;
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// What follows the seconds: "Z" or "+01:00"; the span by which local time is ahead of UTC.
std::optional<minutes> ParseOffset(Cursor& in) {
  if (in.Skip('Z')) return minutes(0);
  const bool ahead = in.Skip('+');
  if (!ahead && !in.Skip('-')) return std::nullopt;
  const int hour = in.Digits(2, 23);
  const bool colon = in.Skip(':');
  const int minute = in.Digits(2, 59);
  if (hour < 0 || !colon || minute < 0) return std::nullopt;
  const minutes offset = hours(hour) + minutes(minute);
  return ahead ? offset : -offset;
}

std::optional<Time> ParseRfc3339(std::string_view text) {
  Cursor in(text);
  const int year = in.Digits(4, 9999);
  bool ok = in.Skip('-');
  const int month = in.Digits(2, 12);
  ok = ok && in.Skip('-');
  const int day = in.Digits(2, 31);
  ok = ok && in.Skip('T');
  const int hour = in.Digits(2, 23);
  ok = ok && in.Skip(':');
  const int minute = in.Digits(2, 59);
  ok = ok && in.Skip(':');
  const int second = in.Digits(2, 59);
  if (!ok || year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) {
    return std::nullopt;
  }
  const year_month_day date =
      std::chrono::year(year) / static_cast<unsigned>(month) / static_cast<unsigned>(day);
  if (!date.ok()) return std::nullopt;
  int ms = 0;
  if (in.Skip('.')) {
    ms = in.FractionMs();
    if (ms < 0) return std::nullopt;
  }
  const std::optional<minutes> offset = ParseOffset(in);
  if (!offset || !in.done()) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + hours(hour) + minutes(minute) + seconds(second) +
         Duration(ms) - *offset;
}

}  // namespace

std::string FormatRfc3339Ms(Time t) {
  int ms = 0;
  std::string text = FormatToSeconds(t, &ms);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", ms);
  return text + fraction;
}

std::string FormatRfc3339Go(Time t) {
  int ms = 0;
  std::string text = FormatToSeconds(t, &ms);
  if (ms != 0) {
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%03d", ms);
    text += fraction;
    while (text.back() == '0') text.pop_back();
  }
  return text + "Z";
}

std::string FormatUnixSeconds(Time t) {
  const int64_t ms = ToUnixMs(t);
  const uint64_t size = ms < 0 ? 0 - static_cast<uint64_t>(ms) : static_cast<uint64_t>(ms);
  char text[32];
  int length = std::snprintf(text, sizeof text, "%s%llu", ms < 0 ? "-" : "",
                             static_cast<unsigned long long>(size / 1000));
  if (const unsigned rest = static_cast<unsigned>(size % 1000); rest != 0) {
    length +=
        std::snprintf(text + length, sizeof text - static_cast<size_t>(length), ".%03u", rest);
  }
  return std::string(text, static_cast<size_t>(length));
}

Result<Time> ParseTime(std::string_view text) {
  if (const std::optional<double> value = ParseFloat(text)) {
    if (!(std::abs(*value) <= kUnixSecondsMax)) {
      return Error{Code::kInvalid, "time out of range: " + GoQuote(text)};
    }
    double whole = 0;
    const double fraction = std::modf(*value, &whole);
    return FromUnixMs(static_cast<int64_t>(whole) * 1000 + std::llround(fraction * 1000));
  }
  if (const std::optional<Time> time = ParseRfc3339(text)) return *time;
  return Error{Code::kInvalid,
               "cannot parse " + GoQuote(text) + " as a time: want RFC 3339 or Unix seconds"};
}

}  // namespace nines
