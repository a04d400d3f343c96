#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"

namespace nines {

enum class MatchType : uint8_t { kEqual, kNotEqual, kRegex, kNotRegex };

// One label matcher.  Regular expressions are RE2's, anchored at both ends, as in Prometheus.  An
// absent label has the value "".  A value type; const methods are safe for concurrent use.
class Matcher {
 public:
  // kInvalid: the regular expression does not compile; the message has RE2's reason.
  static Result<Matcher> Make(std::string name, MatchType type, std::string value);
  // REQUIRES: nothing can fail (no regular expression).
  static Matcher Equal(std::string name, std::string value);

  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  MatchType type() const { return type_; }

  bool Matches(std::string_view value) const;
  bool Matches(const Labels& labels) const { return Matches(labels.Get(name_)); }

  // `job=~"a|b"`.
  std::string ToString() const;

 private:
  struct Regex;
  std::string name_;
  std::string value_;
  MatchType type_ = MatchType::kEqual;
  std::shared_ptr<const Regex> regex_;
};

using Matchers = std::vector<Matcher>;

bool MatchesAll(const Matchers& matchers, const Labels& labels);

// Reads `route="/predict", job=~"a|b"`, with or without braces around it; "" and "{}" are no
// matchers.  Quotes: ", ' and `, with Go's escapes in the first two.  kInvalid names the column.
Result<Matchers> ParseMatchers(std::string_view text);

// Reads a series selector of Prometheus: `name`, `name{a="b", c=~"d"}`, `{a="b"}` and, as
// Prometheus 3 does, `{"a name", "b c"="d"}`.  The name becomes a matcher on `__name__`.  kInvalid
// names the place as Prometheus does, "1:5: parse error: …".
Result<Matchers> ParseSelector(std::string_view text);

}  // namespace nines
