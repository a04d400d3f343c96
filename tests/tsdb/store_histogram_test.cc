#include <limits>

#include "tests/tsdb/store_fixture.h"

namespace nines::tsdb {
namespace {

const Labels kX{{"__name__", "x"}, {"job", "a"}};

NativeHistogram Example(uint64_t count) {
  NativeHistogram histogram = ExampleHistogram();
  histogram.count += count;
  histogram.zero_count += count;
  return histogram;
}

class StoreHistogramTest : public StoreFixture {
 protected:
  // Runs `check` in every state that what was stored goes through.
  template <class Check>
  void Everywhere(Check check) {
    check("in the head");
    Crash();
    check("replayed");
    Checkpoint();
    check("in fragments");
    CloseAndOpen();
    check("reopened");
  }
};

TEST_F(StoreHistogramTest, ReadsBackWhatWasWritten) {
  Open();
  std::string expected;
  Prng prng(7);
  NativeHistogram histogram = RandomHistogram(&prng);
  for (int64_t i = 0; i < 300; ++i) {
    const NativeHistogram& one = i == 200 ? StaleHistogram() : histogram;
    ASSERT_EQ(PutHistogram(kX, kNoonMs - 20 * kMinuteMs + i * 5000, one), "stored");
    expected += Line(kNoonMs - 20 * kMinuteMs + i * 5000, one);
    histogram = NextHistogram(histogram, &prng);
  }
  Everywhere([&](const char* when) { EXPECT_EQ(ReadHistograms(kX), expected) << when; });
}

TEST_F(StoreHistogramTest, OfAStaleMarkerTheSumStays) {
  Open();
  NativeHistogram stale = ExampleHistogram();
  stale.sum = StaleMarker();
  EXPECT_EQ(PutHistogram(kX, kNoonMs, stale), "stored");
  EXPECT_EQ(PutHistogram(kX, kNoonMs, StaleHistogram()), "repeated");
  Everywhere([&](const char* when) { EXPECT_EQ(ReadHistograms(kX), "0 stale\n") << when; });
}

TEST_F(StoreHistogramTest, Duplicates) {
  Open();
  EXPECT_EQ(PutHistogram(kX, kNoonMs, Example(0)), "stored");
  EXPECT_EQ(PutHistogram(kX, kNoonMs + 1000, Example(1)), "stored");
  NativeHistogram other_hint = Example(1);
  other_hint.hint = ResetHint::kGauge;
  Everywhere([&](const char* when) {
    EXPECT_EQ(PutHistogram(kX, kNoonMs, Example(0)), "repeated") << when;
    EXPECT_EQ(PutHistogram(kX, kNoonMs, Example(1)), "duplicate sample for timestamp") << when;
    EXPECT_EQ(PutHistogram(kX, kNoonMs + 1000, Example(1)), "repeated") << when;
    EXPECT_EQ(PutHistogram(kX, kNoonMs + 1000, other_hint), "duplicate sample for timestamp")
        << when;
    EXPECT_EQ(PutHistogram(kX, kNoonMs, StaleHistogram()), "duplicate sample for timestamp")
        << when;
  });
}

TEST_F(StoreHistogramTest, DuplicatesWithinOneRequest) {
  Open();
  const ColumnId id = HistogramId(kX);
  const std::string a = Encoded(Example(0));
  const std::string b = Encoded(Example(1));
  const std::vector<AppendHistogram> histograms = {{id, kNoonMs, a},     {id, kNoonMs, a},
                                                   {id, kNoonMs, b},     {id, kNoonMs - 5, b},
                                                   {id, kNoonMs - 5, b}, {id, kNoonMs - 5, ""}};
  const Append sample{Id(kX), kNoonMs, 3};
  const auto report =
      store_->Append(Writes{.samples = {&sample, 1}, .histograms = histograms}, now_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->stored, 1u);
  EXPECT_EQ(report->histograms_stored, 2u);
  EXPECT_EQ(report->histograms_repeated, 2u);
  ASSERT_EQ(report->refused_histograms.size(), 2u);
  EXPECT_EQ(report->refused_histograms[0].index, 2u);
  EXPECT_EQ(report->refused_histograms[1].index, 5u);
  const std::string expected = Line(kNoonMs - 5, Example(1)) + Line(kNoonMs, Example(0));
  Everywhere([&](const char* when) { EXPECT_EQ(ReadHistograms(kX), expected) << when; });
}

TEST_F(StoreHistogramTest, TooOldTooFarAheadAndLate) {
  Open();
  const int64_t window_ms = options_.out_of_order_window.count();
  EXPECT_EQ(PutHistogram(kX, kNoonMs, Example(0)), "stored");
  Checkpoint();
  EXPECT_EQ(PutHistogram(kX, kNoonMs - window_ms, Example(1)), "stored") << "at the limit";
  EXPECT_EQ(PutHistogram(kX, kNoonMs - window_ms - 1, Example(2)), "too old sample");
  EXPECT_EQ(PutHistogram(kX, kNoonMs + options_.future_max.count() + 1, Example(2)),
            "sample is too far in the future");
  EXPECT_EQ(PutHistogram(kX, kNoonMs - options_.retention.count() - 1, Example(2)),
            "sample is older than the retention");
  const std::string expected = Line(kNoonMs - window_ms, Example(1)) + Line(kNoonMs, Example(0));
  Everywhere([&](const char* when) {
    EXPECT_EQ(ReadHistograms(kX), expected) << when;
    EXPECT_EQ(PutHistogram(kX, kNoonMs - window_ms - 1, Example(2)), "too old sample") << when;
  });
}

// A series of numbers that becomes one of histograms, the classic buckets of the same name beside
// them: one family, each its own column.
TEST_F(StoreHistogramTest, LivesBesideTheOtherColumnsOfItsFamily) {
  Open();
  const Labels count{{"__name__", "x_count"}, {"job", "a"}};
  EXPECT_EQ(Put(kX, kNoonMs, 5), "stored");
  EXPECT_EQ(Put(count, kNoonMs, 6), "stored");
  EXPECT_EQ(PutHistogram(kX, kNoonMs, Example(0)), "stored");
  EXPECT_EQ(PutHistogram(kX, kNoonMs + 1000, Example(2)), "stored");
  EXPECT_EQ(PutHistogram(count, kNoonMs, Example(9)), "stored");
  Everywhere([&](const char* when) {
    EXPECT_EQ(Read(kX), "0=5") << when;
    EXPECT_EQ(Read(count), "0=6") << when;
    EXPECT_EQ(ReadHistograms(kX), Line(kNoonMs, Example(0)) + Line(kNoonMs + 1000, Example(2)))
        << when;
    EXPECT_EQ(ReadHistograms(count), Line(kNoonMs, Example(9))) << when;
    EXPECT_EQ(Select("__name__=\"x\""), "x{job=\"a\"}\nx{job=\"a\"}\n") << when;
    EXPECT_EQ(Select("__name__=\"x\"", kNoonMs + 1000, kNoonMs + 1000), "x{job=\"a\"}\n") << when;
    EXPECT_EQ(store_->stats().families, 2u) << when;
    const auto family = store_->Families("x", {});
    ASSERT_EQ(family->size(), 1u) << when;
    ASSERT_EQ(family->at(0).columns.size(), 3u) << when;
    EXPECT_EQ(family->at(0).columns[2].role, Role::kHistogram) << when;
  });
}

TEST_F(StoreHistogramTest, ReadsAsItsCountOfObservations) {
  Open();
  for (int64_t i = 0; i < 3; ++i) PutHistogram(kX, kNoonMs + i * 1000, Example(uint64_t(5 * i)));
  PutHistogram(kX, kNoonMs + 3000, Example(1));
  PutHistogram(kX, kNoonMs + 4000, StaleHistogram());
  Everywhere([&](const char* when) {
    const ColumnId id = HistogramId(kX);
    const auto read = store_->Read({&id, 1}, now_, now_ + Duration{9000});
    ASSERT_TRUE(read) << when;
    EXPECT_EQ(Text(read->at(0)), "0=6 1000=11 2000=16 3000=7 4000=stale") << when;
    const WindowQuery query{id, now_, now_ + Duration{9000}};
    const auto windows = store_->Windows({&query, 1});
    ASSERT_TRUE(windows) << when;
    EXPECT_EQ(windows->at(0).count, 3u) << when;
    EXPECT_EQ(windows->at(0).last.value, 7) << when;
    EXPECT_EQ(windows->at(0).resets, std::vector<double>{16}) << when;
    const auto family = store_->Families("x", {});
    EXPECT_TRUE(family->at(0).ended) << when;
  });
}

// Histograms of many buckets make a fragment full before its rows do.
TEST_F(StoreHistogramTest, BigOnesAreSplitOverFragments) {
  Open();
  NativeHistogram big;
  big.is_float = true;
  big.positive.spans = {{0, 40'000}};
  const ColumnId id = HistogramId(kX);
  std::string expected;
  for (int64_t i = 0; i < 60; ++i) {
    big.positive.counts.assign(40'000, static_cast<double>(i));
    big.float_count = static_cast<double>(i);
    const std::string bytes = Encoded(big);
    const AppendHistogram one{id, kNoonMs + i, bytes};
    ASSERT_EQ(store_->Append(Writes{.histograms = {&one, 1}}, now_)->histograms_stored, 1u);
  }
  Everywhere([&](const char* when) {
    const ColumnId column = HistogramId(kX);
    const auto read = store_->ReadHistograms({&column, 1}, now_, now_ + Duration{1000});
    ASSERT_TRUE(read) << when;
    ASSERT_EQ(read->at(0).size(), 60u) << when;
    for (size_t i = 0; i < 60; ++i) {
      big.positive.counts.assign(40'000, static_cast<double>(i));
      big.float_count = static_cast<double>(i);
      ASSERT_TRUE(Same(read->at(0)[i].histogram, big)) << when << " " << i;
    }
  });
}

}  // namespace
}  // namespace nines::tsdb
