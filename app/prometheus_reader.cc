#include "app/prometheus_reader.h"

#include <algorithm>
#include <utility>

#include "base/labels.h"
#include "ingest/remote_read.h"

namespace nines::app {
namespace {

constexpr Duration kFirstWindow = std::chrono::hours{1};
constexpr Duration kWindowMax = std::chrono::hours{24};
// Smaller answers double the next window.
constexpr size_t kSmallAnswerBytes = size_t{4} << 20;

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

Result<Matchers> ParseSelector(const std::string& text) {
  const size_t brace = std::min(text.find('{'), text.size());
  std::string name = text.substr(0, brace);
  while (name.ends_with(' ')) name.pop_back();
  Result<Matchers> matchers = ParseMatchers(std::string_view(text).substr(brace));
  if (!matchers) return matchers;
  if (!name.empty()) {
    if (!IsLegacyMetricName(name)) {
      return Error{Code::kInvalid, GoQuote(name) + " is no metric name"};
    }
    matchers->push_back(Matcher::Equal(std::string(kMetricName), name));
  }
  if (matchers->empty()) return Error{Code::kInvalid, GoQuote(text) + " selects nothing"};
  return matchers;
}

PrometheusReader::PrometheusReader(const Options& options) : options_(options) {
  while (options_.url.ends_with('/')) options_.url.pop_back();
  if (options_.matchers.empty()) {
    options_.matchers.push_back(
        {*Matcher::Make(std::string(kMetricName), MatchType::kRegex, ".+")});
  }
}

Result<std::string> PrometheusReader::Ask(const Matchers& matchers, Time from, Time to) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = options_.url + "/api/v1/read";
  request.headers = {{"Content-Type", "application/x-protobuf"},
                     {"Content-Encoding", "snappy"},
                     {"Accept-Encoding", "snappy"},
                     {"X-Prometheus-Remote-Read-Version", "0.1.0"}};
  request.body = ingest::EncodeReadRequest(matchers, ToUnixMs(from), ToUnixMs(to));
  request.timeout = std::chrono::minutes{5};
  request.response_bytes_max = kAnswerBytesMax;
  const Result<net::ClientResponse> response = client_.Send(request);
  if (!response) return response.error();
  if (response->status / 100 != 2) {
    const std::string words = FirstLine(response->body);
    const bool is_too_large = words.find("sample limit") != std::string::npos ||
                              words.find("too many samples") != std::string::npos;
    return Error{is_too_large ? Code::kExhausted : Code::kInvalid,
                 request.url + " answers " + std::to_string(response->status) + ": " + words};
  }
  return ingest::ReadResponseToWriteRequest(response->body, kAnswerBytesMax);
}

Result<void> PrometheusReader::AskAll(Time from, Time to, std::vector<std::string>* answers,
                                      size_t* bytes) {
  answers->clear();
  *bytes = 0;
  for (const Matchers& matchers : options_.matchers) {
    Result<std::string> answer = Ask(matchers, from, to);
    if (!answer) return answer.error();
    *bytes += answer->size();
    if (!answer->empty()) answers->push_back(*std::move(answer));
  }
  return {};
}

Result<void> PrometheusReader::Run(
    const std::function<Result<void>(const std::string& body, const std::string& where)>& take) {
  if (const Result<void> url = net::CheckUrl(options_.url); !url) return url;
  if (options_.start > options_.end) return Error{Code::kInvalid, "the end is before the start"};
  Duration window = kFirstWindow;
  std::vector<std::string> answers;
  for (Time from = options_.start; from <= options_.end;) {
    const Time to = std::min(from + window - Duration{1}, options_.end);
    size_t bytes = 0;
    if (const Result<void> asked = AskAll(from, to, &answers, &bytes); !asked) {
      if (asked.error().code != Code::kExhausted || window <= Duration{1}) return asked;
      window /= 2;
      continue;
    }
    for (const std::string& answer : answers) {
      const Result<void> taken = take(answer, "read up to " + FormatRfc3339Ms(to));
      if (!taken) return taken;
    }
    if (bytes < kSmallAnswerBytes) window = std::min(window * 2, kWindowMax);
    from = to + Duration{1};
  }
  return {};
}

}  // namespace nines::app
