#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "net/http_server.h"

// The text forms of HTTP/1.1 that need no socket (RFC 9110, RFC 9112).  For net's own files.

namespace nines::net {

bool EqualsIgnoreCase(std::string_view a, std::string_view b);  // ASCII.
bool IsToken(std::string_view text);                            // A method or the name of a field.
bool IsFieldValue(std::string_view text);  // No control characters but tab: cannot split a message.

// Nullopt: an incomplete or non-hexadecimal escape, or an escaped NUL.
std::optional<std::string> PercentDecode(std::string_view text);

struct Target {
  std::string path;   // Decoded, "/" at least; "*" for the whole server.
  std::string query;  // As sent.
};
// A request's target: "/path?query", "http://host/path?query" or "*".
std::optional<Target> ParseTarget(std::string_view text);

struct ListenAddress {
  std::string host;  // Name or number without brackets; "" is every interface.
  uint16_t port = 0;
};
// "127.0.0.1:9099", "localhost:9099", "[::1]:9099", ":9099".  kInvalid: anything else.
Result<ListenAddress> ParseListenAddress(const std::string& text);

// "host:port", with brackets where the host has colons.
std::string JoinHostPort(const std::string& host, uint16_t port);

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string FormatHttpDate(Time time);

enum class Persistence : uint8_t { kKeepAlive, kClose };

struct HeadOptions {
  Persistence persistence = Persistence::kKeepAlive;
  std::string_view date;  // FormatHttpDate()
};

// Whether a response of that status has a body: not 1xx, 204, 304.
bool StatusHasBody(int status);

// The status line and the fields of `response`, up to and with the empty line.  Fields that are
// ours to set or that would break the message are left out, the latter with an error in the log.
std::string FormatResponseHead(const HttpResponse& response, const HeadOptions& options);

}  // namespace nines::net
