#include "tsdb/index.h"

#include <gtest/gtest.h>

#include <map>

#include "tsdb/alias_table.h"

namespace nines::tsdb {
namespace {

constexpr uint64_t kSeed = 7;

class IndexTest : public ::testing::Test {
 protected:
  ColumnId Add(const Labels& series) {
    const auto id = index_.Register(series, &changed_);
    EXPECT_TRUE(id) << series.ToString();
    return *id;
  }
  // Labels of what matches, one a line, in order of id.
  std::string Select(const std::string& matchers) {
    const auto parsed = ParseMatchers(matchers);
    EXPECT_TRUE(parsed) << matchers;
    std::string text;
    for (const ColumnId id : index_.Select(*parsed)) text += index_.LabelsOf(id).ToString() + "\n";
    return text;
  }
  void AddSome() {
    for (const char* job : {"a", "b"}) {
      for (const char* le : {"0.5", "1.0", "+Inf"}) {
        Add({{"__name__", "x_bucket"}, {"job", job}, {"le", le}});
      }
      Add({{"__name__", "x_count"}, {"job", job}});
      Add({{"__name__", "x_sum"}, {"job", job}});
    }
    Add({{"__name__", "x"}, {"job", "a"}});
    Add({{"__name__", "up"}, {"job", "a"}, {"zone", "z"}});
    Add({{"__name__", "odd"}, {"le", "1"}});
    Add({{"__name__", "odd_bucket"}, {"le", "none"}});
    Add({{"job", "nameless"}});
  }

