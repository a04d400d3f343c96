#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace nines {

// Shortest text that reads back as the same double, as Prometheus' query API prints sample values:
// exponent only below 1e-6 or from 1e21 ("9.9e-07", "1e+21", "-0"), "NaN", "+Inf", "-Inf".
std::string FormatFloat(double value);

// Go's 'e' format with the fewest digits, "1e+00": the value of an alert in /api/v1/alerts.
std::string FormatFloatExponent(double value);

// Reads what Go's strconv.ParseFloat reads as bucket bounds are written: decimal, exponent, "Inf",
// "+Inf", "-Inf", "NaN" in any case.  nullopt for anything else, trailing bytes included.
std::optional<double> ParseFloat(std::string_view text);

}  // namespace nines
