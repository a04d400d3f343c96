// A month of remote write, as bytes, on virtual time and a disk in memory, against a naive model.
//
// Goal: what was acknowledged is there, bit by bit, once; what was refused is not; every range of
// every series reads, and every window counts, as the model says: over checkpoints, the joining of
// finished days, retention, power cuts and clean restarts.
// Method: a fleet whose instances are replaced now and then is scraped; the network delays,
// doubles, reorders and splits what it sends, in both protocols.  The model is a map and the rules
// of admission (DESIGN.md 6.7) restated.  A run is a function of its seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <queue>

#include "base/prng.h"
#include "ingest/write_handler.h"
#include "tests/support/fault_fs.h"
#include "tests/support/histogram.h"
#include "tests/support/remote_write.h"
#include "tsdb/store.h"

namespace nines::test {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart = FromUnixMs(1'793'491'200'000);  // 2026-11-01T00:00:00Z.
constexpr Duration kScrape = 5min;
constexpr Duration kDay = 24h;
constexpr int kDays = 30;
constexpr Duration kRetention = 12 * kDay;
constexpr Duration kOutOfOrder = 30min;
constexpr Duration kAhead = 10min;
constexpr size_t kInstances = 3;

class Month {
 public:
  explicit Month(uint64_t seed) : prng_(seed) {
    for (size_t i = 0; i < kInstances; ++i) Replace(i);
    Open();
  }

  std::string Run() {
    for (now_ = kStart; now_ < kStart + kDays * kDay && problem_.empty(); now_ += kScrape) {
      Scrape();
      Deliver();
      if (auto done = store_->Maintain(now_); !done) Fail("upkeep: " + done.error().message);
      if (prng_.Below(400) == 0) PowerCut();
      if (prng_.Below(1500) == 0) Restart();
      if (prng_.Below(100) == 0) Compare(RandomRange());
    }
    if (problem_.empty()) Compare({now_ - kRetention, now_});
    return problem_;
  }

  uint64_t stored() const { return stored_; }
  uint64_t refused() const { return refused_; }

 private:
  struct Range {
    Time from;
    Time to;
  };
  struct Request {
    Time arrives;
    uint64_t number;  // Keeps the order of those that arrive together.
    std::vector<TestSeries> series;
    bool operator<(const Request& other) const {
      return std::pair(arrives, number) > std::pair(other.arrives, other.number);
    }
  };
  using Model = std::map<Labels, std::map<int64_t, double>>;

  void Fail(const std::string& what) {
    if (problem_.empty())
      problem_ = what + " at day " + std::to_string((now_ - kStart) / kDay) + " +" +
                 std::to_string((now_ - kStart) % kDay / 1min) + " min";
  }

  // ---- The process.

  void Open() {
    auto store = tsdb::Store::Open({.path = "/month",
                                    .retention = kRetention,
                                    .out_of_order_window = kOutOfOrder,
                                    .future_max = kAhead,
                                    .checkpoint_interval = 3h,
                                    .env = disk_.env()});
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
    handler_ = std::make_unique<ingest::WriteHandler>(store_.get(), ingest::Limits{}, nullptr);
  }

  void PowerCut() {
    disk_.PowerCutKeeping(prng_.Below(200));
    handler_.reset();
    store_.reset();
    disk_.Restore();
    Open();
  }

  void Restart() {
    if (auto closed = store_->Close(now_); !closed) Fail("close: " + closed.error().message);
    handler_.reset();
    store_.reset();
    Open();
  }

  // ---- The fleet and its network.

  void Replace(size_t i) {
    const Labels labels{{"instance", "host-" + std::to_string(replaced_++)}, {"job", "ranker"}};
    const std::vector<std::string> bounds = replaced_ % 2 == 0
                                                ? std::vector<std::string>{"0.1", "0.5", "1.0"}
                                                : std::vector<std::string>{"0.1", "0.50", "2.5"};
    fleet_.resize(std::max(fleet_.size(), i + 1), HistogramCounter("", {}, {}));
    fleet_[i] = HistogramCounter("latency_seconds", labels, bounds);
    gauges_.resize(fleet_.size());
    gauges_[i] = labels;
    gauges_[i].Set("__name__", "queue_length");
  }

