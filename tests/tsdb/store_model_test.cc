#include <algorithm>
#include <map>

#include "base/prng.h"
#include "tests/tsdb/store_fixture.h"

// The store against a model that is a map: random requests, late, doubled and split, checkpoints,
// crashes and clean restarts in between; after each round everything that can be asked is compared.

namespace nines::tsdb {
namespace {

using Model = std::map<std::string, std::map<int64_t, double>>;  // By series text.

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
    }
  }

  double RandomValue() {
    const uint64_t kind = prng_.Below(20);
    if (kind == 0) return StaleMarker();
    if (kind == 1) return static_cast<double>(prng_.Below(1000)) / 7;
    return static_cast<double>(prng_.Below(50));  // Many drops: resets.
  }

  // What the store must say of one sample, and the model's own step.
  std::string Expect(const std::string& series, int64_t time_ms, double value) {
    auto& samples = model_[series];
    if (time_ms > ToUnixMs(now_ + options_.future_max)) return "ahead";
    if (time_ms < ToUnixMs(now_ - options_.retention)) return "beyond";
    if (!samples.empty()) {
      const auto& [newest, newest_value] = *samples.rbegin();
      if (time_ms < newest - options_.out_of_order_window.count()) return "old";
    }
    const auto [at, is_new] = samples.emplace(time_ms, value);
    if (is_new) return "stored";
    return SameBits(at->second, value) ? "repeated" : "duplicate";
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

  void RandomAppend() {
    std::vector<Append> samples;
    std::vector<std::string> expected;
    std::vector<std::string> got;
    const size_t n = 1 + prng_.Below(60);
    std::array<uint64_t, 2> counts{};
    for (size_t i = 0; i < n; ++i) {
      const Labels& series = series_[prng_.Below(series_.size())];
      int64_t time_ms = ToUnixMs(now_) - static_cast<int64_t>(prng_.Below(8)) * 15000;
      if (prng_.Chance(20)) time_ms -= static_cast<int64_t>(prng_.Below(50)) * kMinuteMs;
      if (prng_.Chance(1)) time_ms += 11 * kMinuteMs;
      if (prng_.Chance(1)) time_ms -= 73 * 60 * kMinuteMs;
      const double value = RandomValue();
      samples.push_back({Id(series), time_ms, value});
      expected.push_back(Expect(series.ToString(), time_ms, value));
      counts[0] += expected.back() == "stored" ? 1 : 0;
      counts[1] += expected.back() == "repeated" ? 1 : 0;
    }
    const auto report = store_->Append(samples, now_);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->stored, counts[0]);
    EXPECT_EQ(report->repeated, counts[1]);
    for (const auto& refused : report->refused) {
      EXPECT_EQ(Kind(refused.reason), expected.at(refused.index)) << refused.index;
      expected[refused.index] = "told";
    }
    for (const std::string& left : expected) {
      EXPECT_TRUE(left == "stored" || left == "repeated" || left == "told") << left;
    }
  }

  void CompareReads() {
    const int64_t to_ms = ToUnixMs(now_) - static_cast<int64_t>(prng_.Below(90)) * kMinuteMs;
    const int64_t from_ms = to_ms - static_cast<int64_t>(prng_.Below(6 * 60 + 1)) * kMinuteMs;
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
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreModelTest,
                         ::testing::Values(1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233));

}  // namespace
}  // namespace nines::tsdb
