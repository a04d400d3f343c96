#include "base/matcher.h"

#include <gtest/gtest.h>

namespace nines {
namespace {

TEST(Matcher, Matches) {
  const auto check = [](MatchType type, const std::string& pattern, const std::string& value,
                        bool want) {
    const Result<Matcher> matcher = Matcher::Make("a", type, pattern);
    ASSERT_TRUE(matcher) << matcher.error().message;
    EXPECT_EQ(matcher->Matches(value), want) << matcher->ToString() << " on " << GoQuote(value);
    EXPECT_EQ(matcher->Matches(Labels{{"a", value}, {"b", "x"}}), want);
  };
  const auto both = [&](MatchType type, MatchType opposite, const std::string& pattern,
                        const std::string& value, bool want) {
    check(type, pattern, value, want);
    check(opposite, pattern, value, !want);
  };
  const auto equal = [&](const std::string& pattern, const std::string& value, bool want) {
    both(MatchType::kEqual, MatchType::kNotEqual, pattern, value, want);
  };
  const auto regex = [&](const std::string& pattern, const std::string& value, bool want) {
    both(MatchType::kRegex, MatchType::kNotRegex, pattern, value, want);
  };
  equal("x", "x", true);
  equal("x", "xx", false);
  equal("x", "", false);
  equal("", "", true);  // An absent label.
  equal(".*", "x", false);
  regex("a|b", "a", true);
  regex("a|b", "b", true);
  regex("a|b", "ab", false);  // Anchored as a whole, not branch by branch.
  regex("a|ab", "ab", true);
  regex("b", "abc", false);
  regex(".*", "", true);
  regex(".+", "", false);
  regex("", "", true);
  regex("", "x", false);
  regex("a.b", "a\nb", true);
  regex("(?i:ABC)", "abc", true);
  regex("\\d{3}", "123", true);
  regex("^a$", "a", true);
  regex("caf.", "café", true);
}

TEST(Matcher, AnAbsentLabelIsEmpty) {
  EXPECT_TRUE(Matcher::Make("x", MatchType::kNotEqual, "1").value().Matches(Labels{}));
  EXPECT_TRUE(Matcher::Make("x", MatchType::kRegex, ".*").value().Matches(Labels{}));
  EXPECT_FALSE(Matcher::Equal("x", "1").Matches(Labels{}));
}

TEST(Matcher, NamesTheFaultOfARegularExpression) {
  for (const std::string pattern : {"(", "a**", "[b", "\\8", "(?=a)", "\xff", "a{2000}"}) {
    const Result<Matcher> matcher = Matcher::Make("a", MatchType::kRegex, pattern);
    ASSERT_FALSE(matcher) << pattern;
    EXPECT_EQ(matcher.error().code, Code::kInvalid);
    const std::string start = "regular expression " + GoQuote(pattern) + ": ";
    EXPECT_EQ(matcher.error().message.find(start), 0u) << matcher.error().message;
    EXPECT_GT(matcher.error().message.size(), start.size());
  }
  EXPECT_TRUE(Matcher::Make("a", MatchType::kEqual, "("));
}

TEST(Matcher, MatchesAll) {
  const Matchers matchers = ParseMatchers(R"(a="1", b!="2")").value();
  EXPECT_TRUE(MatchesAll(matchers, {{"a", "1"}}));
  EXPECT_FALSE(MatchesAll(matchers, {{"a", "1"}, {"b", "2"}}));
  EXPECT_FALSE(MatchesAll(matchers, {}));
  EXPECT_TRUE(MatchesAll({}, {}));
}

std::string Print(const Matchers& matchers) {
  std::string out;
  for (const Matcher& matcher : matchers) {
    if (!out.empty()) out += ' ';
    out += matcher.ToString();
  }
  return out;
}

TEST(ParseMatchers, Reads) {
  const auto check = [](const std::string& text, const std::string& want) {
    const Result<Matchers> matchers = ParseMatchers(text);
    ASSERT_TRUE(matchers) << matchers.error().message;
    EXPECT_EQ(Print(*matchers), want) << text;
    // What is printed reads back as itself.
    for (const Matcher& matcher : *matchers) {
      const Result<Matchers> back = ParseMatchers(matcher.ToString());
      ASSERT_TRUE(back) << back.error().message;
      EXPECT_EQ(Print(*back), matcher.ToString());
    }
  };
  check("", "");
  check("  ", "");
  check("{}", "");
  check(" { } ", "");
  check(R"(route="/predict", job=~"a|b")", R"(route="/predict" job=~"a|b")");
  check(R"({route="/predict",job=~"a|b"})", R"(route="/predict" job=~"a|b")");
  check(R"({a!="1",b!~"2",})", R"(a!="1" b!~"2")");
  check(R"(a="1",)", R"(a="1")");
  check("a = 'x\"y'", R"(a="x\"y")");
  check("a=`x\\d\n`", R"(a="x\\d\n")");
  check(R"(a="\a\b\f\n\r\t\v\\\"")", R"(a="\a\b\f\n\r\t\v\\\"")");
  check(R"(a='\'')", R"(a="'")");
  check(R"(a="\x41\101\u00e9\U0001f600\xe9")", R"(a="AAé😀\xe9")");
  check("\ta\n=\r\"1\"", R"(a="1")");
  check(R"(a="")", R"(a="")");
  check(R"("a.b"="c")", R"("a.b"="c")");
  check(R"({'a b'=~"c"})", R"("a b"=~"c")");
  check(R"(a="1",a="1")", R"(a="1" a="1")");
  check(R"(_A9="é")", R"(_A9="é")");
  check(R"(a="}")", R"(a="}")");
}

TEST(ParseMatchers, NamesTheColumnOfTheFault) {
  const auto check = [](const std::string& text, size_t column, const std::string& reason) {
    const Result<Matchers> matchers = ParseMatchers(text);
    ASSERT_FALSE(matchers) << text;
    EXPECT_EQ(matchers.error().code, Code::kInvalid);
    EXPECT_EQ(matchers.error().message,
              "matchers " + GoQuote(text) + ": column " + std::to_string(column) + ": " + reason);
  };
  check("{", 2, "expected a label name");
  check("}", 1, "expected a label name");
  check("{}}", 3, "text after the matchers");
  check("{} x", 4, "text after the matchers");
  check("{,}", 2, "expected a label name");
  check(R"({a="1",,})", 8, "expected a label name");
  check(",", 1, "expected a label name");
  check("a", 2, "expected one of =, !=, =~, !~");
  check("a b", 3, "expected one of =, !=, =~, !~");
  check("a!b", 2, "expected one of =, !=, =~, !~");
  check("a=", 3, "expected a quoted value");
  check("a=b", 3, "expected a quoted value");
  check(R"(a=="b")", 3, "expected a quoted value");
  check(R"(a="b)", 3, "unterminated string");
  check("a=\"b\n\"", 3, "unterminated string");
  check("a=`b", 3, "unterminated string");
  check(R"(a="b\)", 5, "unknown escape");
  check(R"(a="\q")", 4, "unknown escape");
  check(R"(a="\'")", 4, "unknown escape");
  check(R"(a='\"')", 4, "unknown escape");
  check(R"(a="\x4")", 4, "unknown escape");
  check(R"(a="\xzz")", 4, "unknown escape");
  check(R"(a="\400")", 4, "unknown escape");
  check(R"(a="\18")", 4, "unknown escape");
  check(R"(a="\ud800")", 4, "unknown escape");
  check(R"(a="\U00110000")", 4, "unknown escape");
  check(R"(a="1" b="2")", 7, "expected \",\"");
  check(R"({a="1" b="2"})", 8, "expected \",\" or \"}\"");
  check(R"(a="1"})", 6, "expected \",\"");
  check(R"({a="1")", 7, "expected \",\" or \"}\"");
  check(R"(9="1")", 1, "expected a label name");
  check(R"(a:b="1")", 2, "expected one of =, !=, =~, !~");
  check(R"(""="1")", 1, "empty label name");
  check(R"(up{a="1"})", 3, "expected one of =, !=, =~, !~");
}

TEST(ParseMatchers, ARegularExpressionIsRefusedWhereItStands) {
  const Result<Matchers> matchers = ParseMatchers(R"(a="1", b=~"(")");
  ASSERT_FALSE(matchers);
  EXPECT_NE(matchers.error().message.find(": column 11: regular expression \"(\": "),
            std::string::npos)
      << matchers.error().message;
}

TEST(ParseMatchers, RefusesWhatIsNotUtf8) {
  const Result<Matchers> matchers = ParseMatchers("a=\"\xff\"");
  ASSERT_FALSE(matchers);
  EXPECT_EQ(matchers.error().message, R"(matchers "a=\"\xff\"": not UTF-8)");
}

TEST(ParseSelector, NameAndMatchers) {
  const auto f = [](const std::string& text, const std::string& expected) {
    const Result<Matchers> matchers = ParseSelector(text);
    ASSERT_TRUE(matchers) << text << ": " << matchers.error().message;
    std::string all;
    for (const Matcher& matcher : *matchers) all += matcher.ToString() + " ";
    EXPECT_EQ(all, expected) << text;
  };
  f("up", "__name__=\"up\" ");
  f(" job:up:rate5m ", "__name__=\"job:up:rate5m\" ");
  f("up{}", "__name__=\"up\" ");
  f("up { job = 'a' , b=~`c|d`, }", "__name__=\"up\" job=\"a\" b=~\"c|d\" ");
  f("{job!=\"a\"}", "job!=\"a\" ");
  f("{}", "");
  f("{__name__=~\"u.\"}", "__name__=~\"u.\" ");
  f("{\"a name\", \"b c\"!~\"d\"}", "__name__=\"a name\" \"b c\"!~\"d\" ");
  f("{a=\"b\", 'a name'}", "__name__=\"a name\" a=\"b\" ");
}

TEST(ParseSelector, NamesTheColumnOfTheFault) {
  const auto f = [](const std::string& text, const std::string& message) {
    const Result<Matchers> matchers = ParseSelector(text);
    ASSERT_FALSE(matchers) << text;
    EXPECT_EQ(matchers.error().code, Code::kInvalid);
    EXPECT_EQ(matchers.error().message, message) << text;
  };
  f("", "1:1: parse error: expected a metric name or \"{\"");
  f("9", "1:1: parse error: expected a metric name or \"{\"");
  f("up{", "1:4: parse error: expected a label name");
  f("up{a=1}", "1:6: parse error: expected a quoted value");
  f("up{a=\"1\"", "1:9: parse error: expected \",\" or \"}\"");
  f("up{\"x\"}", "1:7: parse error: metric name is set twice");
  f("up[5m]", "1:3: parse error: expected a metric name or \"{\"");
  f("rate(up)", "1:5: parse error: expected a metric name or \"{\"");
  f("up{} x", "1:6: parse error: unexpected text after the selector");
  f("\xff", "1:1: parse error: not UTF-8");
}

// A long name takes no longer than its length.
TEST(ParseSelector, LongNames) {
  const std::string name(4 << 20, 'x');
  const Result<Matchers> matchers = ParseSelector(name);
  ASSERT_TRUE(matchers);
  EXPECT_EQ(matchers->at(0).value().size(), name.size());
}

}  // namespace
}  // namespace nines
