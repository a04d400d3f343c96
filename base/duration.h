#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace nines {

// Prometheus' durations: "0", or units y w d h m s ms, each at most once, in that order
// ("1h30m").  kInvalid: anything else, or out of range.
Result<Duration> ParseDuration(std::string_view text);

// The shortest text of that form as Prometheus prints it: "5m", "1h30m", "1d", "4w2d" for what is
// no whole number of weeks is "30d"; "0s" for zero.
std::string FormatDuration(Duration d);

}  // namespace nines