  std::vector<TestSeries> ScrapeOne(size_t i) {
    if (prng_.Below(400) == 0) fleet_[i].Reset();
    for (uint64_t n = prng_.Below(5); n > 0; --n) {
      fleet_[i].ObserveMany(static_cast<double>(prng_.Below(1500)) / 700, prng_.Below(30));
    }
    std::vector<TestSeries> series = fleet_[i].At(now_);
    const double length =
        static_cast<double>(prng_.Below(1000)) / static_cast<double>(1 + prng_.Below(9));
    series.push_back({gauges_[i], {{ToUnixMs(now_), length}}});
    if (prng_.Below(1500) != 0) return series;
    // It ends with stale markers, and another takes its place.
    for (TestSeries& one : series) one.samples[0].second = tsdb::StaleMarker();
    Replace(i);
    return series;
  }

  void Scrape() {
    for (size_t i = 0; i < fleet_.size(); ++i) {
      if (prng_.Chance(2)) continue;
      for (TestSeries& one : ScrapeOne(i)) waiting_.push_back(std::move(one));
    }
    if (prng_.Chance(40)) return;  // Goes with the next ones.
    while (!waiting_.empty()) {
      const size_t n = prng_.Chance(60) ? waiting_.size() : 1 + prng_.Below(waiting_.size());
      const auto end = waiting_.begin() + static_cast<ptrdiff_t>(n);
      Post({waiting_.begin(), end});
      waiting_.erase(waiting_.begin(), end);
    }
  }

  void Post(std::vector<TestSeries> series) {
    if (prng_.Chance(10)) std::reverse(series.begin(), series.end());
    if (prng_.Chance(1)) {
      series[prng_.Below(series.size())].samples[0].first += ToMs(kAhead) + ToMs(kScrape);
    }
    // One that comes twice and says something else the second time.
    if (prng_.Chance(3)) {
      std::vector<TestSeries> other = series;
      other[prng_.Below(other.size())].samples[0].second += 1;
      in_flight_.push({now_ + Delay(), sent_++, std::move(other)});
    }
    if (prng_.Chance(10)) in_flight_.push({now_ + Delay(), sent_++, series});
    in_flight_.push({prng_.Chance(85) ? now_ : now_ + Delay(), sent_++, std::move(series)});
  }

  static int64_t ToMs(Duration d) { return d / 1ms; }

