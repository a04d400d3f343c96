#include "ingest/relabel.h"

#include <gtest/gtest.h>

#include <string>

namespace nines::ingest {
namespace {

Result<Relabel> Parse(const std::string& text) {
  const auto root = yaml::Node::Parse(text, "nines.yml");
  if (!root) return root.error();
  return Relabel::Parse(*root);
}

// What the rules make of `labels`; "dropped", or "error" with the reason.
std::string Made(const std::string& rules, const Labels& labels) {
  const auto relabel = Parse(rules);
  if (!relabel) return "error: " + relabel.error().message;
  const auto made = relabel->Apply(labels);
  return made ? made->ToString() : "dropped";
}

const Labels kSeries({{"__name__", "x"}, {"a", "foo"}, {"b", "bar"}, {"c", "baz"}});
constexpr const char* kUnchanged = R"(x{a="foo", b="bar", c="baz"})";

// Expected results are those of Prometheus' model/relabel, worked out by hand from its rules.
TEST(Relabel, EachActionDoesWhatPrometheusDoes) {
  const auto f = [](const std::string& rules, const std::string& want) {
    EXPECT_EQ(Made(rules, kSeries), want) << rules;
  };
  f("[]", kUnchanged);
  f("[{source_labels: [a], target_label: d}]", R"(x{a="foo", b="bar", c="baz", d="foo"})");
  f("[{source_labels: [a, b], target_label: d}]", R"(x{a="foo", b="bar", c="baz", d="foo;bar"})");
  f("[{source_labels: [a, b], separator: '', target_label: d}]",
    R"(x{a="foo", b="bar", c="baz", d="foobar"})");
  f("[{source_labels: [a, b], separator: ~, target_label: d}]",
    R"(x{a="foo", b="bar", c="baz", d="foobar"})");
  f("[{source_labels: [a], regex: 'f(.)(.)', target_label: d, replacement: '${2}$1-$$'}]",
    R"(x{a="foo", b="bar", c="baz", d="oo-$"})");
  f("[{source_labels: [a], regex: '(?P<first>.)(?P<rest>.*)', target_label: d,"
    " replacement: '$rest.$first'}]",
    R"(x{a="foo", b="bar", c="baz", d="oo.f"})");
  f("[{source_labels: [a], regex: fo, target_label: d, replacement: no}]", kUnchanged);
  f("[{source_labels: [a], regex: o+, target_label: d, replacement: no}]", kUnchanged);
  f("[{source_labels: [a], regex: '(f)oo', target_label: '${1}_d', replacement: v}]",
    R"(x{a="foo", b="bar", c="baz", f_d="v"})");
  f("[{source_labels: [a], regex: 'x|foo', target_label: b, replacement: ''}]",
    R"(x{a="foo", c="baz"})");
  f("[{source_labels: [a], regex: '(x)|foo', target_label: '$1', replacement: v}]", kUnchanged);
  f("[{target_label: d, replacement: fixed}]", R"(x{a="foo", b="bar", c="baz", d="fixed"})");
  f("[{target_label: __name__, replacement: y}]", R"(y{a="foo", b="bar", c="baz"})");
  f("[{source_labels: [a], regex: ~, target_label: d, replacement: v}]", kUnchanged);
  f("[{source_labels: [none], regex: ~, target_label: d, replacement: v}]",
    R"(x{a="foo", b="bar", c="baz", d="v"})");

  f("[{source_labels: [a], regex: foo, action: keep}]", kUnchanged);
  f("[{source_labels: [a], regex: fo, action: keep}]", "dropped");
  f("[{source_labels: [a], regex: 'foo|x', action: drop}]", "dropped");
  f("[{source_labels: [a], regex: fo, action: Drop}]", kUnchanged);
  f("[{source_labels: [none], regex: '.+', action: drop}]", kUnchanged);

  f("[{source_labels: [a], target_label: b, action: keepequal}]", "dropped");
  f("[{source_labels: [a], target_label: b, action: dropequal}]", kUnchanged);
  f("[{source_labels: [a], target_label: d}, {source_labels: [a], target_label: d,"
    " action: keepequal}]",
    R"(x{a="foo", b="bar", c="baz", d="foo"})");
  f("[{source_labels: [a], target_label: d}, {source_labels: [d], target_label: a,"
    " action: dropequal}]",
    "dropped");

  f("[{regex: 'a|b', action: labeldrop}]", R"(x{c="baz"})");
  f("[{regex: '__name__|c', action: labelkeep}]", R"(x{c="baz"})");
  f("[{regex: '.*', action: labeldrop}]", "dropped");
  f("[{regex: '([ab])', replacement: 'l_$1', action: labelmap}]",
    R"(x{a="foo", b="bar", c="baz", l_a="foo", l_b="bar"})");
  f("[{regex: '[abc]', replacement: one, action: labelmap}]",
    R"(x{a="foo", b="bar", c="baz", one="baz"})");
  // What was changed before comes after what was not: the last one wins.
  f("[{target_label: a, replacement: new}, {regex: '[abc]', replacement: one, action: labelmap}]",
    R"(x{a="new", b="bar", c="baz", one="new"})");
  f("[{regex: 'a', action: labeldrop}, {target_label: a, replacement: again}]",
    R"(x{a="again", b="bar", c="baz"})");

  f("[{source_labels: [b], target_label: b, action: uppercase}]",
    R"(x{a="foo", b="BAR", c="baz"})");
  f("[{source_labels: [a, b], separator: É, target_label: b, action: lowercase}]",
    R"(x{a="foo", b="fooébar", c="baz"})");
  f("[{source_labels: [none], target_label: b, action: lowercase}]", R"(x{a="foo", c="baz"})");
}

// Anchors, and `.` for a newline, as in Prometheus 3.
TEST(Relabel, RegexesAreAnchoredAndTheDotTakesNewlines) {
  const Labels lines({{"__name__", "x"}, {"a", "one\ntwo"}});
  EXPECT_EQ(Made("[{source_labels: [a], regex: 'one.two', action: keep}]", lines),
            R"(x{a="one\ntwo"})");
  EXPECT_EQ(Made("[{source_labels: [a], regex: 'one|two', action: keep}]", lines), "dropped");
  EXPECT_EQ(Made("[{source_labels: [a], target_label: b}]", lines),
            R"(x{a="one\ntwo", b="one\ntwo"})");
}

// The figures of md5sum: the last 16 hexadecimal digits as a number.
TEST(Relabel, HashmodIsTheTailOfMd5) {
  const auto f = [](const Labels& labels, const std::string& modulus, const std::string& want) {
    EXPECT_EQ(Made("[{source_labels: [a, b], target_label: h, action: hashmod, modulus: " +
                       modulus + "}]",
                   labels),
              want);
  };
  // md5("foo;bar") = 2d00e96b8b7d9e32 ddadc4ed9df31f3e, md5(";") = …0417c72d1e1f4fbf1.
  f(Labels({{"a", "foo"}, {"b", "bar"}}), "9223372036854775807",
    "{a=\"foo\", b=\"bar\", h=\"6750267941334490943\"}");
  f(Labels({{"a", "foo"}, {"b", "bar"}}), "1000", "{a=\"foo\", b=\"bar\", h=\"750\"}");
  f(Labels({{"c", "x"}}), "1000", "{c=\"x\", h=\"393\"}");
}

// Go's regexp.Expand.
TEST(Relabel, TemplatesAreGos) {
  const auto f = [](const std::string& replacement, const std::string& want) {
    const std::string rule =
        "[{source_labels: [a], regex: '(?P<in>f)(o)(z)?o', target_label: a,"
        " replacement: '" +
        replacement + "'}]";
    EXPECT_EQ(Made(rule, Labels({{"a", "foo"}})), "{a=\"" + want + "\"}") << replacement;
  };
  f("$0", "foo");
  f("<$1>", "<f>");
  f("<$1x>", "<>");  // The group named "1x".
  f("<${1}x>", "<fx>");
  f("<$in$2>", "<fo>");
  f("<$3>", "<>");
  f("<$4>", "<>");
  f("<$01>", "<>");
  f("<$none>", "<>");
  f("$$1", "$1");
  f("$", "$");
  f("$-", "$-");
  f("${1", "${1");
  f("${}", "${}");
  f("$é$2", "o");
}

TEST(Relabel, WhatPrometheusRefusesIsRefusedWithItsPlace) {
  const auto f = [](const std::string& rule, const std::string& want) {
    const auto relabel = Parse("\n- " + rule);
    ASSERT_FALSE(relabel) << rule;
    EXPECT_EQ(relabel.error().code, Code::kInvalid);
    const std::string& got = relabel.error().message;
    EXPECT_TRUE(got.starts_with("nines.yml:2: ")) << got;
    EXPECT_NE(got.find(want), std::string::npos) << rule << "\n  got:  " << got;
  };
  f("{}", "wants a target_label for action replace");
  f("{action: ''}", "unknown action \"\"");
  f("{action: ~}", "unknown action \"\"");
  f("{action: rename}", "unknown action \"rename\"");
  f("{source_label: [a]}", "did you mean \"source_labels\"?");
  f("{source_labels: [''], target_label: a}", "\"\" is not a label name");
  f("{regex: '(', target_label: a}", "regular expression \"(\"");
  f("{action: hashmod, source_labels: [a], target_label: b}", "modulus other than 0");
  f("{action: hashmod, source_labels: [a], target_label: b, modulus: -1}", "must not be negative");
  f("{action: hashmod, source_labels: [a], modulus: 2}", "wants a target_label");
  f("{action: lowercase, source_labels: [a]}", "wants a target_label");
  f("{action: uppercase, source_labels: [a], target_label: b, replacement: x}",
    "uppercase takes no replacement");
  f("{action: keepequal, source_labels: [a]}", "wants a target_label");
  f("{action: keepequal, source_labels: [a], target_label: b, regex: '(.*)'}",
    "keepequal takes only source_labels and target_label");
  f("{action: dropequal, source_labels: [a], target_label: b, separator: ','}",
    "dropequal takes only source_labels and target_label");
  f("{action: labelmap, regex: a, replacement: ''}", "\"\" is no replacement");
  f("{action: labeldrop, regex: a, source_labels: [b]}", "labeldrop takes only regex");
  f("{action: labelkeep, regex: a, target_label: b}", "labelkeep takes only regex");
  f("{action: labelkeep, regex: a, modulus: 1}", "labelkeep takes only regex");
  f("{action: labelkeep, regex: a, replacement: b}", "labelkeep takes only regex");
  EXPECT_FALSE(Parse("{}"));
}

TEST(Relabel, EqualRulesAreEqual) {
  const auto f = [](const std::string& a, const std::string& b) { return *Parse(a) == *Parse(b); };
  EXPECT_TRUE(f("[]", "[]"));
  EXPECT_TRUE(f("[{target_label: a, regex: '(.*)'}]", "[{target_label: a, action: replace}]"));
  EXPECT_FALSE(f("[{target_label: a}]", "[]"));
  EXPECT_FALSE(f("[{target_label: a}]", "[{target_label: b}]"));
  EXPECT_FALSE(f("[{target_label: a, regex: b}]", "[{target_label: a, regex: c}]"));
}

}  // namespace
}  // namespace nines::ingest
