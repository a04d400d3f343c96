#include "notifier/delivery.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>

#include "notifier/hash.h"

namespace nines::notifier {
namespace {

constexpr size_t kSnippetMax = 200;
constexpr Duration kLongestRetryAfter = std::chrono::hours{24};

// All of `text` as a decimal number; -1 for anything else.  Too many digits are the largest number.
int64_t ReadDigits(std::string_view text) {
  constexpr int64_t kLargest = 1'000'000'000;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return -1;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::min(value, kLargest) : kLargest;
}

int MonthOf(std::string_view name) {
  constexpr std::array<std::string_view, 12> kNames{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto it = std::find(kNames.begin(), kNames.end(), name);
  return it == kNames.end() ? 0 : static_cast<int>(it - kNames.begin()) + 1;
}

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<Time> ParseHttpDate(std::string_view text) {
  constexpr std::string_view kShape = "###, 00 ### 0000 00:00:00 GMT";
  if (text.size() != kShape.size()) return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] != '#' && kShape[i] != '0' && kShape[i] != text[i]) return std::nullopt;
  }
  const auto number = [text](size_t at, size_t size) {
    return static_cast<int>(ReadDigits(text.substr(at, size)));
  };
  const int day = number(5, 2);
  const int month = MonthOf(text.substr(8, 3));
  const int year = number(12, 4);
  const int hour = number(17, 2);
  const int minute = number(20, 2);
  const int second = number(23, 2);
  if (year < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return Time{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
         std::chrono::minutes{minute} + std::chrono::seconds{second};
}

std::string FirstLine(std::string_view body) {
  return std::string(body.substr(0, std::min(body.find_first_of("\r\n"), kSnippetMax)));
}

}  // namespace

net::ClientRequest BuildRequest(const Delivery& delivery, std::string_view secret,
                                std::string_view version, Time now) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = delivery.url;
  request.body = delivery.body;
  request.timeout = delivery.timeout;
  request.headers = {{"Content-Type", "application/json"},
                     {"User-Agent", "Nines/" + std::string(version)},
                     {"Idempotency-Key", delivery.idempotency_key}};
  if (!secret.empty()) {
    const std::string seconds = std::to_string(ToUnixMs(now) / 1000);
    request.headers.emplace_back(
        "Nines-Signature",
        "t=" + seconds + ",v1=" + HmacSha256Hex(secret, seconds + '.' + delivery.body));
  }
  return request;
}

Result<std::string> ReadSecret(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return Error{Code::kUnavailable, "signing secret " + path + ": cannot be read"};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return Error{Code::kUnavailable, "signing secret " + path + ": is empty"};
  return text;
}

DeliveryResult ToDeliveryResult(const Result<net::ClientResponse>& response, Time now) {
  DeliveryResult result;
  if (!response) {
    result.error = response.error().message;
    return result;
  }
  result.status = response->status;
  if (result.status >= 200 && result.status < 300) return result;
  result.error = "status " + std::to_string(result.status);
  if (std::string line = FirstLine(response->body); !line.empty()) result.error += ": " + line;
  result.retry_after = ParseRetryAfter(net::FindHeader(response->headers, "Retry-After"), now);
  return result;
}

std::optional<Duration> ParseRetryAfter(std::string_view text, Time now) {
  if (const int64_t seconds = ReadDigits(text); seconds >= 0) {
    return std::min<Duration>(std::chrono::seconds{seconds}, kLongestRetryAfter);
  }
  const std::optional<Time> date = ParseHttpDate(text);
  if (!date) return std::nullopt;
  return std::clamp(*date - now, Duration{0}, kLongestRetryAfter);
}

}  // namespace nines::notifier
