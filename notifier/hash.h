#pragma once
#include <string>
#include <string_view>

namespace nines::notifier {

// Lower-case hex, 64 digits.
std::string Sha256Hex(std::string_view text);
std::string HmacSha256Hex(std::string_view secret, std::string_view text);

}  // namespace nines::notifier