  // Mostly within the window for what is out of order, sometimes beyond it, now and then by days.
  Duration Delay() {
    if (prng_.Chance(3)) return Duration{static_cast<int64_t>(prng_.Below(3 * 86'400'000))};
    return Duration{static_cast<int64_t>(prng_.Below(45 * 60'000))};
  }

  void Deliver() {
    for (; !in_flight_.empty() && in_flight_.top().arrives <= now_; in_flight_.pop()) {
      const std::vector<TestSeries>& series = in_flight_.top().series;
      const bool v2 = prng_.Chance(50);
      const std::string body =
          SnappyBlock(v2 ? EncodeRequestV2(series) : EncodeWriteRequest(series));
      const auto answer =
          handler_->Handle({v2 ? "application/x-protobuf;proto=io.prometheus.write.v2.Request"
                               : "application/x-protobuf",
                            "snappy", body},
                           now_);
      uint64_t taken = 0;
      uint64_t total = 0;
      for (const TestSeries& one : series) {
        for (const auto& [time_ms, value] : one.samples) {
          ++total;
          taken += Take(one.labels, time_ms, value) ? 1 : 0;
        }
      }
      stored_ += taken;
      refused_ += total - taken;
      const int status = taken == total ? 204 : 400;
      if (answer.status != status || answer.samples_written != taken) {
        Fail("answered " + std::to_string(answer.status) + " with " +
             std::to_string(answer.samples_written) + " written and not " + std::to_string(status) +
             " with " + std::to_string(taken) + ": " + answer.message);
      }
    }
  }

  // ---- The model.

  bool Take(const Labels& labels, int64_t time_ms, double value) {
    if (time_ms > ToUnixMs(now_ + kAhead) || time_ms < ToUnixMs(now_ - kRetention)) return false;
    auto& samples = model_[labels];
    if (!samples.empty() && time_ms < samples.rbegin()->first - ToMs(kOutOfOrder)) return false;
    const auto [at, is_new] = samples.emplace(time_ms, value);
    return is_new || std::bit_cast<uint64_t>(at->second) == std::bit_cast<uint64_t>(value);
  }

  // Within the retention, on either side of a boundary of days and slots.
  Range RandomRange() {
    const Time oldest = std::max(kStart, now_ - kRetention);
    const auto span = static_cast<uint64_t>((now_ - oldest) / 1ms) + 1;
    Time from = oldest + Duration{static_cast<int64_t>(prng_.Below(span))};
    Time to = oldest + Duration{static_cast<int64_t>(prng_.Below(span))};
    if (to < from) std::swap(from, to);
    return {from, prng_.Chance(30) ? std::min(to, from + 2h) : to};
  }

  void Compare(Range range) {
    std::vector<Labels> names;
    std::vector<tsdb::ColumnId> columns;
    std::vector<tsdb::WindowQuery> queries;
    for (const auto& [labels, samples] : model_) {
      const auto first = samples.lower_bound(ToUnixMs(range.from));
      if (first == samples.end() || first->first > ToUnixMs(range.to)) continue;
      names.push_back(labels);
    }
    const auto selected = store_->Select({}, range.from, range.to);
    if (!selected) return Fail("select: " + selected.error().message);
    if (selected->size() != names.size()) {
      return Fail(std::to_string(selected->size()) + " series selected and not " +
                  std::to_string(names.size()));
    }
    for (size_t i = 0; i < names.size(); ++i) {
      // Spelt anew, a bound keeps its last spelling; the fleet spells each in one way.
      if ((*selected)[i].labels != names[i]) {
        return Fail("selected " + (*selected)[i].labels.ToString() + " and not " +
                    names[i].ToString());
      }
      columns.push_back((*selected)[i].id);
      queries.push_back({columns.back(), range.from, range.to});
    }
    const auto read = store_->Read(columns, range.from, range.to);
    const auto windows = store_->Windows(queries);
    if (!read) return Fail("read: " + read.error().message);
    if (!windows) return Fail("windows: " + windows.error().message);
    for (size_t i = 0; i < names.size(); ++i) {
      CompareOne(names[i], range, read->at(i), windows->at(i));
    }
  }

  void CompareOne(const Labels& labels, Range range, const std::vector<tsdb::Sample>& read,
                  const tsdb::Window& window) {
    const auto& samples = model_.at(labels);
    tsdb::Window expected;
    size_t n = 0;
    for (auto at = samples.lower_bound(ToUnixMs(range.from));
         at != samples.end() && at->first <= ToUnixMs(range.to); ++at, ++n) {
      if (n >= read.size() || ToUnixMs(read[n].at) != at->first ||
          std::bit_cast<uint64_t>(read[n].value) != std::bit_cast<uint64_t>(at->second)) {
        return Fail(labels.ToString() + " misses " + std::to_string(at->first) + "=" +
                    std::to_string(at->second) + ", sample " + std::to_string(n));
      }
      if (at->first > ToUnixMs(range.from) && !tsdb::IsStale(at->second)) {
        expected.Add({FromUnixMs(at->first), at->second});
      }
    }
    if (n != read.size()) return Fail(labels.ToString() + " has samples that nobody sent");
    if (!(window == expected)) return Fail(labels.ToString() + " has another window");
  }

  Prng prng_;
  FaultFs disk_;
  std::unique_ptr<tsdb::Store> store_;
  std::unique_ptr<ingest::WriteHandler> handler_;
  Time now_{};
  std::vector<HistogramCounter> fleet_;
  std::vector<Labels> gauges_;
  size_t replaced_ = 0;
  std::vector<TestSeries> waiting_;
  std::priority_queue<Request> in_flight_;
  uint64_t sent_ = 0;
  Model model_;
  uint64_t stored_ = 0;
  uint64_t refused_ = 0;
  std::string problem_;
};

class MonthTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(MonthTest, ReadsAsTheModelSays) {
  Month month(GetParam());
  EXPECT_EQ(month.Run(), "") << "seed " << GetParam();
  // It is no test where next to nothing arrives, or all of it.
  EXPECT_GT(month.stored(), 100'000u) << "seed " << GetParam();
  EXPECT_GT(month.refused(), 1'000u) << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, MonthTest, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace nines::test
