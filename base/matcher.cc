#include "base/matcher.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/utf8.h"

namespace nines {

struct Matcher::Regex {
  explicit Regex(const std::string& pattern) : re(pattern, Options()) {}

  // `.` matches a newline too, as in Prometheus since 3.0.
  static re2::RE2::Options Options() {
    re2::RE2::Options options;
    options.set_dot_nl(true);
    options.set_log_errors(false);
    return options;
  }

  re2::RE2 re;
};

Result<Matcher> Matcher::Make(std::string name, MatchType type, std::string value) {
  Matcher out;
  out.name_ = std::move(name);
  out.value_ = std::move(value);
  out.type_ = type;
  if (type == MatchType::kRegex || type == MatchType::kNotRegex) {
    auto regex = std::make_shared<const Regex>(out.value_);
    if (!regex->re.ok()) {
      return Error{Code::kInvalid,
                   "regular expression " + GoQuote(out.value_) + ": " + regex->re.error()};
    }
    out.regex_ = std::move(regex);
  }
  return out;
}

Matcher Matcher::Equal(std::string name, std::string value) {
  return Make(std::move(name), MatchType::kEqual, std::move(value)).value();
}

bool Matcher::Matches(std::string_view value) const {
  switch (type_) {
    case MatchType::kEqual:
      return value == value_;
    case MatchType::kNotEqual:
      return value != value_;
    case MatchType::kRegex:
      return re2::RE2::FullMatch(value, regex_->re);
    case MatchType::kNotRegex:
      return !re2::RE2::FullMatch(value, regex_->re);
  }
  CHECK(false);
}

std::string Matcher::ToString() const {
  static constexpr std::string_view kOperators[] = {"=", "!=", "=~", "!~"};
  std::string out = IsLegacyLabelName(name_) ? name_ : GoQuote(name_);
  out += kOperators[static_cast<size_t>(type_)];
  return out + GoQuote(value_);
}

bool MatchesAll(const Matchers& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& matcher) { return matcher.Matches(labels); });
}

namespace {

// Where the text stops making sense, as a byte offset, and why.
struct Refusal {
  size_t at;
  std::string reason;
};

template <class T>
using Parsed = boost::system::result<T, Refusal>;

// matchers := ["{"] [matcher ("," matcher)* [","]] ["}"]     both braces or none
// matcher  := (name | string) ("=" | "!=" | "=~" | "!~") string
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Parsed<Matchers> Run() {
    Matchers out;
    const bool braces = Take('{');
    const auto at_end = [&] { return braces ? Peek() == '}' : Done(); };
    while (!at_end()) {
      Parsed<Matcher> matcher = ReadMatcher();
      if (!matcher) return matcher.error();
      out.push_back(std::move(*matcher));
      if (at_end()) break;
      if (!Take(',')) return Refuse(braces ? "expected \",\" or \"}\"" : "expected \",\"");
    }
    if (braces) Take('}');
    if (!Done()) return Refuse("text after the matchers");
    return out;
  }

  // selector := name | [name] "{" [part ("," part)* [","]] "}"
  // part     := matcher | string, the name
  Parsed<Matchers> RunSelector() {
    Matchers out;
    if (const std::string name = ReadMetricName(); !name.empty()) {
      out.push_back(Matcher::Equal(std::string(kMetricName), name));
    }
    if (Done() && !out.empty()) return out;
    if (!Take('{')) return Refuse("expected a metric name or \"{\"");
    while (Peek() != '}') {
      if (const std::optional<std::string> name = ReadQuotedMetricName()) {
        if (!out.empty() && out.front().name() == kMetricName) {
          return Refuse("metric name is set twice");
        }
        out.insert(out.begin(), Matcher::Equal(std::string(kMetricName), *name));
      } else {
        Parsed<Matcher> matcher = ReadMatcher();
        if (!matcher) return matcher.error();
        out.push_back(std::move(*matcher));
      }
      if (Peek() != '}' && !Take(',')) return Refuse("expected \",\" or \"}\"");
    }
    Take('}');
    if (!Done()) return Refuse("unexpected text after the selector");
    return out;
  }

 private:
  Refusal Refuse(std::string reason) const { return {at_, std::move(reason)}; }

  // The next character that is no space, or 0 at the end.
  char Peek() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Done() {
    Peek();
    return at_ == text_.size();
  }
  bool Take(char c) {
    if (Done() || Peek() != c) return false;
    ++at_;
    return true;
  }

  // "" where none stands here.
  std::string ReadMetricName() {
    Peek();
    size_t end = at_;
    // A character at a time: what may follow the first is what may stand first, or a digit.
    while (end < text_.size() && (IsLegacyMetricName(text_.substr(end, 1)) ||
                                  (end > at_ && text_[end] >= '0' && text_[end] <= '9'))) {
      ++end;
    }
    const std::string name(text_.substr(at_, end - at_));
    at_ = end;
    return name;
  }

  // A string with no operator behind it; else nothing is read.
  std::optional<std::string> ReadQuotedMetricName() {
    const char first = Peek();
    if (first != '"' && first != '\'' && first != '`') return std::nullopt;
    const size_t start = at_;
    Parsed<std::string> name = ReadString("a metric name");
    if (name && !name->empty() && (Peek() == ',' || Peek() == '}')) return std::move(*name);
    at_ = start;
    return std::nullopt;
  }

