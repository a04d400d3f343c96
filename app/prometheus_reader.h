#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/matcher.h"
#include "base/result.h"
#include "base/time.h"
#include "net/http_client.h"

namespace nines::app {

// `name{a="b"}`, either part may be missing.  kInvalid names the column.
Result<Matchers> ParseSelector(const std::string& text);

// Reads everything of a running Prometheus by remote read, in order of time, window by window.  A
// window whose answer is larger than kAnswerBytesMax, or that Prometheus itself finds too large, is
// halved; small ones grow.  So memory is bounded.  One thread.
class PrometheusReader {
 public:
  static constexpr uint64_t kAnswerBytesMax = uint64_t{64} << 20;  // Decoded.

  struct Options {
    std::string url;                 // "http://host:9090", a path behind it is kept.
    std::vector<Matchers> matchers;  // One query each; none is every series.
    Time start;
    Time end;  // Both included.
  };
  explicit PrometheusReader(const Options& options);

  // Gives the body of a remote write 1.0 request for each answer, and how far it is in words.
  // kUnavailable: it does not answer; kInvalid: it refuses, with its words; kExhausted: one
  // millisecond is too much.  Or what `take` gives.
  Result<void> Run(
      const std::function<Result<void>(const std::string& body, const std::string& where)>& take);

 private:
  Result<std::string> Ask(const Matchers& matchers, Time from, Time to);
  // Of all queries; each answer is taken when it is there.
  Result<void> AskAll(Time from, Time to, std::vector<std::string>* answers, size_t* bytes);

  Options options_;
  net::HttpClient client_;
};

}  // namespace nines::app
