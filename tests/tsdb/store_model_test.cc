#include <algorithm>
#include <functional>
#include <map>

#include "base/prng.h"
#include "tests/tsdb/store_fixture.h"

// The store against a model that is a map: random requests, late, doubled and split, checkpoints,
// days that end and are joined, crashes and clean restarts in between; after each round everything
// that can be asked is compared.

namespace nines::tsdb {
namespace {

using Model = std::map<std::string, std::map<int64_t, double>>;  // By series text.
// Native histograms; likewise with their bytes, which none of are a stale marker.
using HistogramModel = std::map<std::string, std::map<int64_t, std::string>>;

class StoreModelTest : public StoreFixture, public ::testing::WithParamInterface<uint64_t> {
 protected:
  StoreModelTest() : prng_(GetParam()) {
    options_.out_of_order_window = std::chrono::minutes{45};
    options_.retention = std::chrono::hours{72};
    for (const char* job : {"a", "b"}) {
      for (const char* le : {"0.1", "0.5", "1", "+Inf"}) {
        series_.push_back({{"__name__", "x_bucket"}, {"job", job}, {"le", le}});
      }
      series_.push_back({{"__name__", "x_count"}, {"job", job}});
      series_.push_back({{"__name__", "x_sum"}, {"job", job}});
      series_.push_back({{"__name__", "up"}, {"job", job}});
      // One in the family of the buckets, one that is also a series of numbers.
      histogram_series_.push_back({{"__name__", "x"}, {"job", job}});
      histogram_series_.push_back({{"__name__", "up"}, {"job", job}});
    }
  }

  double RandomValue() {
    const uint64_t kind = prng_.Below(20);
    if (kind == 0) return StaleMarker();
    if (kind == 1) return static_cast<double>(prng_.Below(1000)) / 7;
    return static_cast<double>(prng_.Below(50));  // Many drops: resets.
  }

  std::string RandomHistogramBytes(const std::string& series) {
    if (prng_.Chance(5)) return "";
    NativeHistogram& last = last_histograms_[series];
    last = last_histograms_.size() == 1 ? RandomHistogram(&prng_) : NextHistogram(last, &prng_);
    return Encoded(last);
  }

  // What the store must say of one sample, and the model's own step.
  template <class Value, class Same>
  std::string Expect(std::map<int64_t, Value>* samples, int64_t time_ms, const Value& value,
                     Same same) {
    if (time_ms > ToUnixMs(now_ + options_.future_max)) return "ahead";
    if (time_ms < ToUnixMs(now_ - options_.retention)) return "beyond";
    if (!samples->empty()) {
      const int64_t newest = samples->rbegin()->first;
      if (time_ms < newest - options_.out_of_order_window.count()) return "old";
    }
    const auto [at, is_new] = samples->emplace(time_ms, value);
    if (is_new) return "stored";
    return same(at->second, value) ? "repeated" : "duplicate";
  }

  int64_t RandomTime() {
    int64_t time_ms = ToUnixMs(now_) - static_cast<int64_t>(prng_.Below(8)) * 15000;
    if (prng_.Chance(20)) time_ms -= static_cast<int64_t>(prng_.Below(50)) * kMinuteMs;
    if (prng_.Chance(3)) time_ms -= static_cast<int64_t>(prng_.Below(30 * 60)) * kMinuteMs;
    if (prng_.Chance(1)) time_ms += 11 * kMinuteMs;
    if (prng_.Chance(1)) time_ms -= 73 * 60 * kMinuteMs;
    return time_ms;
  }

  static std::string Kind(Refusal refusal) {
    switch (refusal) {
      case Refusal::kDuplicate:
        return "duplicate";
      case Refusal::kTooOld:
        return "old";
      case Refusal::kBeyondRetention:
        return "beyond";
      case Refusal::kTooFarAhead:
        return "ahead";
    }
    return "?";
  }

  // What the store must say, and says, of all samples of a request of one kind.
  struct Told {
    std::vector<std::string> expected;

    void Check(uint64_t stored, uint64_t repeated,
               const std::vector<AppendReport::Refused>& refused) {
      EXPECT_EQ(stored, static_cast<uint64_t>(std::ranges::count(expected, "stored")));
      EXPECT_EQ(repeated, static_cast<uint64_t>(std::ranges::count(expected, "repeated")));
      for (const auto& one : refused) {
        EXPECT_EQ(Kind(one.reason), expected.at(one.index)) << one.index;
        expected[one.index] = "told";
      }
      for (const std::string& left : expected) {
        EXPECT_TRUE(left == "stored" || left == "repeated" || left == "told") << left;
      }
    }
  };

  void RandomAppend() {
    std::vector<Append> samples;
    Told told;
    for (size_t n = 1 + prng_.Below(60); n > 0; --n) {
      const Labels& series = series_[prng_.Below(series_.size())];
      const int64_t time_ms = RandomTime();
      const double value = RandomValue();
      samples.push_back({Id(series), time_ms, value});
      told.expected.push_back(Expect(&model_[series.ToString()], time_ms, value, SameBits));
    }
    std::vector<std::string> bytes;
    std::vector<AppendHistogram> histograms;
    Told told_histograms;
    for (size_t n = prng_.Below(15); n > 0; --n) {
      const Labels& series = histogram_series_[prng_.Below(histogram_series_.size())];
      const int64_t time_ms = RandomTime();
      bytes.push_back(RandomHistogramBytes(series.ToString()));
      histograms.push_back({HistogramId(series), time_ms, {}});
      told_histograms.expected.push_back(Expect(&histogram_model_[series.ToString()], time_ms,
                                                bytes.back(), std::equal_to<std::string>()));
    }
    for (size_t i = 0; i < bytes.size(); ++i) histograms[i].bytes = bytes[i];
    const auto report = store_->Append(Writes{.samples = samples, .histograms = histograms}, now_);
    ASSERT_TRUE(report) << report.error().message;
    told.Check(report->stored, report->repeated, report->refused);
    told_histograms.Check(report->histograms_stored, report->histograms_repeated,
                          report->refused_histograms);
  }