  Parsed<Matcher> ReadMatcher() {
    Parsed<std::string> name = ReadName();
    if (!name) return name.error();
    const std::optional<MatchType> type = ReadOperator();
    if (!type) return Refuse("expected one of =, !=, =~, !~");
    Peek();
    const size_t value_at = at_;
    Parsed<std::string> value = ReadString("a quoted value");
    if (!value) return value.error();
    Result<Matcher> matcher = Matcher::Make(std::move(*name), *type, std::move(*value));
    if (!matcher) return Refusal{value_at, matcher.error().message};
    return std::move(*matcher);
  }

  Parsed<std::string> ReadName() {
    const char first = Peek();
    if (first == '"' || first == '\'' || first == '`') {
      const size_t name_at = at_;
      Parsed<std::string> name = ReadString("a label name");
      if (name && name->empty()) return Refusal{name_at, "empty label name"};
      return name;
    }
    size_t end = at_;
    while (end < text_.size() && IsLegacyLabelName(text_.substr(at_, end + 1 - at_))) ++end;
    if (end == at_) return Refuse("expected a label name");
    std::string name(text_.substr(at_, end - at_));
    at_ = end;
    return name;
  }

  std::optional<MatchType> ReadOperator() {
    const char first = Peek();
    const char second = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    const auto take = [&](size_t size, MatchType type) {
      at_ += size;
      return type;
    };
    if (first == '=' && second == '~') return take(2, MatchType::kRegex);
    if (first == '=') return take(1, MatchType::kEqual);
    if (first == '!' && second == '=') return take(2, MatchType::kNotEqual);
    if (first == '!' && second == '~') return take(2, MatchType::kNotRegex);
    return std::nullopt;
  }

  Parsed<std::string> ReadString(const char* what) {
    const char quote = Peek();
    if (quote != '"' && quote != '\'' && quote != '`') {
      return Refuse(std::string("expected ") + what);
    }
    const size_t start = at_++;
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote) {
      const char c = text_[at_];
      if (quote != '`' && c == '\n') break;
      if (quote != '`' && c == '\\') {
        if (auto refusal = ReadEscape(quote, out)) return *refusal;
      } else {
        out += c;
        ++at_;
      }
    }
    if (at_ >= text_.size() || text_[at_] != quote) return Refusal{start, "unterminated string"};
    ++at_;
    return out;
  }

  std::optional<Refusal> ReadEscape(char quote, std::string& out) {
    static constexpr std::string_view kShort = "abfnrtv\\";
    static constexpr std::string_view kMeaning = "\a\b\f\n\r\t\v\\";
    const Refusal bad = Refuse("unknown escape");
    ++at_;
    if (at_ >= text_.size()) return bad;
    const char c = text_[at_++];
    if (c == quote) {
      out += c;
    } else if (const size_t i = kShort.find(c); i != kShort.npos) {
      out += kMeaning[i];
    } else if (c == 'x') {
      return ReadCode(2, 16, 0xff, bad, out);
    } else if (c == 'u') {
      return ReadCode(4, 16, 0x10ffff, bad, out);
    } else if (c == 'U') {
      return ReadCode(8, 16, 0x10ffff, bad, out);
    } else if (c >= '0' && c <= '7') {
      --at_;
      return ReadCode(3, 8, 0xff, bad, out);
    } else {
      return bad;
    }
    return std::nullopt;
  }

  // \x and octal give a byte, \u and \U a code point.
  std::optional<Refusal> ReadCode(size_t digits, uint32_t base, uint32_t max, const Refusal& bad,
                                  std::string& out) {
    uint32_t value = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      if (at_ >= text_.size()) return bad;
      const size_t digit = std::string_view("0123456789abcdef").find(Lower(text_[at_]));
      if (digit >= base) return bad;
      value = value * base + static_cast<uint32_t>(digit);
    }
    if (value > max || (value >= 0xd800 && value <= 0xdfff)) return bad;
    if (max == 0xff) {
      out += static_cast<char>(value);
    } else {
      AppendUtf8(value, out);
    }
    return std::nullopt;
  }

  static char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<Matchers> ParseMatchers(std::string_view text) {
  if (!IsUtf8(text)) return Error{Code::kInvalid, "matchers " + GoQuote(text) + ": not UTF-8"};
  Parsed<Matchers> parsed = Parser(text).Run();
  if (parsed) return std::move(*parsed);
  return Error{Code::kInvalid, "matchers " + GoQuote(text) + ": column " +
                                   std::to_string(parsed.error().at + 1) + ": " +
                                   parsed.error().reason};
}

Result<Matchers> ParseSelector(std::string_view text) {
  if (!IsUtf8(text)) return Error{Code::kInvalid, "1:1: parse error: not UTF-8"};
  Parsed<Matchers> parsed = Parser(text).RunSelector();
  if (parsed) return std::move(*parsed);
  return Error{Code::kInvalid, "1:" + std::to_string(parsed.error().at + 1) +
                                   ": parse error: " + parsed.error().reason};
}

}  // namespace nines
