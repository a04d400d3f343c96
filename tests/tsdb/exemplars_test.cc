#include "tsdb/exemplars.h"

#include <gtest/gtest.h>

#include "base/prng.h"
#include "tests/support/fault_fs.h"
#include "tests/tsdb/hex.h"
#include "tests/tsdb/store_fixture.h"

namespace nines::tsdb {
namespace {

Labels Bucket(const std::string& le, const std::string& job = "a") {
  return {{"__name__", "x_bucket"}, {"job", job}, {"le", le}};
}

Exemplar Of(const std::string& trace, double value, int64_t time_ms) {
  return {.labels = {{"trace_id", trace}}, .value = value, .time_ms = time_ms};
}

class ExemplarsTest : public StoreFixture {
 protected:
  // "kept" or why not.
  std::string Add(const Labels& series, const Exemplar& exemplar) {
    const ExemplarOf one{.column = Id(series), .exemplar = exemplar};
    const auto report = store_->Append(Writes{.exemplars = {&one, 1}}, now_);
    if (!report) return report.error().message;
    if (report->exemplars == 1) return "kept";
    if (report->refused_exemplars.empty()) return "passed over";
    return std::string(RefusalName(report->refused_exemplars.at(0).reason));
  }

  // A series a line, its exemplars as "trace=value@ms after noon".
  std::string Find(const std::string& matchers, int64_t from_ms = 0, int64_t to_ms = 4 * kNoonMs) {
    const auto parsed = ParseMatchers(matchers);
    EXPECT_TRUE(parsed);
    std::string text;
    for (const SeriesExemplars& series :
         store_->FindExemplars({{*parsed}, FromUnixMs(from_ms), FromUnixMs(to_ms)})) {
      text += series.labels.ToString() + ":";
      for (const Exemplar& one : series.exemplars) {
        text += " " + std::string(one.labels.Get("trace_id")) + "=" + FormatFloat(one.value) + "@" +
                std::to_string(one.time_ms - kNoonMs);
      }
      text += "\n";
    }
    return text;
  }
};

TEST_F(ExemplarsTest, AreFoundBySeriesAndTime) {
  Open();
  EXPECT_EQ(Add(Bucket("0.5"), Of("a", 0.4, kNoonMs)), "kept");
  EXPECT_EQ(Add(Bucket("1"), Of("b", 0.7, kNoonMs + 1)), "kept");
  EXPECT_EQ(Add(Bucket("0.5"), Of("c", 0.3, kNoonMs + 2)), "kept");
  EXPECT_EQ(Add(Bucket("0.5", "b"), Of("d", 0.2, kNoonMs)), "kept");
  const std::string half = "x_bucket{job=\"a\", le=\"0.5\"}: ";
  EXPECT_EQ(Find("job=\"a\""), half + "a=0.4@0 c=0.3@2\nx_bucket{job=\"a\", le=\"1\"}: b=0.7@1\n");
  EXPECT_EQ(Find("job=\"a\"", kNoonMs + 1, kNoonMs + 1),
            "x_bucket{job=\"a\", le=\"1\"}: b=0.7@1\n");
  EXPECT_EQ(Find("le=\"0.50\",job=\"a\"", kNoonMs, kNoonMs + 1), half + "a=0.4@0\n");
  EXPECT_EQ(Find("job=\"c\""), "");
  const std::vector<Matchers> sets = {*ParseMatchers("job=\"b\""), *ParseMatchers("job=~\"b|c\"")};
  EXPECT_EQ(store_->FindExemplars({sets, FromUnixMs(0), FromUnixMs(4 * kNoonMs)}).size(), 1u);
  EXPECT_EQ(store_->stats().exemplars, 4u);
  EXPECT_EQ(Select("{}"), "") << "an exemplar is no sample";
}

TEST_F(ExemplarsTest, OrderAndRepetition) {
  Open();
  const Labels series = Bucket("0.5");
  EXPECT_EQ(Add(series, Of("b", 0.4, kNoonMs)), "kept");
  EXPECT_EQ(Add(series, Of("b", 0.4, kNoonMs)), "kept") << "the same again";
  EXPECT_EQ(Add(series, Of("b", 0.4, kNoonMs - 1)), "out of order exemplar");
  EXPECT_EQ(Add(series, Of("b", 0.3, kNoonMs)), "out of order exemplar");
  EXPECT_EQ(Add(series, Of("a", 0.4, kNoonMs)), "out of order exemplar");
  EXPECT_EQ(Add(series, Of("c", 0.4, kNoonMs)), "kept");
  EXPECT_EQ(Add(series, Of("a", 0.5, kNoonMs)), "kept");
  EXPECT_EQ(Add(series, Of("a", 0.1, kNoonMs + 1)), "kept");
  EXPECT_EQ(Add(series, Of("b", 0.4, kNoonMs)), "kept") << "one that is not the newest again";
  EXPECT_EQ(Add(Bucket("1"), Of("b", 0.4, kNoonMs - 1)), "kept") << "each series has its order";
  EXPECT_EQ(Find("le=\"0.5\""),
            "x_bucket{job=\"a\", le=\"0.5\"}: b=0.4@0 c=0.4@0 a=0.5@0 a=0.1@1\n");
}

TEST_F(ExemplarsTest, TimesAreThoseOfSamples) {
  options_.retention = std::chrono::hours{24};
  Open();
  EXPECT_EQ(Add(Bucket("1"), Of("a", 1, kNoonMs - kDayMs - 1)),
            "exemplar is older than the retention");
  EXPECT_EQ(Add(Bucket("1"), Of("a", 1, kNoonMs - kDayMs)), "kept");
  EXPECT_EQ(Add(Bucket("1"), Of("a", 1, kNoonMs + 10 * kMinuteMs + 1)),
            "exemplar is too far in the future");
  EXPECT_EQ(Add(Bucket("1"), Of("a", 1, kNoonMs + 10 * kMinuteMs)), "kept");
}

// Characters, not bytes: an e with an accent is one.
TEST_F(ExemplarsTest, LabelsMax) {
  Open();
  std::string accents;
  for (size_t i = 0; i < kExemplarCharactersMax - 8; ++i) accents += "\xc3\xa9";
  EXPECT_EQ(Add(Bucket("1"), Of(accents, 1, kNoonMs)), "kept");
  EXPECT_EQ(Add(Bucket("1"), Of(accents + "x", 1, kNoonMs)),
            "labels of an exemplar above 128 characters");
  EXPECT_EQ(Add(Bucket("1"), {.labels = {}, .value = 1, .time_ms = kNoonMs + 1}), "kept");
}

TEST_F(ExemplarsTest, AFamilyKeepsThoseOfItsRareBuckets) {
  Open();
  EXPECT_EQ(Add(Bucket("10"), Of("slow", 9, kNoonMs)), "kept");
  EXPECT_EQ(Add(Bucket("+Inf"), Of("slower", 11, kNoonMs)), "kept");
  for (size_t i = 0; i < 2 * kExemplarsAFamilyMax; ++i) {
    ASSERT_EQ(Add(Bucket("0.5"), Of("fast", 0.1, kNoonMs + static_cast<int64_t>(i))), "kept");
    ASSERT_LE(store_->stats().exemplars, kExemplarsAFamilyMax);
  }
  EXPECT_EQ(store_->stats().exemplars, kExemplarsAFamilyMax);
  EXPECT_EQ(Find("le=~\"10|.Inf\""),
            "x_bucket{job=\"a\", le=\"+Inf\"}: slower=11@0\nx_bucket{job=\"a\", le=\"10\"}: "
            "slow=9@0\n");
  EXPECT_TRUE(Find("le=\"0.5\"").starts_with("x_bucket{job=\"a\", le=\"0.5\"}: fast=0.1@66 "))
      << Find("le=\"0.5\"");
}

TEST_F(ExemplarsTest, TheOldestOfAllGoesFirst) {
  options_.exemplars_max = 3;
  Open();
  for (int i = 0; i < 5; ++i) {
    const Labels series = Bucket("1", std::string(1, static_cast<char>('a' + i)));
    EXPECT_EQ(Add(series, Of("t", i, kNoonMs)), "kept");
  }
  const std::string three =
      "x_bucket{job=\"c\", le=\"1\"}: t=2@0\nx_bucket{job=\"d\", le=\"1\"}: t=3@0\n"
      "x_bucket{job=\"e\", le=\"1\"}: t=4@0\n";
  EXPECT_EQ(Find(""), three);
  Crash();
  EXPECT_EQ(Find(""), three);
  options_.exemplars_max = 2;
  Crash();
  const std::string two = three.substr(three.find('\n') + 1);
  EXPECT_EQ(Find(""), two);
  // What went is not there again when there is room, and room that was freed is used.
  options_.exemplars_max = 3;
  Put(Bucket("1"), kNoonMs, 1);
  Crash();
  EXPECT_EQ(Find(""), two);
  EXPECT_EQ(Add(Bucket("1"), Of("new", 5, kNoonMs)), "kept");
  EXPECT_EQ(Add(Bucket("2"), Of("newer", 6, kNoonMs)), "kept");
  const std::string now = Find("");
  EXPECT_EQ(now,
            "x_bucket{job=\"a\", le=\"1\"}: new=5@0\nx_bucket{job=\"a\", le=\"2\"}: newer=6@0\n"
            "x_bucket{job=\"e\", le=\"1\"}: t=4@0\n");
  Crash();
  EXPECT_EQ(Find(""), now);
}

TEST_F(ExemplarsTest, NoneAreKeptWhereTheLimitIsZero) {
  options_.exemplars_max = 0;
  Open();
  EXPECT_EQ(Add(Bucket("1"), Of("a", 1, kNoonMs)), "passed over");
  EXPECT_EQ(Find(""), "");
}

TEST_F(ExemplarsTest, SurviveACrashAndACheckpoint) {
  Open();
  Put(Bucket("0.5"), kNoonMs, 1);
  EXPECT_EQ(Add(Bucket("0.5"), Of("a", 0.4, kNoonMs)), "kept");
  EXPECT_EQ(Add(Bucket("1"), Of("b", 0.7, kNoonMs)), "kept");
  const std::string before = Find("");
  Crash();
  EXPECT_EQ(Find(""), before);
  Checkpoint();
  Crash();
  EXPECT_EQ(Find(""), before);
  EXPECT_EQ(Add(Bucket("0.5"), Of("a", 0.4, kNoonMs)), "kept");
  EXPECT_EQ(Add(Bucket("0.5"), Of("a", 0.4, kNoonMs - 1)), "out of order exemplar");
  EXPECT_EQ(Find(""), before);
}

// The power goes at random moments: what was acknowledged is there, whatever the limits pushed out
// meanwhile, and nothing that was not sent.
TEST_F(ExemplarsTest, SurviveAPowerCut) {
  for (const uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::FaultFs disk;
    options_.env = disk.env();
    options_.path = "/data";
    options_.exemplars_max = 12;
    Prng prng(seed);
    int64_t clock = 0;
    std::string expected;
    for (int round = 0; round < 6; ++round) {
      if (round > 0) disk.Restore();
      Open();
      ASSERT_EQ(Find(""), expected) << "round " << round;
      for (uint64_t i = prng.Below(20); i > 0; --i) {
        const Labels series = Bucket(std::to_string(prng.Below(3)),
                                     std::string(1, static_cast<char>('a' + prng.Below(4))));
        ASSERT_EQ(Add(series, Of(std::to_string(clock), 1, kNoonMs + clock)), "kept");
        ++clock;
        if (prng.Chance(10)) (void)store_->Maintain(now_ + Duration{clock});
      }
      expected = Find("");
      disk.PowerCut();
      EXPECT_NE(Add(Bucket("1"), Of("lost", 1, kNoonMs + clock)), "kept");
      store_.reset();
    }
  }
}

// A write that failed leaves nothing to be sent again that is not written with the next.
TEST_F(ExemplarsTest, AreWrittenOnceTheDiskIsWell) {
  test::FaultFs disk;
  options_.env = disk.env();
  options_.path = "/data";
  options_.min_free = {.bytes = 0, .percent = 0};
  Open();
  EXPECT_EQ(Add(Bucket("1"), Of("a", 1, kNoonMs)), "kept");
  disk.LimitSpace(0);
  EXPECT_NE(Add(Bucket("1"), Of("b", 2, kNoonMs + 1)), "kept");
  disk.FreeSpace();
  ASSERT_TRUE(store_->Maintain(now_));
  EXPECT_EQ(Add(Bucket("1"), Of("b", 2, kNoonMs + 1)), "kept") << "sent again";
  const std::string both = "x_bucket{job=\"a\", le=\"1\"}: a=1@0 b=2@1\n";
  EXPECT_EQ(Find(""), both);
  disk.PowerCut();
  store_.reset();
  disk.Restore();
  Open();
  EXPECT_EQ(Find(""), both);
  store_.reset();
}

// ---- Records.

ExemplarOf Example() {
  return {.column = ColumnId{0},
          .exemplar = {.labels = {{"trace_id", "ab"}}, .value = 0.25, .time_ms = 1000}};
}

TEST(ExemplarRecord, AsInTheFormatPage) {
  EXPECT_EQ(ToHex(ExemplarKey(1)), ToHex(BytesOf("tsdb/FORMAT.md", "exemplar-key")));
  EXPECT_EQ(ToHex(EncodeExemplar(3, Example())), ToHex(BytesOf("tsdb/FORMAT.md", "exemplar")));
}

class ExemplarLoadTest : public testing::Test {
 protected:
  ExemplarLoadTest() {
    std::vector<Change> unused;
    EXPECT_TRUE(index_.Register(Bucket("1"), &unused));
  }
  Result<void> Load(const std::string& key, const std::string& value) {
    return Exemplars(10, &index_).Load(key, value);
  }