  void CompareHistograms(int64_t from_ms, int64_t to_ms, std::vector<std::string>* with_samples) {
    std::vector<ColumnId> columns;
    for (const Labels& series : histogram_series_) columns.push_back(HistogramId(series));
    const auto read = store_->ReadHistograms(columns, FromUnixMs(from_ms), FromUnixMs(to_ms));
    const auto counts = store_->Read(columns, FromUnixMs(from_ms), FromUnixMs(to_ms));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_TRUE(counts) << counts.error().message;
    for (size_t i = 0; i < columns.size(); ++i) {
      const std::string series = histogram_series_[i].ToString();
      std::string expected;
      std::vector<Sample> expected_counts;
      for (const auto& [time_ms, bytes] : histogram_model_[series]) {
        if (time_ms < from_ms || time_ms > to_ms) continue;
        NativeHistogram histogram;
        ASSERT_TRUE(DecodeHistogram(bytes, &histogram));
        expected += Line(time_ms, histogram);
        expected_counts.push_back({FromUnixMs(time_ms), ObservationCount(bytes)});
      }
      std::string got;
      for (const HistogramSample& one : read->at(i)) got += Line(ToUnixMs(one.at), one.histogram);
      ASSERT_EQ(got, expected) << series;
      ASSERT_EQ(Text(counts->at(i)), Text(expected_counts)) << series;
      if (!expected.empty()) with_samples->push_back(series + "\n");
    }
  }

  void CompareReads() {
    const int64_t to_ms = ToUnixMs(now_) - static_cast<int64_t>(prng_.Below(90)) * kMinuteMs;
    const uint64_t hours = prng_.Chance(20) ? 60 : 6;
    const int64_t from_ms = to_ms - static_cast<int64_t>(prng_.Below(hours * 60 + 1)) * kMinuteMs;
    std::vector<ColumnId> columns;
    std::vector<WindowQuery> queries;
    std::string selected;
    for (const Labels& series : series_) {
      columns.push_back(Id(series));
      queries.push_back({columns.back(), FromUnixMs(from_ms), FromUnixMs(to_ms)});
    }
    const auto read = store_->Read(columns, FromUnixMs(from_ms), FromUnixMs(to_ms));
    const auto windows = store_->Windows(queries);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_TRUE(windows) << windows.error().message;
    std::vector<std::string> with_samples;
    for (size_t i = 0; i < series_.size(); ++i) {
      std::vector<Sample> expected;
      Window window;
      for (const auto& [time_ms, value] : model_[series_[i].ToString()]) {
        if (time_ms < from_ms || time_ms > to_ms) continue;
        expected.push_back({FromUnixMs(time_ms), value});
        if (time_ms > from_ms && !IsStale(value)) window.Add(expected.back());
      }
      ASSERT_EQ(Text(read->at(i)), Text(expected)) << series_[i].ToString();
      ASSERT_EQ(windows->at(i), window)
          << series_[i].ToString() << " " << Text(expected) << " from " << from_ms - kNoonMs;
      if (!expected.empty()) with_samples.push_back(series_[i].ToString() + "\n");
    }
    CompareHistograms(from_ms, to_ms, &with_samples);
    std::ranges::sort(with_samples, {}, [](const std::string& text) {
      return std::pair(text.starts_with("x"), text);
    });
    std::string lines;
    for (const std::string& line : with_samples) lines += line;
    std::string got = Select("", from_ms, to_ms);
    EXPECT_EQ(Sorted(got), Sorted(lines));
  }

  static std::vector<std::string> Sorted(const std::string& text) {
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    std::ranges::sort(lines);
    return lines;
  }

  Prng prng_;
  std::vector<Labels> series_;
  Model model_;
  std::vector<Labels> histogram_series_;
  HistogramModel histogram_model_;
  std::map<std::string, NativeHistogram> last_histograms_;
};

TEST_P(StoreModelTest, AgreesWithAMap) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Open();
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    for (uint64_t i = prng_.Below(6); i > 0; --i) RandomAppend();
    if (prng_.Chance(25)) Checkpoint();
    if (prng_.Chance(8)) Crash();
    if (prng_.Chance(5)) CloseAndOpen();
    for (int i = 0; i < 3; ++i) CompareReads();
    if (HasFatalFailure() || HasNonfatalFailure()) return;
    now_ += Duration{static_cast<int64_t>(1 + prng_.Below(20)) * 15000};
    if (prng_.Chance(5)) now_ += std::chrono::minutes{static_cast<int64_t>(prng_.Below(240))};
    if (prng_.Chance(10)) now_ += std::chrono::hours{static_cast<int64_t>(prng_.Below(20))};
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreModelTest,
                         ::testing::Values(1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233));

}  // namespace
}  // namespace nines::tsdb
