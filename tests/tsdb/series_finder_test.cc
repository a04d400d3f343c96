#include <gtest/gtest.h>

#include "tests/tsdb/store_fixture.h"

namespace nines::tsdb {
namespace {

class SeriesFinderTest : public StoreFixture {
 protected:
  SeriesQuery Query(const std::vector<std::string>& sets, int64_t from_ms, int64_t to_ms) {
    SeriesQuery query{.sets = {}, .from = FromUnixMs(from_ms), .to = FromUnixMs(to_ms)};
    for (const std::string& set : sets) {
      auto parsed = ParseMatchers(set);
      EXPECT_TRUE(parsed) << set;
      query.sets.push_back(*std::move(parsed));
    }
    return query;
  }

  static std::string Text(const Result<std::vector<std::string>>& texts) {
    if (!texts) return texts.error().message;
    std::string all;
    for (const std::string& text : *texts) all += (all.empty() ? "" : " ") + text;
    return all;
  }
  std::string Names(const std::vector<std::string>& sets, int64_t from_ms = 0,
                    int64_t to_ms = 4 * kNoonMs) {
    return Text(store_->LabelNames(Query(sets, from_ms, to_ms)));
  }
  std::string Values(const std::string& name, const std::vector<std::string>& sets,
                     int64_t from_ms = 0, int64_t to_ms = 4 * kNoonMs) {
    return Text(store_->LabelValues(name, Query(sets, from_ms, to_ms)));
  }
  std::string Series(const std::vector<std::string>& sets, int64_t from_ms = 0,
                     int64_t to_ms = 4 * kNoonMs) {
    const auto found = store_->FindSeries(Query(sets, from_ms, to_ms));
    if (!found) return found.error().message;
    std::string all;
    for (const Labels& labels : *found) all += labels.ToString() + "\n";
    return all;
  }

  void Fill() {
    for (const char* le : {"0.5", "1", "+Inf"}) {
      Put({{"__name__", "x_bucket"}, {"job", "a"}, {"le", le}}, kNoonMs, 1);
    }
    Put({{"__name__", "x_count"}, {"job", "a"}}, kNoonMs, 1);
    Put({{"__name__", "up"}, {"job", "a"}, {"zone", "eu"}}, kNoonMs, 1);
    Put({{"__name__", "up"}, {"job", "b"}}, kNoonMs, 1);
    Put({{"__name__", "odd"}, {"le", "many"}}, kNoonMs, 1);
  }
  // In memory, on disk, after a crash.
  void CheckInEveryState(const std::function<void()>& check) {
    check();
    Checkpoint();
    check();
    Crash();
    check();
  }
};

TEST_F(SeriesFinderTest, AllThatThereIs) {
  Open();
  Fill();
  CheckInEveryState([this] {
    EXPECT_EQ(Names({}), "__name__ job le zone");
    EXPECT_EQ(Values("__name__", {}), "odd up x_bucket x_count");
    EXPECT_EQ(Values("job", {}), "a b");
    EXPECT_EQ(Values("le", {}), "+Inf 0.5 1 many");
    EXPECT_EQ(Values("zone", {}), "eu");
    EXPECT_EQ(Values("nothing", {}), "");
    EXPECT_EQ(Series({}),
              "odd{le=\"many\"}\nup{job=\"a\", zone=\"eu\"}\nup{job=\"b\"}\n"
              "x_bucket{job=\"a\", le=\"+Inf\"}\nx_bucket{job=\"a\", le=\"0.5\"}\n"
              "x_bucket{job=\"a\", le=\"1\"}\nx_count{job=\"a\"}\n");
  });
}

TEST_F(SeriesFinderTest, MatchersAreExact) {
  Open();
  Fill();
  CheckInEveryState([this] {
    EXPECT_EQ(Names({"__name__=\"up\""}), "__name__ job zone");
    EXPECT_EQ(Names({"__name__=\"x_count\""}), "__name__ job");
    EXPECT_EQ(Names({"__name__=\"x_bucket\""}), "__name__ job le");
    EXPECT_EQ(Names({"job=\"b\"", "__name__=\"odd\""}), "__name__ job le");
    EXPECT_EQ(Names({"job=\"c\""}), "");
    EXPECT_EQ(Values("__name__", {"job=\"a\",le=\"\""}), "up x_count");
    EXPECT_EQ(Values("le", {"le!=\"0.50\",job=\"a\""}), "+Inf 1");
    EXPECT_EQ(Values("zone", {"job=~\"a|b\""}), "eu");
    EXPECT_EQ(Series({"le=\"1\"", "__name__=\"up\",job=\"b\"", "job=\"b\""}),
              "up{job=\"b\"}\nx_bucket{job=\"a\", le=\"1\"}\n");
  });
}

TEST_F(SeriesFinderTest, TimesAreCoarse) {
  Open();
  Fill();
  now_ += std::chrono::hours{6};
  const int64_t later = kNoonMs + 6 * 60 * kMinuteMs;
  Put({{"__name__", "up"}, {"job", "c"}}, later, 1);
  CheckInEveryState([&] {
    EXPECT_EQ(Values("job", {}, kNoonMs - kMinuteMs, kNoonMs + kMinuteMs), "a b");
    EXPECT_EQ(Values("job", {}, later - kMinuteMs, later + kMinuteMs), "c");
    EXPECT_EQ(Values("job", {}, kNoonMs + 60 * kMinuteMs, later - 60 * kMinuteMs), "");
    EXPECT_EQ(Values("job", {}, 0, kNoonMs - kDayMs), "");
    EXPECT_EQ(Values("job", {}, later + kDayMs, 4 * kNoonMs), "");
    EXPECT_EQ(Values("job", {}, kNoonMs + 1, kNoonMs - 1), "") << "an empty range";
    EXPECT_EQ(Names({}, later, later), "__name__ job");
    EXPECT_EQ(Series({"__name__=\"up\""}, later, later), "up{job=\"c\"}\n");
  });
  const SeriesQuery ever{.sets = {}, .from = Time::min(), .to = Time::max()};
  EXPECT_EQ(Text(store_->LabelValues("job", ever)), "a b c");
}

// A series of which no sample was stored, but perhaps an exemplar.
TEST_F(SeriesFinderTest, SeriesWithoutSamplesAreNone) {
  Open();
  Id({{"__name__", "up"}, {"job", "a"}});
  EXPECT_EQ(Names({}), "");
  EXPECT_EQ(Series({}), "");
  const SeriesQuery ever{.sets = {}, .from = Time::min(), .to = Time::max()};
  EXPECT_EQ(Text(store_->LabelNames(ever)), "");
}

}  // namespace
}  // namespace nines::tsdb