  Index index_{kSeed, 1000};
  std::vector<Change> changed_;
};

TEST_F(IndexTest, OneFamilyForAHistogram) {
  AddSome();
  // x{a}, x{b}, up, odd, odd_bucket, the nameless one; x itself is a column of x{a}.
  EXPECT_EQ(index_.families(), 6u);
  EXPECT_EQ(index_.columns(), 15u);
  EXPECT_EQ(changed_.size(), index_.families() + index_.columns());
  const size_t before = changed_.size();
  AddSome();
  EXPECT_EQ(changed_.size(), before) << "known";
}

TEST_F(IndexTest, LabelsComeBack) {
  for (const Labels& series :
       {Labels{{"__name__", "x_bucket"}, {"le", "1e-1"}, {"z", "\xc3\xa9\n"}},
        Labels{{"__name__", "x_count"}, {"le", "5"}}, Labels{{"__name__", "_count"}},
        Labels{{"__name__", "x_bucket"}, {"le", "NaN"}}, Labels{{"a", "b"}}, Labels{}}) {
    EXPECT_EQ(index_.LabelsOf(Add(series)), series) << series.ToString();
  }
}

TEST_F(IndexTest, SelectByName) {
  AddSome();
  const std::string x_sum = "x_sum{job=\"a\"}\nx_sum{job=\"b\"}\n";
  EXPECT_EQ(Select("__name__=\"x_sum\""), x_sum);
  EXPECT_EQ(Select("__name__=~\"x_s.m\""), x_sum);
  EXPECT_EQ(Select("__name__=\"x\""), "x{job=\"a\"}\n");
  EXPECT_EQ(Select("__name__=\"x_count\",__name__=~\".*_count\",job=\"b\""),
            "x_count{job=\"b\"}\n");
  EXPECT_EQ(Select("__name__=\"x_count\",__name__!=\"x_count\""), "");
  EXPECT_EQ(Select("__name__=\"_count\""), "");
  EXPECT_EQ(Select("__name__=\"nothing\""), "");
  EXPECT_EQ(Select("__name__=\"\""), "{job=\"nameless\"}\n");
  EXPECT_EQ(Select("__name__!~\"x.*|odd.*\""), "up{job=\"a\", zone=\"z\"}\n{job=\"nameless\"}\n");
}

TEST_F(IndexTest, SelectByLabels) {
  AddSome();
  EXPECT_EQ(Select("zone=\"z\""), "up{job=\"a\", zone=\"z\"}\n");
  EXPECT_EQ(Select("job=\"a\",zone!=\"z\",__name__!~\"x_.*\""), "x{job=\"a\"}\n");
  EXPECT_EQ(Select("job=\"\""), "odd{le=\"1\"}\nodd_bucket{le=\"none\"}\n") << "absent is empty";
  EXPECT_EQ(Select("job!~\"a|b\",job!=\"\""), "{job=\"nameless\"}\n");
  EXPECT_EQ(Select("job=~\".+\",zone=~\"z|\",__name__=~\"up|x_sum\",job!=\"b\""),
            "x_sum{job=\"a\"}\nup{job=\"a\", zone=\"z\"}\n");
  EXPECT_EQ(Select("nolabel=\"v\""), "");
  EXPECT_EQ(Select("job=\"c\""), "");
  EXPECT_EQ(Select("job=\"z\""), "") << "a value of another label";
}

TEST_F(IndexTest, SelectByBound) {
  AddSome();
  const std::string one = "x_bucket{job=\"a\", le=\"1.0\"}\n";
  EXPECT_EQ(Select("le=\"1\",job=\"a\""), one);
  EXPECT_EQ(Select("le=\"1e0\",job=\"a\""), one);
  EXPECT_EQ(Select("le=\"1\",__name__=\"odd\""), "odd{le=\"1\"}\n") << "a label like any other";
  EXPECT_EQ(Select("le=\"1.0\",__name__=\"odd\""), "");
  EXPECT_EQ(Select("le=\"none\""), "odd_bucket{le=\"none\"}\n");
  EXPECT_EQ(Select("le=~\"1.*\",job=\"a\""), one);
  EXPECT_EQ(Select("le!=\"1\",le!=\"inf\",job=\"a\",__name__=\"x_bucket\""),
            "x_bucket{job=\"a\", le=\"0.5\"}\n");
  EXPECT_EQ(Select("le=\"\",job=\"b\""), "x_count{job=\"b\"}\nx_sum{job=\"b\"}\n");
  EXPECT_EQ(Select("le!=\"\",job=\"b\",le=~\".Inf\""), "x_bucket{job=\"b\", le=\"+Inf\"}\n");
}

TEST_F(IndexTest, LoadsWhatItGave) {
  AddSome();
  Add({{"__name__", "x_bucket"}, {"job", "a"}, {"le", "0.50"}});
  Index loaded(kSeed + 1, 1000);
  // As a database keeps them: the last of each key, in order of keys.
  std::map<std::string, std::string> records;
  for (const Change& one : changed_) records[one.key] = one.value.value();
  for (const char kind : {'f', 'c'}) {
    for (const auto& [key, value] : records) {
      if (key[0] != kind) continue;
      const auto done = kind == 'f' ? loaded.LoadFamily(key, value) : loaded.LoadColumn(key, value);
      ASSERT_TRUE(done) << done.error().message;
    }
  }
  ASSERT_EQ(loaded.columns(), index_.columns());
  for (uint32_t i = 0; i < loaded.columns(); ++i) {
    EXPECT_EQ(loaded.LabelsOf(ColumnId{i}), index_.LabelsOf(ColumnId{i}));
    EXPECT_EQ(loaded.PlaceOf(ColumnId{i}).family, index_.PlaceOf(ColumnId{i}).family);
    EXPECT_EQ(loaded.PlaceOf(ColumnId{i}).ordinal, index_.PlaceOf(ColumnId{i}).ordinal);
  }
  std::vector<Change> none;
  EXPECT_EQ(*loaded.Register({{"__name__", "up"}, {"job", "a"}, {"zone", "z"}}, &none),
            *index_.Register({{"__name__", "up"}, {"job", "a"}, {"zone", "z"}}, &none));
  EXPECT_TRUE(none.empty());
}

TEST_F(IndexTest, DamagedRecords) {
  Add({{"__name__", "x_bucket"}, {"job", "a"}, {"le", "1"}});
  ASSERT_EQ(changed_.size(), 2u);
  const auto check = [&](bool family, std::string key, std::string value, const char* what) {
    Index fresh(kSeed, 10);
    if (!family) {
      ASSERT_TRUE(fresh.LoadFamily(changed_[0].key, *changed_[0].value));
    }
    const auto done = family ? fresh.LoadFamily(key, value) : fresh.LoadColumn(key, value);
    ASSERT_FALSE(done) << what;
    EXPECT_EQ(done.error().code, Code::kCorrupt) << what;
  };
  for (const bool family : {true, false}) {
    const std::string key = changed_[family ? 0 : 1].key;
    const std::string value = changed_[family ? 0 : 1].value.value();
    for (size_t size = 0; size < value.size(); ++size) {
      check(family, key, value.substr(0, size), "ends early");
    }
    check(family, key, value + "x", "bytes left");
    check(family, key + "x", value, "long key");
    check(family, key.substr(0, 4), value, "short key");
    check(family, key.substr(0, 4) + "\x01", value, "a gap in the ids");
    std::string other_version = value;
    other_version[0] = '\x02';
    check(family, key, other_version, "version");
  }
}

TEST_F(IndexTest, HasFindsWhatIsRegistered) {
  Index index(kSeed, 10);
  std::vector<Change> changed;
  EXPECT_FALSE(index.Has({{"__name__", "x"}}));
  ASSERT_TRUE(index.Register({{"__name__", "x_bucket"}, {"a", "1"}, {"le", "0.5"}}, &changed));
  EXPECT_TRUE(index.Has({{"__name__", "x_bucket"}, {"a", "1"}, {"le", "0.5"}}));
  EXPECT_TRUE(index.Has({{"__name__", "x_bucket"}, {"a", "1"}, {"le", "0.50"}}));
  for (const Labels& other :
       {Labels{{"__name__", "x_bucket"}, {"a", "1"}, {"le", "1"}},
        Labels{{"__name__", "x_bucket"}, {"a", "2"}, {"le", "0.5"}},
        Labels{{"__name__", "x_bucket"}, {"le", "0.5"}},
        Labels{{"__name__", "x_count"}, {"a", "1"}}, Labels{{"__name__", "x"}, {"a", "1"}}}) {
    EXPECT_FALSE(index.Has(other)) << other.ToString();
  }
}

TEST_F(IndexTest, SeriesLimit) {
  Index small(kSeed, 2);
  std::vector<Change> changed;
  EXPECT_TRUE(small.Register({{"__name__", "a"}}, &changed));
  EXPECT_TRUE(small.Register({{"__name__", "a_sum"}}, &changed));
  const size_t before = changed.size();
  for (const Labels& more : {Labels{{"__name__", "b"}}, Labels{{"__name__", "a_count"}},
                             Labels{{"__name__", "a"}, {"a", "a"}}}) {
    const auto refused = small.Register(more, &changed);
    ASSERT_FALSE(refused) << more.ToString();
    EXPECT_EQ(refused.error().code, Code::kExhausted);
  }
  EXPECT_TRUE(small.Register({{"__name__", "a_sum"}}, &changed)) << "known ones go on";
  EXPECT_EQ(changed.size(), before);
  EXPECT_EQ(small.families(), 1u);
}

TEST_F(IndexTest, ColumnLimit) {
  Index wide(kSeed, 1'000'000);
  std::vector<Change> changed;
  const auto add = [&](uint32_t i) {
    return wide.Register({{"__name__", "x_bucket"}, {"le", std::to_string(i)}}, &changed);
  };
  for (uint32_t i = 0; i < kFamilyColumnsMax; ++i) ASSERT_TRUE(add(i)) << i;
  const auto refused = add(kFamilyColumnsMax);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kExhausted);
  EXPECT_TRUE(add(0));
}

TEST(AliasTableTest, FindsWhatWasPut) {
  AliasTable table;
  constexpr uint32_t kMany = 5000;
  std::vector<Fingerprint> aliases;
  for (uint32_t i = 0; i < kMany; ++i) {
    // Low parts collide on purpose: the high part tells them apart.
    aliases.push_back({i / 4, i});
    table.Put(aliases.back(), ColumnId{i});
  }
  EXPECT_EQ(table.size(), kMany);
  aliases.push_back({1, 0xffffffff});
  std::vector<ColumnId> columns(aliases.size());
  table.Find(aliases, columns);
  for (uint32_t i = 0; i < kMany; ++i) ASSERT_EQ(columns[i], ColumnId{i});
  EXPECT_EQ(columns.back(), kNoColumn);
  table.Put(aliases[3], ColumnId{99});
  table.Find(std::span(aliases).subspan(3, 1), std::span(columns).first(1));
  EXPECT_EQ(columns[0], ColumnId{99}) << "replaced";
  EXPECT_EQ(table.size(), kMany);
}

TEST(SymbolsTest, TextsAreKeptOnce) {
  Symbols symbols(kSeed);
  EXPECT_FALSE(symbols.Find("a"));
  const Symbols::Id a = symbols.Intern("a");
  const std::string_view kept = symbols.Text(a);
  EXPECT_EQ(symbols.Intern(""), symbols.Intern(""));
  const std::string big(100'000, 'b');
  const Symbols::Id b = symbols.Intern(big);
  for (int i = 0; i < 10'000; ++i) symbols.Intern("text " + std::to_string(i));
  EXPECT_EQ(symbols.size(), 10'003u);
  EXPECT_EQ(symbols.Intern("a"), a);
  EXPECT_EQ(symbols.Find(big), b);
  EXPECT_EQ(symbols.Text(b), big);
  EXPECT_EQ(kept.data(), symbols.Text(a).data()) << "views stay";
  EXPECT_EQ(symbols.Text(*symbols.Find("text 77")), "text 77");
}

}  // namespace
}  // namespace nines::tsdb
