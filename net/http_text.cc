#include "net/http_text.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <cstdio>

#include "base/log.h"

namespace nines::net {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsTokenChar(char c) {
  const bool alphanumeric = (c >= '0' && c <= '9') || (Lower(c) >= 'a' && Lower(c) <= 'z');
  return alphanumeric ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (Lower(c) >= 'a' && Lower(c) <= 'f') return static_cast<unsigned>(Lower(c) - 'a' + 10);
  return std::nullopt;
}

// The byte that the escape at `at` stands for.
std::optional<char> EscapedByte(std::string_view text, size_t at) {
  if (at + 2 >= text.size()) return std::nullopt;
  const std::optional<unsigned> high = HexDigit(text[at + 1]);
  const std::optional<unsigned> low = HexDigit(text[at + 2]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high * 16 + *low);
}

std::string FormDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const std::optional<char> byte =
        text[i] == '%' ? EscapedByte(text, i) : std::optional<char>(text[i] == '+' ? ' ' : text[i]);
    out.push_back(byte.value_or('%'));
    if (text[i] == '%' && byte) i += 2;
  }
  return out;
}

// The fields of a response that only the server knows the truth of.
bool IsOurs(std::string_view name) {
  constexpr std::array<std::string_view, 4> kOurs = {"Content-Length", "Date", "Connection",
                                                     "Transfer-Encoding"};
  return std::any_of(kOurs.begin(), kOurs.end(),
                     [&](std::string_view ours) { return EqualsIgnoreCase(ours, name); });
}

HttpResponse WithType(int status, const char* type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", type);
  response.body = std::move(body);
  return response;
}

}  // namespace

std::string_view FindHeader(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return {};
}

HttpResponse HttpResponse::Text(int status, std::string body) {
  return WithType(status, "text/plain; charset=utf-8", std::move(body));
}

HttpResponse HttpResponse::Json(int status, std::string body) {
  return WithType(status, "application/json", std::move(body));
}

std::vector<std::pair<std::string, std::string>> ParseForm(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(pair.size(), equals + 1));
    pairs.emplace_back(FormDecode(pair.substr(0, equals)), FormDecode(value));
  }
  return pairs;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

bool IsFieldValue(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const std::optional<char> byte = EscapedByte(text, i);
    if (!byte || *byte == '\0') return std::nullopt;
    out.push_back(*byte);
    i += 2;
  }
  return out;
}

std::optional<Target> ParseTarget(std::string_view text) {
  if (text == "*") return Target{.path = "*", .query = ""};
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualsIgnoreCase(text.substr(0, scheme.size()), scheme)) continue;
    text.remove_prefix(scheme.size());
    text.remove_prefix(std::min(text.size(), text.find_first_of("/?")));
    if (text.empty()) return Target{.path = "/", .query = ""};
    break;
  }
  const std::string_view path = text.substr(0, text.find('?'));
  if (path.empty() ? !text.starts_with('?') : path[0] != '/') return std::nullopt;
  std::optional<std::string> decoded = PercentDecode(path.empty() ? "/" : path);
  if (!decoded) return std::nullopt;
  const std::string_view query = text.substr(std::min(text.size(), path.size() + 1));
  return Target{.path = std::move(*decoded), .query = std::string(query)};
}

Result<ListenAddress> ParseListenAddress(const std::string& text) {
  const auto fail = [&](const char* reason) {
    return Error{Code::kInvalid, "listen address \"" + text + "\": " + reason};
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return fail("wants host:port, such as 127.0.0.1:9099 or :9099");
  ListenAddress address;
  address.host = text.substr(0, colon);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || stop != end) return fail("the port is not a number from 0 to 65535");
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
    if (address.host.find(':') == std::string::npos) return fail("[] holds no IPv6 address");
  } else if (address.host.find_first_of(":[]") != std::string::npos) {
    return fail("an IPv6 address wants brackets, such as [::1]:9099");
  }
  return address;
}

std::string JoinHostPort(const std::string& host, uint16_t port) {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string FormatHttpDate(Time time) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 40> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
      kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
      kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return std::string(text.data(), static_cast<size_t>(length));
}

bool StatusHasBody(int status) { return status >= 200 && status != 204 && status != 304; }

std::string FormatResponseHead(const HttpResponse& response, const HeadOptions& options) {
  const auto status = static_cast<unsigned>(response.status);
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  head.append(boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status)));
  head.append("\r\nDate: ").append(options.date);
  for (const auto& [name, value] : response.headers) {
    if (IsOurs(name)) continue;
    if (!IsToken(name) || !IsFieldValue(value)) {
      log::Error("a response header was left out: it is not one line of text", {{"name", name}});
      continue;
    }
    head.append("\r\n").append(name).append(": ").append(value);
  }
  // The length also of what a HEAD request does not get.
  if (StatusHasBody(response.status)) {
    head.append("\r\nContent-Length: ").append(std::to_string(response.body.size()));
  }
  // Said in both cases: a client of HTTP/1.0 closes unless told otherwise.
  const bool close = options.persistence == Persistence::kClose;
  head.append(close ? "\r\nConnection: close\r\n\r\n" : "\r\nConnection: keep-alive\r\n\r\n");
  return head;
}

}  // namespace nines::net
