#pragma once

namespace nines::app {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace nines::app
