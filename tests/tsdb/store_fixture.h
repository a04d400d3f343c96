#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/number.h"
#include "tests/support/temp_dir.h"
#include "tests/tsdb/histograms.h"
#include "tsdb/store.h"

namespace nines::tsdb {

// 2026-11-28T12:00:00Z: the `now` of most tests; the start of a slot.
inline constexpr int64_t kNoonMs = 1795867200000;
inline constexpr int64_t kMinuteMs = 60'000;
inline constexpr int64_t kDayMs = 24 * 60 * kMinuteMs;

// A store in a folder of its own, and short ways to use it.
class StoreFixture : public ::testing::Test {
 protected:
  StoreFixture() {
    options_.path = dir_.path() + "/data";
    options_.checkpoint_interval = Duration{1};
  }

  void Open() {
    store_.reset();
    auto opened = Store::Open(options_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  // The destructor alone: what memory held is gone, as after kill -9.
  void Crash() { Open(); }
  void CloseAndOpen() {
    ASSERT_TRUE(store_->Close(now_));
    Open();
  }
  void Checkpoint() {
    // The first call of a store starts its clock, the second is an interval later.
    for (int i = 0; i < 2; ++i) {
      upkeep_ = std::max(upkeep_, now_) + options_.checkpoint_interval;
      const Result<void> done = store_->Maintain(upkeep_);
      ASSERT_TRUE(done) << done.error().message;
    }
    ASSERT_EQ(store_->stats().head_samples, 0u);
  }

  ColumnId Id(const Labels& series) {
    const auto id = store_->Register(store_->Hash(series.ToString()), series);
    EXPECT_TRUE(id) << id.error().message;
    return id ? *id : kNoColumn;
  }

  // "stored", "repeated" or why not.
  std::string Put(const Labels& series, int64_t time_ms, double value) {
    const Append sample{Id(series), time_ms, value};
    const auto report = store_->Append({&sample, 1}, now_);
    if (!report) return report.error().message;
    if (report->stored == 1) return "stored";
    if (report->repeated == 1) return "repeated";
    return std::string(RefusalName(report->refused.at(0).reason));
  }

  ColumnId HistogramId(const Labels& series) {
    const auto id =
        store_->RegisterHistogram(HistogramAlias(store_->Hash(series.ToString())), series);
    EXPECT_TRUE(id) << id.error().message;
    return id ? *id : kNoColumn;
  }
  // Likewise with a native histogram.
  std::string PutHistogram(const Labels& series, int64_t time_ms,
                           const NativeHistogram& histogram) {
    const std::string bytes = Encoded(histogram);
    const AppendHistogram one{HistogramId(series), time_ms, bytes};
    const auto report = store_->Append(Writes{.histograms = {&one, 1}}, now_);
    if (!report) return report.error().message;
    if (report->histograms_stored == 1) return "stored";
    if (report->histograms_repeated == 1) return "repeated";
    return std::string(RefusalName(report->refused_histograms.at(0).reason));
  }
  // One a line: its time after noon in ms, and all of it.
  std::string ReadHistograms(const Labels& series, int64_t from_ms = 0,
                             int64_t to_ms = 4 * kNoonMs) {
    const ColumnId id = HistogramId(series);
    const auto read = store_->ReadHistograms({&id, 1}, FromUnixMs(from_ms), FromUnixMs(to_ms));
    if (!read) return read.error().message;
    std::string text;
    for (const HistogramSample& one : read->at(0)) text += Line(ToUnixMs(one.at), one.histogram);
    return text;
  }
  static std::string Line(int64_t time_ms, const NativeHistogram& histogram) {
    return std::to_string(time_ms - kNoonMs) + " " + tsdb::Text(histogram) + "\n";
  }

  // "0=1 15000=2": times after noon in ms, and values.
  static std::string Text(const std::vector<Sample>& samples) {
    std::string text;
    for (const Sample& sample : samples) {
      if (!text.empty()) text += ' ';
      text += std::to_string(ToUnixMs(sample.at) - kNoonMs) + "=" +
              (IsStale(sample.value) ? "stale" : FormatFloat(sample.value));
    }
    return text;
  }
  std::string Read(const Labels& series, int64_t from_ms = 0, int64_t to_ms = 4 * kNoonMs) {
    const ColumnId id = Id(series);
    const auto read = store_->Read({&id, 1}, FromUnixMs(from_ms), FromUnixMs(to_ms));
    return read ? Text(read->at(0)) : read.error().message;
  }
  // "count first last [resets]" of (from, to].
  std::string WindowText(const Labels& series, int64_t from_ms, int64_t to_ms) {
    const WindowQuery query{Id(series), FromUnixMs(from_ms), FromUnixMs(to_ms)};
    const auto windows = store_->Windows({&query, 1});
    if (!windows) return windows.error().message;
    const Window& window = windows->at(0);
    if (window.count == 0) return "0";
    std::string text = std::to_string(window.count) + " " + Text({window.first}) + " " +
                       Text({window.last}) + " [";
    for (const double reset : window.resets) text += FormatFloat(reset) + ";";
    return text + "]";
  }
  // One series a line.
  std::string Select(const std::string& matchers, int64_t from_ms = 0,
                     int64_t to_ms = 4 * kNoonMs) {
    const auto parsed = ParseMatchers(matchers);
    EXPECT_TRUE(parsed) << parsed.error().message;
    const auto series = store_->Select(*parsed, FromUnixMs(from_ms), FromUnixMs(to_ms));
    if (!series) return series.error().message;
    std::string text;
    for (const Series& one : *series) text += one.labels.ToString() + "\n";
    return text;
  }

  test::TempDir dir_;
  Options options_;
  Time now_ = FromUnixMs(kNoonMs);
  Time upkeep_{};  // Of the last Checkpoint().
  std::unique_ptr<Store> store_;
};

}  // namespace nines::tsdb
