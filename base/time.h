#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nines {

// Wall-clock instants and spans, always in milliseconds: the resolution of remote write.  The unit
// lives in the type, so names need no _ms suffix; raw integers that cross a boundary (wire, disk,
// JSON) do carry one.
using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;

constexpr Time FromUnixMs(int64_t ms) { return Time{Duration{ms}}; }
constexpr int64_t ToUnixMs(Time t) { return t.time_since_epoch().count(); }

// RFC 3339 in UTC with exactly three decimals, "2026-11-28T18:42:19.000Z": the form of every time
// in our own APIs and in Alertmanager's API v2.
std::string FormatRfc3339Ms(Time t);

// RFC 3339 in UTC as Go prints it: fraction without trailing zeros, none when it is zero.  The form
// of times in Alertmanager's webhook and in Prometheus' /api/v1/alerts.
std::string FormatRfc3339Go(Time t);

// Unix seconds with up to three decimals, "1435781451.781": the form of times in Prometheus' query
// API and the inverse of ParseTime() for it.
std::string FormatUnixSeconds(Time t);

// Reads RFC 3339 (any offset, any fraction, truncated to ms) or Unix seconds with decimals, as
// Prometheus' API parameters do.  kInvalid names the text.
Result<Time> ParseTime(std::string_view text);

}  // namespace nines
