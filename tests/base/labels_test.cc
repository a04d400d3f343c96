#include "base/labels.h"

#include <gtest/gtest.h>

namespace nines {
namespace {

TEST(Labels, AreSortedUniqueAndHaveNoEmptyValues) {
  const auto check = [](const Labels& labels, const std::string& want) {
    EXPECT_EQ(labels.ToString(), want);
  };
  check(Labels{}, "{}");
  check(Labels{{"b", "2"}, {"a", "1"}}, R"({a="1", b="2"})");
  check(Labels{{"a", "1"}, {"a", "2"}}, R"({a="2"})");
  check(Labels{{"a", "1"}, {"b", ""}}, R"({a="1"})");
  check(Labels{{"a", "1"}, {"a", ""}}, "{}");
  check(Labels{{"a", ""}, {"a", "1"}}, R"({a="1"})");
  check(Labels{{"c", "3"}, {"a", "1"}, {"c", "4"}, {"b", "2"}, {"a", "5"}},
        R"({a="5", b="2", c="4"})");
  check(Labels{{"a", "1"}, {"Z", "2"}, {"_", "3"}}, R"({Z="2", _="3", a="1"})");  // By bytes.
}

TEST(Labels, GetAndHas) {
  const Labels labels{{"a", "1"}, {"c", "3"}};
  EXPECT_EQ(labels.Get("a"), "1");
  EXPECT_EQ(labels.Get("c"), "3");
  for (const char* absent : {"", "A", "b", "d"}) {
    EXPECT_EQ(labels.Get(absent), "") << absent;
    EXPECT_FALSE(labels.Has(absent)) << absent;
  }
  EXPECT_TRUE(labels.Has("a"));
}

TEST(Labels, SetAndRemove) {
  Labels labels;
  labels.Set("b", "2");
  labels.Set("a", "1");
  labels.Set("c", "3");
  EXPECT_EQ(labels, (Labels{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  labels.Set("b", "4");
  EXPECT_EQ(labels.Get("b"), "4");
  labels.Set("b", "");
  labels.Set("absent", "");
  labels.Remove("c");
  labels.Remove("c");
  EXPECT_EQ(labels, (Labels{{"a", "1"}}));
  EXPECT_EQ(labels.size(), 1u);
  EXPECT_FALSE(labels.empty());
}

TEST(Labels, SetTakesAViewOfItsOwnValue) {
  Labels labels{{"a", "1"}, {"b", "2"}};
  labels.Set("a", labels.Get("b"));
  EXPECT_EQ(labels, (Labels{{"a", "2"}, {"b", "2"}}));
}

TEST(Labels, Only) {
  const Labels labels{{"a", "1"}, {"b", "2"}, {"c", "3"}};
  EXPECT_EQ(labels.Only({"c", "x", "a", "a"}), (Labels{{"a", "1"}, {"c", "3"}}));
  EXPECT_EQ(labels.Only({}), Labels());
}

TEST(Labels, CompareNameBeforeValueAndPrefixFirst) {
  const Labels in_order[] = {
      Labels{},
      Labels{{"a", "1"}},
      Labels{{"a", "1"}, {"b", "1"}},
      Labels{{"a", "1"}, {"c", "0"}},
      Labels{{"a", "2"}},
      Labels{{"aa", "0"}},
      Labels{{"b", "0"}},
      Labels{{"b", "\xff"}},  // Bytes, unsigned.
  };
  for (size_t i = 0; i < std::size(in_order); ++i) {
    for (size_t j = 0; j < std::size(in_order); ++j) {
      EXPECT_EQ(in_order[i] < in_order[j], i < j)
          << in_order[i].ToString() << " " << in_order[j].ToString();
      EXPECT_EQ(in_order[i] == in_order[j], i == j);
    }
  }
}

TEST(Labels, ToStringPutsTheMetricInFront) {
  const auto check = [](const Labels& labels, const std::string& want) {
    EXPECT_EQ(labels.ToString(), want);
  };
  check({{"__name__", "up"}}, "up");
  check({{"__name__", "up"}, {"job", "a"}, {"Z", "b"}}, R"(up{Z="b", job="a"})");
  check({{"__name__", "a:b"}, {"job", "a\"b\\\n"}}, R"(a:b{job="a\"b\\\n"})");
  check({{"__name__", "my.metric"}}, R"({"my.metric"})");
  check({{"__name__", "my.metric"}, {"a.b", "c"}}, R"({"my.metric", "a.b"="c"})");
}

// Vectors of Alertmanager; the second is upstream's own.
TEST(Labels, FingerprintIsAlertmanagers) {
  const auto check = [](const Labels& labels, const std::string& want) {
    EXPECT_EQ(FingerprintText(labels.Fingerprint()), want) << labels.ToString();
  };
  check({}, "cbf29ce484222325");
  check({{"alertname", "TestAlert"}}, "dab43189276e5f48");
  EXPECT_EQ((Labels{{"name", "garland, briggs"}, {"fear", "love is not enough"}}).Fingerprint(),
            5799056148416392346u);
}

TEST(Labels, FingerprintTextHasSixteenDigits) {
  EXPECT_EQ(FingerprintText(0), "0000000000000000");
  EXPECT_EQ(FingerprintText(0xabc), "0000000000000abc");
  EXPECT_EQ(FingerprintText(~uint64_t{0}), "ffffffffffffffff");
}

TEST(GoQuote, EscapesAsStrconvDoes) {
  const auto check = [](const std::string& text, const std::string& want) {
    EXPECT_EQ(GoQuote(text), want);
  };
  check("", R"("")");
  check("plain text", R"("plain text")");
  check("\a\b\f\n\r\t\v", R"("\a\b\f\n\r\t\v")");
  check(R"(a"b\c'd)", R"("a\"b\\c'd")");
  check(std::string("\0\x01\x1f\x7f", 4), R"("\x00\x01\x1f\x7f")");
  check("\xff\xc0z", R"("\xff\xc0z")");
  check("\xe2\x82", R"("\xe2\x82")");
  check("é€😀日本", "\"é€😀日本\"");
  check("\u00a0", R"("\u00a0")");          // No-break space.
  check("\u00ad", R"("\u00ad")");          // Soft hyphen: a format character.
  check("\u0085", R"("\u0085")");          // C1 control.
  check("\u200b", R"("\u200b")");          // Zero-width space.
  check("\u2028", R"("\u2028")");          // Line separator.
  check("\u3000", R"("\u3000")");          // Ideographic space.
  check("\ufeff", R"("\ufeff")");          // Byte order mark.
  check("\ue000", R"("\ue000")");          // Private use.
  check("\U000e0001", R"("\U000e0001")");  // Language tag.
  check("\u0301", "\"\u0301\"");           // A combining mark prints.
}

TEST(Names, Legacy) {
  const auto check = [](const std::string& name, bool metric, bool label) {
    EXPECT_EQ(IsLegacyMetricName(name), metric) << name;
    EXPECT_EQ(IsLegacyLabelName(name), label) << name;
  };
  check("a", true, true);
  check("_", true, true);
  check("aZ_09", true, true);
  check("__name__", true, true);
  check("a:b", true, false);
  check(":", true, false);
  check("", false, false);
  check("0a", false, false);
  check("a.b", false, false);
  check("a-b", false, false);
  check("a b", false, false);
  check("é", false, false);
}

}  // namespace
}  // namespace nines
