#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace nines {

// What the caller can do about a failure; the message says what happened.
enum class Code : uint8_t {
  kInvalid = 1,  // The input is at fault; retrying the same input cannot help.
  kNotFound,     // Nothing by that name.
  kUnavailable,  // Try again later (disk stalled, receiver down).
  kExhausted,    // A documented limit was reached.
  kCorrupt,      // Stored bytes failed a check.  Never retried, always logged.
};

struct Error {
  Code code;
  std::string message;  // Lower case, no full stop; outermost context first.
};

// Called by result<T, Error>::value() when there is no value: a bug of the caller.
[[noreturn]] inline void throw_exception_from_error(const Error& e, const boost::source_location&) {
  throw std::logic_error("unchecked error: " + e.message);
}

// Value or Error.  std::expected needs C++23; Boost.System 1.81 has the same shape.  Errors are
// returned, never thrown, across every folder boundary.
template <class T>
using Result = boost::system::result<T, Error>;

// Puts `context` before the message: Wrap("nines.yml", e) -> "nines.yml: …".
inline Error Wrap(const std::string& context, const Error& e) {
  return {e.code, context + ": " + e.message};
}

}  // namespace nines
