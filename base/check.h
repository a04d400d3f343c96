#pragma once

namespace nines {

// Prints "CHECK failed: …" with the place and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace nines

// For our own bugs only, on in release too.  What comes from input, disk or network is an Error.
#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::nines::CheckFailed(#condition, __FILE__, __LINE__))