  Index index_{7, 100};
};

TEST_F(ExemplarLoadTest, DamagedRecordsAreRefused) {
  const std::string key = ExemplarKey(1);
  const std::string value = EncodeExemplar(3, Example());
  EXPECT_TRUE(Load(key, value));
  const auto check = [&](const std::string& k, const std::string& v, const char* what) {
    const auto loaded = Load(k, v);
    ASSERT_FALSE(loaded) << what;
    EXPECT_EQ(loaded.error().code, Code::kCorrupt) << what;
  };
  for (size_t size = 0; size < value.size(); ++size)
    check(key, value.substr(0, size), "ends early");
  check(key, value + "x", "bytes left");
  check(key + "x", value, "long key");
  check("x", value, "short key");
  check(ExemplarKey(0xffffffff), value, "no slot");
  check(key, "\x02" + value.substr(1), "version");
  Exemplars twice(10, &index_);
  EXPECT_TRUE(twice.Load(ExemplarKey(0), value));
  EXPECT_FALSE(twice.Load(ExemplarKey(0), EncodeExemplar(4, Example()))) << "a slot twice";
  EXPECT_FALSE(twice.Load(ExemplarKey(1), value)) << "a number twice";
}

// Random damage never crashes, and is found or reads as a record.
TEST_F(ExemplarLoadTest, RandomBytes) {
  Prng prng(11);
  for (int i = 0; i < 20'000; ++i) {
    std::string value = EncodeExemplar(3, Example());
    for (uint64_t n = 1 + prng.Below(3); n > 0; --n) {
      value[prng.Below(value.size())] = static_cast<char>(prng.Below(256));
    }
    (void)Load(ExemplarKey(0), value);
  }
}

TEST_F(ExemplarLoadTest, ThoseOfSeriesThatAreGoneAreDeleted) {
  Exemplars exemplars(10, &index_);
  ExemplarOf gone = Example();
  gone.column = ColumnId{1};
  EXPECT_TRUE(exemplars.Load(ExemplarKey(0), EncodeExemplar(3, gone)));
  EXPECT_TRUE(exemplars.Load(ExemplarKey(5), EncodeExemplar(4, Example())));
  std::vector<Change> changes;
  exemplars.Trim(&changes);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].key, ExemplarKey(0));
  EXPECT_FALSE(changes[0].value);
  EXPECT_EQ(exemplars.size(), 1u);
}

TEST_F(ExemplarLoadTest, RemoveForgetsAndDeletes) {
  Exemplars exemplars(10, &index_);
  EXPECT_TRUE(exemplars.Load(ExemplarKey(5), EncodeExemplar(4, Example())));
  std::vector<Change> changes;
  exemplars.Remove([](ColumnId column) { return column != ColumnId{0}; }, &changes);
  EXPECT_EQ(exemplars.size(), 1u);
  exemplars.Remove([](ColumnId column) { return column == ColumnId{0}; }, &changes);
  EXPECT_EQ(exemplars.size(), 0u);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].key, ExemplarKey(5));
  EXPECT_FALSE(changes[0].value);
}

}  // namespace
}  // namespace nines::tsdb
