#include "base/yaml.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "base/labels.h"
#include "base/prng.h"

namespace nines::yaml {
namespace {

Node Parsed(const std::string& text) {
  Result<Node> node = Node::Parse(text, "f.yml");
  EXPECT_TRUE(node) << text << "\n" << node.error().message;
  return node ? *node : Node::Parse("", "f.yml").value();
}

// The document in flow style, strings in quotes, plain scalars without.
std::string Print(const Node& node) {
  if (node.IsNull()) return "null";
  if (node.IsScalar()) return node.AsString().value();
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  if (node.IsMap()) {
    for (const auto& [key, value] : node.Entries()) add(key + ": " + Print(value));
    return "{" + out + "}";
  }
  for (const Node& item : node.Items()) add(Print(item));
  return "[" + out + "]";
}

void CheckTree(const std::string& text, const std::string& want) {
  EXPECT_EQ(Print(Parsed(text)), want) << text;
}

void CheckRefused(const std::string& text, const std::string& want) {
  const Result<Node> node = Node::Parse(text, "f.yml");
  ASSERT_FALSE(node) << text << "\n" << Print(*node);
  EXPECT_EQ(node.error().code, Code::kInvalid) << text;
  EXPECT_EQ(node.error().message, want) << text;
}

TEST(Yaml, ReadsTrees) {
  CheckTree("", "{}");
  CheckTree("# only a comment\n", "{}");
  CheckTree("---\n", "{}");
  CheckTree("~", "{}");
  CheckTree("a: 1\nb: [x, 'y', {c: d}]\n", "{a: 1, b: [x, y, {c: d}]}");
  CheckTree("- 1\n- - 2\n  - 3\n", "[1, [2, 3]]");
  CheckTree("text", "text");
  CheckTree("z: 1\na: 2\nm: 3\n", "{z: 1, a: 2, m: 3}");
  CheckTree("a:\nb: ~\nc: null\nd: 'null'\ne: ''\n", "{a: null, b: null, c: null, d: null, e: }");
  CheckTree("a: |\n  one\n  two\nb: >-\n  one\n  two\n", "{a: one\ntwo\n, b: one two}");
  CheckTree(
      "\xef\xbb\xbf"
      "a: 1\n",
      "{a: 1}");
  CheckTree("a: !!str 5\nb: !!int 5\n", "{a: 5, b: 5}");
  CheckTree("---\na: 1\n...\n", "{a: 1}");
  CheckTree("? a\n: 1\n", "{a: 1}");
  CheckTree("a: |\n  one", "{a: one}");
  CheckTree("a: |+\n  one\n\n", "{a: one\n\n}");
  CheckTree("a: one\r\nb: two\r\n", "{a: one, b: two}");
  CheckTree("a: one   ", "{a: one}");
  CheckTree("a: \"\\x04\\n\"", "{a: \x04\n}");  // Escaped, a control character is fine.
}

TEST(Yaml, RefusesWhatIsNotYaml) {
  const auto check = [](const std::string& text, int line) {
    const Result<Node> node = Node::Parse(text, "f.yml");
    ASSERT_FALSE(node) << text << "\n" << Print(*node);
    EXPECT_EQ(node.error().code, Code::kInvalid);
    const std::string start = "f.yml:" + std::to_string(line) + ": ";
    EXPECT_EQ(node.error().message.find(start), 0u) << node.error().message << "\n" << text;
    EXPECT_GT(node.error().message.size(), start.size());
  };
  check("a: [1\n", 2);
  check("a: 1\nb: 'x", 2);
  check("a: 'x' y\n", 1);
  check("a: [1]]\n", 1);
  check("a: 1\n\tb: 2\n", 2);
  check("a: b: c\n", 1);
  check("a: 1\n  b: 2\n", 2);
  check("a: 1\n- b\n", 2);
  check("a: *nowhere\n", 1);
  check("a: }\n", 1);
  check("\n\na: @x\n", 3);
}

TEST(Yaml, RefusesBytesThatYamlHasNot) {
  CheckRefused("a: 1\nb: \xff\n", "f.yml:2: not UTF-8");
  CheckRefused(
      "a: 1\n\x04"
      "b: 2\n",
      "f.yml:2: control character");  // yaml-cpp would stop here.
  CheckRefused(std::string("a: \0", 4), "f.yml:1: control character");
  CheckRefused("a: \x7f\n", "f.yml:1: control character");
}

TEST(Yaml, RefusesDuplicateKeys) {
  CheckRefused("a: 1\nb: 2\na: 3\n", "f.yml:3: a: duplicate key, first on line 1");
  CheckRefused("a: 1\n'a': 1\n", "f.yml:2: a: duplicate key, first on line 1");
  CheckRefused("slos:\n- name: x\n  window: 1d\n  window: 2d\n",
               "f.yml:4: slos[0].window: duplicate key, first on line 3");
  CheckRefused("slos:\n- {}\n- alert:\n    labels: {a.b: 1, a.b: 2}\n",
               "f.yml:4: slos[1].alert.labels[\"a.b\"]: duplicate key, first on line 4");
  CheckRefused("a: &x {b: 1}\nc:\n  <<: *x\n  <<: *x\n",
               "f.yml:4: c[\"<<\"]: duplicate key, first on line 3");
  CheckRefused("a:\na:\n", "f.yml:2: a: duplicate key, first on line 1");
}

TEST(Yaml, RefusesKeysThatAreNoScalars) {
  CheckRefused("x:\n  ? [a]\n  : 1\n", "f.yml:2: x: a key must be a scalar");
  CheckRefused("? {a: b}\n: 1\n", "f.yml:1: a key must be a scalar");
  CheckRefused("~: 1\n", "f.yml:1: a key must be a scalar");
  CheckRefused("a: &x b\nc: {*x : 1}\n", "f.yml:2: c: a key must be a scalar");
}

TEST(Yaml, RefusesAnOpenQuote) {
  for (const std::string end : {"\n", " \n\n", "\r\n", "\n# no comment\n"}) {
    CheckRefused("a: 1\nb: 'x" + end, "f.yml:2: a quote is not closed");
    CheckRefused("a: 1\nb: \"x" + end, "f.yml:2: a quote is not closed");
    CheckRefused("a:\n- 1\n- !!str 'x" + end, "f.yml:3: a quote is not closed");
    CheckTree("a: 'x'" + end, "{a: x}");
    CheckTree("a: \"x\"" + end, "{a: x}");
    CheckTree("'a':" + end, "{a: null}");
  }
  CheckRefused("a: 'x ", "f.yml:1: illegal EOF in scalar");
}

TEST(Yaml, RefusesAKeyWithoutItsColon) {
  CheckRefused("a: 1\nb\n", "f.yml:2: b: expected \":\" after the key");
  CheckRefused("x:\n  a: 1\n  b\n", "f.yml:3: x.b: expected \":\" after the key");
  CheckTree("a: {b, c: 1}\n", "{a: {b: null, c: 1}}");  // In braces YAML allows it.
  CheckTree("a: 1\nb:\n", "{a: 1, b: null}");
  CheckTree("a: {b: , c: 1}\n", "{a: {b: null, c: 1}}");
  CheckTree("b:", "{b: null}");
}

TEST(Yaml, RefusesASecondDocument) {
  CheckRefused("a: 1\n---\nb: 2\n", "f.yml:2: more than one document");
  CheckRefused("a: 1\n...\n---\n", "f.yml:3: more than one document");
}

TEST(Yaml, RefusesUnknownTags) {
  CheckRefused("a:\n- !secret x\n", "f.yml:2: a[0]: unknown tag \"!secret\"");
  CheckRefused("a: !!binary eA==\n", "f.yml:1: a: unknown tag \"tag:yaml.org,2002:binary\"");
  CheckRefused("a: !foo [1]\n", "f.yml:1: a: unknown tag \"!foo\"");
}

TEST(Yaml, ResolvesAliases) {
  CheckTree("a: &x [1, 2]\nb: *x\nc: [*x, *x]\n", "{a: [1, 2], b: [1, 2], c: [[1, 2], [1, 2]]}");
  CheckTree("a: &x 1\nb: &x 2\nc: *x\n", "{a: 1, b: 2, c: 2}");
  CheckTree("a: &x\nb: *x\n", "{a: null, b: null}");
  CheckTree("&k a: 1\nb: *k\n", "{a: 1, b: a}");
  CheckRefused("a: &x [1, *x]\n", "f.yml:1: a[1]: alias to a value that it stands in");
  CheckRefused("a: &x\n  b:\n    c: *x\n", "f.yml:3: a.b.c: alias to a value that it stands in");
}

TEST(Yaml, ResolvesMerges) {
  CheckTree("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n", "{a: {b: 1, c: 2}, d: {b: 1, c: 2}}");
  // What stands in the mapping wins, before or after the merge.
  CheckTree("a: &x {b: 1, c: 2}\nd: {b: 3, <<: *x}\n", "{a: {b: 1, c: 2}, d: {b: 3, c: 2}}");
  CheckTree("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\n", "{a: {b: 1, c: 2}, d: {b: 3, c: 2}}");
  // Of several sources the first wins.
  CheckTree("- &x {b: 1}\n- &y {b: 2, c: 3}\n- {<<: [*x, *y], d: 4}\n",
            "[{b: 1}, {b: 2, c: 3}, {d: 4, b: 1, c: 3}]");
  // A merge of a merge, and one that is written out.
  CheckTree("- &x {b: 1}\n- &y {<<: *x, c: 2}\n- {<<: *y}\n",
            "[{b: 1}, {c: 2, b: 1}, {c: 2, b: 1}]");
  CheckTree("<<: {a: 1}\nb: 2\n", "{b: 2, a: 1}");
  CheckTree("<<: []\nb: 2\n", "{b: 2}");
  CheckTree("'<<': 1\n", "{<<: 1}");  // In quotes it is a key like others.
  const std::string want = "expected a mapping or a sequence of mappings";
  CheckRefused("a:\n  <<: 1\n", "f.yml:2: a[\"<<\"]: " + want);
  CheckRefused("a:\n  b: 1\n  <<:\n", "f.yml:3: a[\"<<\"]: " + want);
  CheckRefused("a: {<<: [{}, 1]}\n", "f.yml:1: a[\"<<\"]: " + want);
}

TEST(Yaml, MergedKeysAreFoundByName) {
  const Node node = Parsed("a: &x {b: 1}\nc: {<<: *x}\n");
  const Node c = node.Require("c").value();
  EXPECT_EQ(c.Require("b").value().AsInteger().value(), 1);
  EXPECT_EQ(c.Require("b").value().path(), "c.b");
  EXPECT_FALSE(c.Get("<<"));
}

TEST(Yaml, LimitsDepth) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(Node::Parse(nested(64), "f.yml"));
  const Result<Node> deeper = Node::Parse(nested(65), "f.yml");
  ASSERT_FALSE(deeper);
  EXPECT_NE(deeper.error().message.find("nested deeper than 64"), std::string::npos)
      << deeper.error().message;
  EXPECT_FALSE(Node::Parse(nested(100'000), "f.yml"));
  EXPECT_FALSE(Node::Parse(std::string(100'000, '['), "f.yml"));
  EXPECT_FALSE(Node::Parse(std::string(100'000, '{'), "f.yml"));

  // Depth that an alias adds counts: a of depth 63 below the root, then one more level around it.
  const std::string anchored = "a: &x " + nested(63) + "\n";
  EXPECT_TRUE(Node::Parse(anchored + "b: *x\n", "f.yml"));
  const Result<Node> alias = Node::Parse(anchored + "b: [*x]\n", "f.yml");
  ASSERT_FALSE(alias);
  EXPECT_EQ(alias.error().message, "f.yml:2: b[0]: nested deeper than 64");
}

TEST(Yaml, LimitsValues) {
  const auto items = [](int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += "- 1\n";
    return text;
  };
  EXPECT_TRUE(Node::Parse(items(99'999), "f.yml"));  // And the sequence itself.
  CheckRefused(items(100'000), "f.yml:100000: more than 100000 values (aliases counted in full)");
}

TEST(Yaml, RefusesABillionLaughs) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string name = "a" + std::to_string(i), last = "*a" + std::to_string(i - 1);
    text += name + ": &" + name + " [" + last;
    for (int j = 0; j < 8; ++j) text += ", " + last;
    text += "]\n";
  }
  CheckRefused(text, "f.yml:6: more than 100000 values (aliases counted in full)");

  // The same by merges: each mapping takes all that came before.
  std::string merges = "a0: &a0 {k: 1}\n";
  for (int i = 1; i < 40; ++i) {
    const std::string n = std::to_string(i), last = "*a" + std::to_string(i - 1);
    merges += "a" + n + ": &a" + n + " {b" + n + ": " + last + ", <<: " + last + "}\n";
  }
  const Result<Node> node = Node::Parse(merges, "f.yml");
  ASSERT_FALSE(node);
  EXPECT_NE(node.error().message.find("more than 100000 values"), std::string::npos)
      << node.error().message;
}

TEST(Yaml, KnowsLinesAndPaths) {
  const Node root = Parsed(
      "global:\n"
      "  interval: 15s\n"
      "\n"
      "slos:\n"
      "  - name: a\n"
      "    alert:\n"
      "      for: 10m\n"
      "      empty:\n"
      "  - name: b\n"
      "    labels: {x.y: 1,\n"
      "             z: 2}\n"
      "    text: |\n"
      "      one\n"
      "last: 1\n");
  const auto check = [](const Node& node, int line, const std::string& path) {
    EXPECT_EQ(node.line(), line) << path;
    EXPECT_EQ(node.path(), path);
    EXPECT_EQ(node.file(), "f.yml");
    const nines::Error error = node.Error("reason");
    EXPECT_EQ(error.code, Code::kInvalid);
    EXPECT_EQ(error.message, "f.yml:" + std::to_string(line) + ": " +
                                 (path.empty() ? "" : path + ": ") + "reason");
  };
  const auto get = [](const Node& node, std::string_view key) { return node.Require(key).value(); };
  check(root, 1, "");
  check(get(root, "global"), 1, "global");
  check(get(get(root, "global"), "interval"), 2, "global.interval");
  const Node slos = get(root, "slos");
  check(slos, 4, "slos");
  const std::vector<Node> items = slos.Items();
  ASSERT_EQ(items.size(), 2u);
  check(items[0], 5, "slos[0]");
  check(get(items[0], "alert"), 6, "slos[0].alert");
  check(get(get(items[0], "alert"), "for"), 7, "slos[0].alert.for");
  check(get(items[0], "alert").Entries()[1].second, 8, "slos[0].alert.empty");
  check(items[1], 9, "slos[1]");
  check(get(get(items[1], "labels"), "x.y"), 10, "slos[1].labels[\"x.y\"]");
  check(get(get(items[1], "labels"), "z"), 11, "slos[1].labels.z");
  check(get(items[1], "text"), 12, "slos[1].text");
  check(get(root, "last"), 14, "last");
}

TEST(Yaml, GetAndRequire) {
  const Node node = Parsed("a: 1\nsub:\n  b: 2\n  none:\nlist: []\n");
  EXPECT_TRUE(node.Get("a"));
  EXPECT_FALSE(node.Get("z"));
  const Node sub = node.Require("sub").value();
  EXPECT_FALSE(sub.Get("none"));
  EXPECT_FALSE(node.Get("a")->Get("x"));
  EXPECT_FALSE(node.Get("list")->Get("x"));
  const auto check = [](const Result<Node>& got, const std::string& want) {
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().message, want);
  };
  check(node.Require("z"), "f.yml:1: missing key \"z\"");
  check(sub.Require("z"), "f.yml:2: sub: missing key \"z\"");
  check(sub.Require("none"), "f.yml:4: sub: key \"none\" has no value");
  check(sub.Require("b").value().Require("c"), "f.yml:3: sub.b: expected a mapping, got \"2\"");
}

TEST(Yaml, AHandleOutlivesTheRoot) {
  Node inner = Parsed("a: {b: long enough to be no short string}").Require("a").value();
  EXPECT_EQ(inner.Require("b").value().AsString().value(), "long enough to be no short string");
  const Node copy = inner;
  inner = Parsed("");
  EXPECT_EQ(copy.path(), "a");
}

TEST(Yaml, AllowOnlyNamesTheUnknownKeyAndItsNearest) {
  const auto check = [](const std::string& text, const std::string& want) {
    const Result<void> allowed =
        Parsed(text).AllowOnly({"name", "window", "objective", "for", "keep_firing_for"});
    EXPECT_EQ(allowed ? "" : allowed.error().message, want) << text;
  };
  check("", "");
  check("name: x\nwindow: 1d\n", "");
  check("name: x\nwindwo: 1d\n", R"(f.yml:2: unknown key "windwo" (did you mean "window"?))");
  check("Name: x\n", R"(f.yml:1: unknown key "Name" (did you mean "name"?))");
  check("keep_firing_fr: x\n",
        R"(f.yml:1: unknown key "keep_firing_fr" (did you mean "keep_firing_for"?))");
  check("objectives: x\n", R"(f.yml:1: unknown key "objectives" (did you mean "objective"?))");
  check("fo: x\n", R"(f.yml:1: unknown key "fo" (did you mean "for"?))");
  check("banana: x\n", R"(f.yml:1: unknown key "banana")");
  check("\"\": x\n", R"(f.yml:1: unknown key "")");
  check("a: x\n", R"(f.yml:1: unknown key "a")");
  check(std::string(65, 'x') + ": x\n", "f.yml:1: unknown key \"" + std::string(65, 'x') + "\"");
  check("zzz: 1\nwindwo: 1\n", R"(f.yml:1: unknown key "zzz")");  // The first in the file.
  check("[a]", "f.yml:1: expected a mapping, got a sequence");
  check("a", "f.yml:1: expected a mapping, got \"a\"");
}

TEST(Yaml, AllowOnlyNamesTheMapping) {
  const Node node = Parsed("slos:\n- alert:\n    x: 1\n");
  const Node alert = node.Require("slos").value().Items()[0].Require("alert").value();
  EXPECT_EQ(alert.AllowOnly({}).error().message, "f.yml:3: slos[0].alert: unknown key \"x\"");
}

// Calls `read` on the value of a document "k: TEXT".
template <class Read, class T>
void CheckValue(const std::string& text, Read read, const T& want) {
  const Node node = Parsed("k: " + text).Require("k").value();
  const auto got = (node.*read)();
  ASSERT_TRUE(got) << text << ": " << got.error().message;
  EXPECT_EQ(*got, want) << text;
}

template <class Read>
void CheckNoValue(const std::string& text, Read read, const std::string& want) {
  const Node node = Parsed("k: " + text).Require("k").value();
  const auto got = (node.*read)();
  ASSERT_FALSE(got) << text;
  EXPECT_EQ(got.error().code, Code::kInvalid);
  EXPECT_EQ(got.error().message, "f.yml:1: k: " + want) << text;
}

TEST(Yaml, StringsAreTheTextOfAnyScalar) {
  const auto check = [](const std::string& text, const std::string& want) {
    CheckValue(text, &Node::AsString, want);
  };
  check("text", "text");
  check("'te''xt'", "te'xt");
  check("\"a\\nb\"", "a\nb");
  check("yes", "yes");
  check("0x10", "0x10");
  check("1.50", "1.50");
  check("''", "");
  check("!!str 5", "5");
  CheckNoValue("[a]", &Node::AsString, "expected a string, got a sequence");
  CheckNoValue("{a: b}", &Node::AsString, "expected a string, got a mapping");
}

TEST(Yaml, BooleansAreGos) {
  for (const char* text :
       {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "!!bool true"}) {
    CheckValue(text, &Node::AsBool, true);
  }
  for (const char* text :
       {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}) {
    CheckValue(text, &Node::AsBool, false);
  }
  for (const char* text : {"yES", "tRUE", "oN", "1", "0", "t", "enabled"}) {
    CheckNoValue(text, &Node::AsBool, "expected true or false, got \"" + std::string(text) + "\"");
  }
  CheckNoValue("'true'", &Node::AsBool, "expected true or false, got the string \"true\"");
  CheckNoValue("!!str true", &Node::AsBool, "expected true or false, got the string \"true\"");
  CheckNoValue("[true]", &Node::AsBool, "expected true or false, got a sequence");
}

TEST(Yaml, Integers) {
  const auto check = [](const std::string& text, int64_t want) {
    CheckValue(text, &Node::AsInteger, want);
  };
  check("0", 0);
  check("42", 42);
  check("+42", 42);
  check("-42", -42);
  check("9223372036854775807", std::numeric_limits<int64_t>::max());
  check("-9223372036854775808", std::numeric_limits<int64_t>::min());
  for (const std::string text :
       {"010", "-010", "0x10", "1_000", "1.0", "1e3", "1k", "--1", "+-1", "+", "1 2", ".inf"}) {
    CheckNoValue(text, &Node::AsInteger, "expected a whole number, got \"" + text + "\"");
  }
  CheckNoValue("'5'", &Node::AsInteger, "expected a whole number, got the string \"5\"");
  CheckNoValue("9223372036854775808", &Node::AsInteger,
               "number out of range: \"9223372036854775808\"");
}

TEST(Yaml, Numbers) {
  const auto check = [](const std::string& text, double want) {
    CheckValue(text, &Node::AsNumber, want);
  };
  check("99", 99);
  check("99.9", 99.9);
  check("-1e-3", -0.001);
  check("+.5", 0.5);
  for (const std::string text : {"99%", "1,5", "NaN", "Inf", ".inf", ".nan", "1e999", "x"}) {
    CheckNoValue(text, &Node::AsNumber, "expected a number, got \"" + text + "\"");
  }
  CheckNoValue("'99'", &Node::AsNumber, "expected a number, got the string \"99\"");
  CheckNoValue("{}", &Node::AsNumber, "expected a number, got a mapping");
}

TEST(Yaml, ALongValueIsCutInTheMessage) {
  CheckNoValue(std::string(100, 'x'), &Node::AsNumber,
               "expected a number, got \"" + std::string(60, 'x') + "\"…");
}

TEST(Yaml, Durations) {
  CheckValue("1h30m", &Node::AsDuration, Duration(5'400'000));
  CheckValue("'5m'", &Node::AsDuration, Duration(300'000));
  CheckValue("0", &Node::AsDuration, Duration(0));
  CheckNoValue("5", &Node::AsDuration, "not a duration: \"5\" (want for example 90s, 1h30m)");
  CheckNoValue("300y", &Node::AsDuration, "duration out of range: \"300y\"");
  CheckNoValue("[]", &Node::AsDuration, "expected a duration, got a sequence");
}

TEST(Yaml, Bytes) {
  const auto check = [](const std::string& text, uint64_t want) {
    CheckValue(text, &Node::AsBytes, want);
  };
  check("0", 0);
  check("4096", 4096);
  check("4096B", 4096);
  check("512KiB", 512u << 10);
  check("32MiB", 32u << 20);
  check("2GiB", uint64_t{2} << 30);
  check("2TiB", uint64_t{2} << 40);
  check("2PiB", uint64_t{2} << 50);
  check("1kB", 1000);
  check("1KB", 1000);
  check("1MB", 1'000'000);
  check("1GB", 1'000'000'000);
  check("1TB", 1'000'000'000'000);
  check("1PB", 1'000'000'000'000'000);
  check("'1GB'", 1'000'000'000);
  check("18446744073709551615", std::numeric_limits<uint64_t>::max());
  check("16383PiB", uint64_t{16383} << 50);
  for (const std::string text :
       {"-1", "+1", "1.5GiB", "1 GiB", "1gib", "1Gi", "1G", "GiB", "1GiBx", "1e3"}) {
    CheckNoValue(text, &Node::AsBytes,
                 "expected a size in bytes such as 4096, 512KiB or 1GB, got \"" + text + "\"");
  }
  for (const std::string text : {"18446744073709551616", "16384PiB", "99999999999999999999999B"}) {
    CheckNoValue(text, &Node::AsBytes, "size out of range: \"" + text + "\"");
  }
  CheckNoValue("[]", &Node::AsBytes, "expected a size, got a sequence");
}

TEST(Yaml, ListsAndMapsOfStrings) {
  CheckValue("[a, 1, 'b c', yes]", &Node::AsStringList,
             std::vector<std::string>{"a", "1", "b c", "yes"});
  CheckValue("[]", &Node::AsStringList, std::vector<std::string>{});
  CheckNoValue("a", &Node::AsStringList, "expected a sequence of strings, got \"a\"");
  using Map = std::map<std::string, std::string>;
  CheckValue("{b: 1, a: x, c: , d: ''}", &Node::AsStringMap,
             Map{{"a", "x"}, {"b", "1"}, {"c", ""}, {"d", ""}});
  CheckNoValue("[]", &Node::AsStringMap, "expected a mapping of strings, got a sequence");
  const auto inner = [](const std::string& text) { return Parsed(text).Require("k").value(); };
  EXPECT_EQ(inner("k:\n- a\n- [b]\n").AsStringList().error().message,
            "f.yml:3: k[1]: expected a string, got a sequence");
  EXPECT_EQ(inner("k:\n- a\n- ~\n").AsStringList().error().message,
            "f.yml:3: k[1]: expected a string, got nothing");
  EXPECT_EQ(inner("k:\n  a: 1\n  b: {}\n").AsStringMap().error().message,
            "f.yml:3: k.b: expected a string, got a mapping");
}

class TempDir {
 public:
  TempDir() {
    std::string name = testing::TempDir() + "yaml_test_XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

TEST(Yaml, Loads) {
  const TempDir dir;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(dir.File(name), std::ios::binary) << text;
    return dir.File(name);
  };
  const std::string good = write("good.yml", "a: 1\n");
  EXPECT_EQ(Print(Node::Load(good).value()), "{a: 1}");
  EXPECT_EQ(Node::Load(good).value().file(), good);
  EXPECT_EQ(Print(Node::Load(write("empty.yml", "")).value()), "{}");

  const std::string bad = write("bad.yml", "a: 1\na: 2\n");
  EXPECT_EQ(Node::Load(bad).error().message, bad + ":2: a: duplicate key, first on line 1");

  for (const std::string& path : {dir.File("absent.yml"), dir.File("")}) {
    const Result<Node> node = Node::Load(path);
    ASSERT_FALSE(node) << path;
    EXPECT_EQ(node.error().code, Code::kNotFound) << path;
    EXPECT_EQ(node.error().message.find(path + ": cannot be read: "), 0u) << node.error().message;
  }
}

// Damaged documents are refused or read, and never more: no exception, no crash.
TEST(Yaml, SurvivesDamage) {
  const std::string text =
      "global: &g {interval: 15s, labels: {a: \"b\\n\", c: 'd'}}\n"
      "slos:\n"
      "  - name: x\n"
      "    <<: *g\n"
      "    list: [1, 2, {k: v}]\n"
      "    text: |\n"
      "      one\n"
      "  - ? y\n"
      "    : !!str 5 # comment\n";
  ASSERT_TRUE(Node::Parse(text, "f.yml"));
  const std::string alphabet = "{}[]&*!|>'\"%@`?:-#,~ \n\tab<0\\";
  for (const uint64_t seed : {1u, 2u, 3u, 4u, 5u}) {
    Prng prng(seed);
    for (int i = 0; i < 1000; ++i) {
      std::string damaged = text;
      for (uint64_t edits = 1 + prng.Below(4); edits > 0; --edits) {
        const size_t at = prng.Below(damaged.size());
        const char c = alphabet[prng.Below(alphabet.size())];
        if (prng.Chance(50)) {
          damaged[at] = c;
        } else if (prng.Chance(50)) {
          damaged.insert(at, 1, c);
        } else {
          damaged.erase(at, 1 + prng.Below(3));
        }
      }
      const Result<Node> node = Node::Parse(damaged, "f.yml");
      if (node) {
        EXPECT_FALSE(Print(*node).empty() && !node->IsScalar()) << "seed " << seed << "\n"
                                                                << damaged;
      } else {
        EXPECT_EQ(node.error().message.find("f.yml:"), 0u) << "seed " << seed << "\n" << damaged;
      }
    }
  }
}

}  // namespace
}  // namespace nines::yaml
