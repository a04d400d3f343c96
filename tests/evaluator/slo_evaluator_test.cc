#include "evaluator/slo/slo_evaluator.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/duration.h"
#include "base/number.h"
#include "tests/evaluator/fixtures.h"
#include "tests/support/fault_fs.h"
#include "tests/support/histogram.h"
#include "tsdb/store.h"

namespace nines::evaluator {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::HistogramCounter;

constexpr Duration kInterval = seconds{10};

// Slots are counted in seconds from here, a multiple of every interval used.
Time At(int64_t s) { return FromUnixMs(1'795'000'000'000 + s * 1000); }

constexpr char kSlo[] = R"(
name: predict
service: recommender
objective: 99
window: 1h
indicator:
  latency:
    histogram: latency_seconds
    threshold: 500ms
    group_by: [job]
alert:
  window: 30s
  for: 20s
  keep_firing_for: 10s
)";

Slo ParseText(const std::string& text) {
  const auto node = yaml::Node::Parse(text, "slo.yml");
  EXPECT_TRUE(node) << node.error().message;
  auto slo = ParseSlo(*node);
  EXPECT_TRUE(slo) << slo.error().message;
  return *slo;
}

// kSlo with `from` replaced by `to`; an empty `from` appends.
Slo Edit(const std::string& from, const std::string& to) {
  std::string text = kSlo;
  if (from.empty()) return ParseText(text + to);
  EXPECT_NE(text.find(from), std::string::npos) << from;
  return ParseText(text.replace(text.find(from), from.size(), to));
}

std::string Text(const std::optional<double>& value) {
  return value ? FormatFloat(*value) : "null";
}

class SloEvaluatorTest : public testing::Test {
 protected:
  void SetUp() override {
    tsdb::Options options;
    options.path = "/db";
    options.env = fs_.env();
    auto store = tsdb::Store::Open(options);
    ASSERT_TRUE(store) << store.error().message;
    store_ = *std::move(store);
  }

  // A new evaluator on the same store, as after a restart.
  void Start(std::vector<Slo> slos, int64_t second, Duration retention = hours{24 * 35}) {
    evaluator_.reset();
    auto evaluator = SloEvaluator::Open(
        {.store = store_.get(), .sink = &sink_, .retention = retention, .registry = &registry_});
    ASSERT_TRUE(evaluator) << evaluator.error().message;
    evaluator_ = *std::move(evaluator);
    SetSlos(std::move(slos), second);
  }

  void SetSlos(std::vector<Slo> slos, int64_t second) {
    const auto set = evaluator_->SetSlos({.slos = std::move(slos),
                                          .evaluation_interval = kInterval,
                                          .external_labels = {{"cluster", "eu"}},
                                          .external_url = "http://nines"},
                                         At(second));
    ASSERT_TRUE(set) << set.error().message;
  }

  HistogramCounter& Histogram(const std::string& job,
                              std::vector<std::string> bounds = {"0.1", "0.5", "1"}) {
    auto& histogram = histograms_[job];
    if (!histogram) {
      histogram = std::make_unique<HistogramCounter>("latency_seconds", Labels{{"job", job}},
                                                     std::move(bounds));
    }
    return *histogram;
  }

  // One row of `job` at `second`, after `good` fast events and `bad` slow ones.
  void Row(const std::string& job, int64_t second, uint64_t good, uint64_t bad) {
    HistogramCounter& histogram = Histogram(job);
    histogram.ObserveMany(0.05, good);
    histogram.ObserveMany(0.9, bad);
    Store(histogram.At(At(second)));
  }

  void Store(const std::vector<test::TestSeries>& series) {
    std::vector<tsdb::Append> samples;
    for (const test::TestSeries& one : series) {
      const auto column = store_->Register(store_->Hash(one.labels.ToString()), one.labels);
      ASSERT_TRUE(column) << column.error().message;
      for (const auto& [ms, value] : one.samples) samples.push_back({*column, ms, value});
    }
    const auto report = store_->Append(samples, FromUnixMs(samples.back().time_ms));
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_TRUE(report->refused.empty());
  }

  // Rows of job "a" and a tick at each slot of [from, to].
  void Run(int64_t from, int64_t to, uint64_t good, uint64_t bad) {
    for (int64_t s = from; s <= to; s += 10) {
      Row("a", s, good, bad);
      evaluator_->Tick(At(s));
    }
  }
  void RunWithoutRows(int64_t from, int64_t to) {
    for (int64_t s = from; s <= to; s += 10) evaluator_->Tick(At(s));
  }

  SloStatus Status() {
    auto all = evaluator_->Status();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? SloStatus() : all[0];
  }
  GroupStatus Group(size_t index = 0) {
    const SloStatus status = Status();
    EXPECT_GT(status.groups.size(), index) << status.message;
    return status.groups.size() > index ? status.groups[index] : GroupStatus();
  }

  std::string Metrics() { return prometheus::TextSerializer().Serialize(registry_.Collect()); }
  void ExpectMetric(const std::string& line) {
    EXPECT_NE(("\n" + Metrics()).find("\n" + line + "\n"), std::string::npos) << line << "\n"
                                                                              << Metrics();
  }

  test::FaultFs fs_;
  std::unique_ptr<tsdb::Store> store_;
  prometheus::Registry registry_;
  FakeSink sink_;
  std::map<std::string, std::unique_ptr<HistogramCounter>> histograms_;
  std::unique_ptr<SloEvaluator> evaluator_;
};

TEST_F(SloEvaluatorTest, PendsFiresAndEndsOnItsSlots) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 50, 10, 0);
  EXPECT_EQ(Group().state, State::kInactive);
  EXPECT_EQ(Group().condition, Condition::kOk) << Group().message;
  EXPECT_EQ(Text(Group().ratio), "1");

  Run(60, 60, 0, 10);
  EXPECT_EQ(Group().state, State::kPending);
  EXPECT_EQ(Group().condition, Condition::kBreached);
  EXPECT_EQ(Group().message, "50 % under 500ms in the last 30s, promised 99 %");
  EXPECT_EQ(Group().since, At(60));
  EXPECT_TRUE(sink_.log.empty());
  Run(70, 70, 0, 10);
  EXPECT_EQ(Group().state, State::kPending);
  Run(80, 80, 0, 10);
  EXPECT_EQ(Group().state, State::kFiring);
  EXPECT_EQ(Group().since, At(80));
  EXPECT_EQ(Group().active_since, At(60));

  ASSERT_EQ(sink_.log.size(), 1u);
  EXPECT_EQ(sink_.log[0].labels, (Labels{{"alertname", "predict"},
                                         {"cluster", "eu"},
                                         {"job", "a"},
                                         {"service", "recommender"},
                                         {"slo", "predict"}}));
  EXPECT_EQ(sink_.log[0].annotations.Get("summary"),
            "recommender: less than 99% of requests within 500ms over the last 30s, for 20s");
  EXPECT_EQ(sink_.log[0].generator_url, "http://nines/?slo=predict");
  EXPECT_EQ(sink_.log[0].starts_at, At(80));
  ExpectMetric("nines_slo_alerts{state=\"firing\"} 1");

  // The window (70, 100] has good events only; keep_firing_for holds one slot more.
  Run(90, 90, 10, 0);
  EXPECT_EQ(Group().condition, Condition::kBreached);
  Run(100, 100, 10, 0);
  EXPECT_EQ(Group().condition, Condition::kOk);
  EXPECT_EQ(Group().state, State::kFiring);
  EXPECT_EQ(Group().alerts.at(0).keep_firing_since, At(100));
  EXPECT_EQ(evaluator_->ActiveAlerts().size(), 1u);
  Run(110, 110, 10, 0);
  EXPECT_EQ(Group().state, State::kInactive);
  EXPECT_EQ(Group().since, At(110));
  EXPECT_EQ(sink_.log.back().starts_at, At(80));
  EXPECT_EQ(sink_.log.back().ends_at, At(110));
  EXPECT_TRUE(evaluator_->ActiveAlerts().empty());
  EXPECT_TRUE(store_->records().Scan("evaluator/")->empty());
}

TEST_F(SloEvaluatorTest, StatusHasTheFigures) {
  Start({Edit("window: 1h", "window: 30s")}, 0);
  // From zero, so that nothing is extrapolated beyond it: 10 events a row, one of ten bad.
  Run(0, 0, 0, 0);
  Run(10, 60, 9, 1);
  const SloStatus status = Status();
  EXPECT_EQ(status.id, "predict");
  EXPECT_EQ(status.service, "recommender");
  EXPECT_EQ(status.objective, 0.99);
  EXPECT_EQ(status.window, "30s");
  EXPECT_EQ(status.alert_window, "30s");
  EXPECT_EQ(status.indicator, "latency");
  EXPECT_EQ(status.histogram, "latency_seconds");
  EXPECT_EQ(status.threshold, "500ms");
  EXPECT_EQ(status.evaluated_at, At(60));
  EXPECT_EQ(status.evaluation_interval, kInterval);
  EXPECT_EQ(status.condition, Condition::kBreached);
  const GroupStatus group = Group();
  EXPECT_EQ(group.labels, (Labels{{"job", "a"}}));
  // Samples at 40, 50, 60: 20 events in 20 s, 10 s more to the start of the window.
  EXPECT_DOUBLE_EQ(*group.good, 27);
  EXPECT_DOUBLE_EQ(*group.total, 30);
  EXPECT_DOUBLE_EQ(*group.ratio, 0.9);
  EXPECT_DOUBLE_EQ(*group.error_budget.events, 30);
  EXPECT_NEAR(*group.error_budget.total, 0.3, 1e-12);
  EXPECT_NEAR(*group.error_budget.consumed, 3, 1e-12);
  EXPECT_NEAR(*group.error_budget.remaining_ratio, -9, 1e-9);
  ASSERT_EQ(group.burn_rates.size(), 1u);
  EXPECT_NEAR(*group.burn_rates.at("30s"), 10, 1e-9);
  EXPECT_TRUE(group.complete);
  EXPECT_EQ(group.data_through, At(60));
}

TEST_F(SloEvaluatorTest, BoundsAreComparedAsNumbers) {
  for (const char* le : {"0.5", "0.50", "5e-1"}) {
    Histogram(le, {"0.1", le, "1"});
    for (int64_t s = 0; s <= 30; s += 10) Row(le, s, 10, 0);
  }
  Start({ParseText(kSlo)}, 30);
  evaluator_->Tick(At(30));
  EXPECT_EQ(Status().groups.size(), 3u);
  EXPECT_EQ(Status().condition, Condition::kOk) << Status().message;
}

TEST_F(SloEvaluatorTest, AThresholdThatIsNoBoundIsNeverOk) {
  struct Case {
    const char* threshold;
    const char* want;
  };
  const Case cases[] = {
      {"0.7",
       "the threshold 0.7 is no bucket bound of latency_seconds{job=\"a\"}: the nearest bounds are "
       "0.5 and 1"},
      {"700ms",
       "the threshold 700ms (0.7) is no bucket bound of latency_seconds{job=\"a\"}: the nearest "
       "bounds are 0.5 and 1"},
      {"10ms",
       "the threshold 10ms (0.01) is no bucket bound of latency_seconds{job=\"a\"}: the nearest "
       "bound is 0.1, the lowest"},
      {"1m",
       "the threshold 1m (60) is no bucket bound of latency_seconds{job=\"a\"}: the nearest bounds "
       "are 1 and +Inf"},
      {"1ms",
       "the threshold 1ms (0.001) is no bucket bound of latency_seconds{job=\"a\"}: the nearest "
       "bound is 0.1, the lowest; 1 is one: if the metric is in milliseconds write threshold: 1"},
  };
  for (int64_t s = 0; s <= 60; s += 10) Row("a", s, 0, 10);
  for (const Case& c : cases) {
    Start({Edit("threshold: 500ms", std::string("threshold: ") + c.threshold)}, 40);
    RunWithoutRows(40, 60);
    EXPECT_EQ(Status().condition, Condition::kNoSuchBound) << c.threshold;
    EXPECT_EQ(Status().message, c.want);
    EXPECT_EQ(Text(Group().ratio), "null") << c.threshold;
    EXPECT_EQ(Text(Group().error_budget.events), "null") << c.threshold;
    EXPECT_EQ(Group().state, State::kInactive) << c.threshold;
    EXPECT_FALSE(Group().complete) << c.threshold;
  }
}

// Each family of a group counts, so one that cannot be counted spoils its group, and only that.
TEST_F(SloEvaluatorTest, OneSeriesWithoutTheBoundMakesItsGroupUncountable) {
  Histogram("b", {"0.1", "0.4", "1"});
  for (int64_t s = 0; s <= 30; s += 10) {
    Row("a", s, 10, 0);
    Row("b", s, 10, 0);
  }
  Start({ParseText(kSlo)}, 30);
  evaluator_->Tick(At(30));
  EXPECT_EQ(Group(0).condition, Condition::kOk);
  EXPECT_EQ(Group(1).condition, Condition::kNoSuchBound);
  EXPECT_EQ(Status().condition, Condition::kNoSuchBound);
  EXPECT_EQ(Status().message, "{job=\"b\"}: " + Group(1).message);
}

TEST_F(SloEvaluatorTest, ABucketThatGoesAwayIsNoFlood) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 30, 10, 0);
  HistogramCounter changed("latency_seconds", {{"job", "a"}}, {"0.1", "0.4", "1"});
  for (int64_t s = 40; s <= 90; s += 10) {
    changed.ObserveMany(0.05, 10);
    Store(changed.At(At(s)));
    evaluator_->Tick(At(s));
  }
  EXPECT_EQ(Group().condition, Condition::kNoSuchBound);
  EXPECT_EQ(
      Group().message,
      "the bucket at the threshold 500ms (0.5) of latency_seconds has fewer than two samples "
      "in the last 30s although the histogram goes on: its bounds have changed, or its rows are "
      "torn");
  EXPECT_EQ(Group().state, State::kInactive);
}

TEST_F(SloEvaluatorTest, NoHistogramSaysWhatWasLookedFor) {
  Start({ParseText(kSlo)}, 0);
  evaluator_->Tick(At(0));
  EXPECT_EQ(Status().condition, Condition::kNoData);
  EXPECT_EQ(Status().message, "no series of the histogram latency_seconds were received");
  EXPECT_TRUE(Status().groups.empty());
  EXPECT_EQ(Status().evaluated_at, At(0));
}

TEST_F(SloEvaluatorTest, NoHistogramSaysWhatIsNear) {
  Row("a", 0, 10, 0);
  Start({Edit("threshold:", "selector: 'job=\"b\", zone=~\"x|y\"'\n    threshold:")}, 0);
  evaluator_->Tick(At(0));
  EXPECT_EQ(Status().message,
            "no series of the histogram latency_seconds match {job=\"b\", zone=~\"x|y\"}; there is "
            "latency_seconds{job=\"a\"}");
  Start({Edit("latency_seconds", "latency_ms")}, 0);
  evaluator_->Tick(At(0));
  EXPECT_EQ(Status().message,
            "no series of the histogram latency_ms were received; there is a histogram "
            "latency_seconds");
}

TEST_F(SloEvaluatorTest, NoTrafficIsNoBreach) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 40, 0, 10);
  EXPECT_EQ(Group().state, State::kFiring);
  Run(50, 80, 0, 0);
  EXPECT_EQ(Group().condition, Condition::kNoTraffic);
  EXPECT_EQ(Group().message, "no events in the last 30s");
  EXPECT_EQ(Text(Group().total), "0");
  EXPECT_EQ(Text(Group().ratio), "null");
  EXPECT_EQ(Text(Group().burn_rates.at("30s")), "null");
  EXPECT_EQ(Group().state, State::kInactive);
}

TEST_F(SloEvaluatorTest, OneSampleIsNotEnough) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 0, 0, 10);
  EXPECT_EQ(Group().condition, Condition::kNoData);
  EXPECT_EQ(Group().message, "only one sample in the last 30s: an increase needs two");
}

TEST_F(SloEvaluatorTest, AWindowBeyondTheRetentionIsNamedAndNotOk) {
  const Duration retention = minutes{30};
  Start({ParseText(kSlo)}, 0, retention);
  Run(0, 30, 10, 0);
  EXPECT_EQ(Status().condition, Condition::kWindowBeyondRetention);
  EXPECT_EQ(Status().message, "the window 1h is longer than the retention of the store");
  EXPECT_EQ(Text(Group().error_budget.events), "null");
  EXPECT_EQ(Text(Group().burn_rates.at("1h")), "null");
  // The alert's own window fits, so it works.
  EXPECT_EQ(Text(Group().ratio), "1");
  Run(40, 60, 0, 10);
  EXPECT_EQ(Group().condition, Condition::kBreached);
  EXPECT_EQ(Group().state, State::kFiring);
  // Held while it does not.
  Start({Edit("window: 30s", "window: 31m")}, 60, retention);
  Run(70, 90, 10, 0);
  EXPECT_EQ(Group().condition, Condition::kWindowBeyondRetention);
  EXPECT_EQ(Group().state, State::kFiring);
}

TEST_F(SloEvaluatorTest, AnAlertWhoseDataVanishedIsHeld) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 40, 0, 10);
  EXPECT_EQ(Group().state, State::kFiring);
  RunWithoutRows(50, 400);
  EXPECT_EQ(Group().state, State::kFiring);
  EXPECT_EQ(Group().condition, Condition::kNoData);
  EXPECT_EQ(Group().message,
            "no samples in the last 30s; the newest is of " + FormatRfc3339Ms(At(40)));
  EXPECT_EQ(Group().data_through, At(40));
  // Even when its series have left every window, and over a restart.
  Start({ParseText(kSlo)}, 7200);
  RunWithoutRows(7200, 7220);
  EXPECT_EQ(Group().state, State::kFiring);
  EXPECT_EQ(Group().labels, (Labels{{"job", "a"}}));
  EXPECT_EQ(Group().condition, Condition::kNoData);
  EXPECT_EQ(sink_.Firing(), 1u);
  Run(7230, 7270, 10, 0);
  EXPECT_EQ(Group().state, State::kInactive);
  EXPECT_EQ(sink_.Firing(), 0u);
}

TEST_F(SloEvaluatorTest, TheClockOfForStandsStillWithoutData) {
  Start({Edit("window: 30s", "window: 15s")}, 0);
  Run(0, 10, 0, 10);  // Pending at 10.
  EXPECT_EQ(Group().active_since, At(10));
  RunWithoutRows(20, 60);
  EXPECT_EQ(Group().state, State::kPending);
  EXPECT_EQ(Group().condition, Condition::kNoData);
  Row("a", 65, 0, 10);
  Run(70, 70, 0, 10);
  EXPECT_EQ(Group().state, State::kPending);
  Run(80, 80, 0, 10);
  EXPECT_EQ(Group().state, State::kFiring);
  EXPECT_EQ(Group().active_since, At(10));
  EXPECT_EQ(Group().alerts.at(0).fired_at, At(80));
}

TEST_F(SloEvaluatorTest, NoDataCountsAsOkWhereAsked) {
  Start({Edit("", "  on_no_data: ok\n")}, 0);
  Run(0, 40, 0, 10);
  EXPECT_EQ(Group().state, State::kFiring);
  RunWithoutRows(50, 90);
  EXPECT_EQ(Group().condition, Condition::kNoData);
  EXPECT_EQ(Group().state, State::kInactive);
}

TEST_F(SloEvaluatorTest, NoDataCountsAsBadWhereAsked) {
  Start({Edit("", "  on_no_data: bad\n")}, 0);
  Run(0, 40, 10, 0);
  RunWithoutRows(50, 90);
  EXPECT_EQ(Group().condition, Condition::kNoData);
  EXPECT_EQ(Group().state, State::kFiring);
}

TEST_F(SloEvaluatorTest, GroupsAreIndependent) {
  Start({ParseText(kSlo)}, 0);
  for (int64_t s = 0; s <= 60; s += 10) {
    Row("a", s, 10, 0);
    Row("b", s, 0, 10);
    evaluator_->Tick(At(s));
  }
  EXPECT_EQ(Group(0).labels, (Labels{{"job", "a"}}));
  EXPECT_EQ(Group(0).state, State::kInactive);
  EXPECT_EQ(Group(1).state, State::kFiring);
  EXPECT_EQ(Status().condition, Condition::kBreached);
  EXPECT_EQ(sink_.Firing(), 1u);
}

TEST_F(SloEvaluatorTest, WithoutGroupByTheSeriesAreOneGroup) {
  Start({Edit("    group_by: [job]\n", "")}, 0);
  for (int64_t s = 0; s <= 60; s += 10) {
    Row("a", s, 30, 0);
    Row("b", s, 0, 10);
    evaluator_->Tick(At(s));
  }
  EXPECT_EQ(Status().groups.size(), 1u);
  EXPECT_EQ(Group().labels, Labels());
  EXPECT_NEAR(*Group().ratio, 0.75, 1e-12);
}

TEST_F(SloEvaluatorTest, ValuesHaveHysteresisToo) {
  Start({Edit("", "  clear_above: 99.8\n")}, 0);
  Run(0, 40, 0, 1000);
  EXPECT_EQ(Group().state, State::kFiring);
  Run(50, 120, 995, 5);  // 99.5 %: not breached, not clear.
  EXPECT_EQ(Group().condition, Condition::kOk);
  EXPECT_EQ(Group().state, State::kFiring);
  Run(130, 160, 999, 1);  // 99.9 %.
  EXPECT_EQ(Group().state, State::kInactive);
  Run(170, 220, 995, 5);
  EXPECT_EQ(Group().state, State::kInactive);
}

TEST_F(SloEvaluatorTest, BurnRatesAlertWhenBothWindowsBurn) {
  Start({Edit("",
              "burn_rate_alerts:\n"
              "  - {long: 2m, short: 30s, factor: 20, severity: page}\n"
              "  - {long: 4m, short: 1m, factor: 2, severity: ticket}\n")},
        0);
  Run(0, 240, 100, 0);
  ASSERT_EQ(Group().alerts.size(), 3u);
  // 10 % bad is a burn of 10.
  Run(250, 480, 90, 10);
  EXPECT_NEAR(*Group().burn_rates.at("30s"), 10, 1e-6);
  EXPECT_NEAR(*Group().burn_rates.at("2m"), 10, 1e-6);
  EXPECT_EQ(Group().burn_rates.size(), 5u);
  EXPECT_EQ(Group().alerts[1].state, State::kInactive);
  EXPECT_EQ(Group().alerts[2].state, State::kFiring);
  EXPECT_EQ(Group().alerts[2].labels.Get("severity"), "ticket");
  EXPECT_EQ(Group().alerts[2].labels.Get("long_window"), "4m");
  EXPECT_EQ(Group().alerts[2].labels.Get("short_window"), "1m");
  EXPECT_EQ(Group().alerts[2].annotations.Get("summary"),
            "recommender: the error budget of predict burns more than 2 times as fast as 1h allow, "
            "over the last 4m and 1m");
  EXPECT_NEAR(*Group().alerts[2].value, 10, 1e-6);
  // Half bad is a burn of 50: the page fires too.
  Run(490, 600, 50, 50);
  EXPECT_EQ(Group().alerts[1].state, State::kFiring);
  EXPECT_EQ(sink_.Firing(), 3u);
  // Good again: the short window ends the page while the long one still burns.
  Run(610, 640, 100, 0);
  EXPECT_GT(*Group().burn_rates.at("2m"), 20);
  EXPECT_EQ(Group().alerts[1].state, State::kInactive);
}

TEST_F(SloEvaluatorTest, PendingAndFiringSurviveARestart) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 20, 0, 10);
  EXPECT_EQ(Group().state, State::kPending);
  EXPECT_EQ(Group().active_since, At(10));
  Start({ParseText(kSlo)}, 25);
  Run(30, 30, 0, 10);
  EXPECT_EQ(Group().state, State::kFiring);
  EXPECT_EQ(Group().active_since, At(10));
  Start({ParseText(kSlo)}, 35);
  Run(40, 40, 0, 10);
  EXPECT_EQ(Group().state, State::kFiring);
  EXPECT_EQ(Group().since, At(30));
  for (const Alert& alert : sink_.log) EXPECT_EQ(alert.starts_at, At(30));
}

TEST_F(SloEvaluatorTest, ASlotEvaluatedAgainAfterARestartChangesNothing) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 20, 0, 10);
  Start({ParseText(kSlo)}, 21);
  evaluator_->Tick(At(21));
  EXPECT_EQ(Status().evaluated_at, At(20));
  EXPECT_EQ(Group().state, State::kPending);
  EXPECT_EQ(Group().active_since, At(10));
}

TEST_F(SloEvaluatorTest, WhatEndedIsOwedOverRestartsUntilItIsTaken) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 40, 0, 10);
  ASSERT_EQ(sink_.Firing(), 1u);
  sink_.fails = true;
  Run(50, 90, 10, 0);
  EXPECT_EQ(Group().state, State::kInactive);
  const Time ended = *Group().since;
  Start({ParseText(kSlo)}, 95);
  Run(100, 100, 10, 0);
  EXPECT_EQ(sink_.Firing(), 1u);
  sink_.fails = false;
  evaluator_->Tick(At(102));
  EXPECT_EQ(sink_.Firing(), 0u);
  EXPECT_EQ(sink_.log.back().ends_at, ended);
  EXPECT_TRUE(store_->records().Scan("evaluator/")->empty());
}

TEST_F(SloEvaluatorTest, AReloadKeepsWhatRemainsAndEndsWhatIsGone) {
  Slo other = ParseText(kSlo);
  other.name = "other";
  other.place = "slo.yml:2";
  Start({ParseText(kSlo), other}, 0);
  Run(0, 40, 0, 10);
  EXPECT_EQ(sink_.Firing(), 2u);
  SetSlos({ParseText(kSlo)}, 45);
  evaluator_->Tick(At(45));
  EXPECT_EQ(sink_.Firing(), 1u);
  EXPECT_EQ(sink_.log.back().labels.Get("slo"), "other");
  EXPECT_EQ(sink_.log.back().ends_at, At(40));
  EXPECT_EQ(Group().state, State::kFiring);
  Run(50, 50, 0, 10);
  EXPECT_EQ(Group().since, At(30));
}

TEST_F(SloEvaluatorTest, AReloadOfTheGroupingEndsTheOldGroups) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 40, 0, 10);
  SetSlos({Edit("    group_by: [job]\n", "")}, 45);
  Run(50, 50, 0, 10);
  ASSERT_EQ(Status().groups.size(), 1u);
  EXPECT_EQ(Group().labels, Labels());
  EXPECT_EQ(Group().state, State::kPending);
  EXPECT_EQ(sink_.Firing(), 0u);
}

TEST_F(SloEvaluatorTest, SlosThatAreGoneAtTheStartEnd) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 40, 0, 10);
  Start({}, 60);
  EXPECT_EQ(evaluator_->Tick(At(60)), At(70));
  EXPECT_EQ(sink_.Firing(), 0u);
  EXPECT_TRUE(store_->records().Scan("evaluator/")->empty());
}

TEST_F(SloEvaluatorTest, ARefusedReloadChangesNothing) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 40, 0, 10);
  SloEvaluator::Settings twice;
  twice.slos = {ParseText(kSlo), ParseText(kSlo)};
  const auto not_unique = evaluator_->SetSlos(twice, At(41));
  ASSERT_FALSE(not_unique);
  EXPECT_EQ(not_unique.error().code, Code::kInvalid);
  SloEvaluator::Settings never;
  never.evaluation_interval = Duration{0};
  const auto zero = evaluator_->SetSlos(never, At(41));
  ASSERT_FALSE(zero);
  EXPECT_EQ(Group().state, State::kFiring);
}

TEST_F(SloEvaluatorTest, ASlotWaitsForItsDataButNotLongerThanTheGrace) {
  Start({Edit("window: 30s", "window: 60s")}, 0);
  Run(0, 50, 10, 0);
  // The row of 60 is there, that of 70 is late: 60 is within one spacing of 70, so it is complete.
  Run(60, 60, 10, 0);
  EXPECT_EQ(evaluator_->Tick(At(70)), At(80));
  EXPECT_EQ(Status().evaluated_at, At(70));
  // At 80 the newest row is two spacings old.
  EXPECT_EQ(evaluator_->Tick(At(80)), At(80) + SloEvaluator::kPollInterval);
  EXPECT_EQ(Status().evaluated_at, At(70));
  Row("a", 70, 10, 0);
  EXPECT_EQ(evaluator_->Tick(At(81)), At(90));
  EXPECT_EQ(Status().evaluated_at, At(80));
  EXPECT_TRUE(Group().complete);
  // Nothing comes: 90 is evaluated when the grace is over, and says so.
  EXPECT_EQ(evaluator_->Tick(At(90)), At(90) + SloEvaluator::kPollInterval);
  EXPECT_EQ(evaluator_->Tick(At(100) - Duration{50}), At(100));
  EXPECT_EQ(Status().evaluated_at, At(80));
  evaluator_->Tick(At(100));
  EXPECT_EQ(Status().evaluated_at, At(90));
  EXPECT_FALSE(Group().complete);
  EXPECT_EQ(Group().condition, Condition::kIncomplete);
  EXPECT_EQ(Group().message, "some series have not sent all data of this slot");
  ExpectMetric("nines_slo_incomplete_total 1");
}

TEST_F(SloEvaluatorTest, OnlyTheGroupThatLacksDataIsIncomplete) {
  Start({ParseText(kSlo)}, 0);
  for (int64_t s = 0; s <= 50; s += 10) {
    Row("a", s, 10, 0);
    Row("b", s, 10, 0);
    evaluator_->Tick(At(s));
  }
  Run(60, 80, 10, 0);  // No rows of b.
  Run(90, 90, 10, 0);
  EXPECT_TRUE(Group(0).complete);
  EXPECT_FALSE(Group(1).complete);
}

TEST_F(SloEvaluatorTest, MissedSlotsAreSkippedAndCounted) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 50, 10, 0);
  for (int64_t s = 60; s <= 200; s += 10) Row("a", s, 10, 0);
  evaluator_->Tick(At(205));
  EXPECT_EQ(Status().evaluated_at, At(200));
  ExpectMetric("nines_slo_slots_missed_total 14");
  ExpectMetric("nines_slo_evaluations_total 7");
}

TEST_F(SloEvaluatorTest, AClockSetBackDoesNotStopTheEvaluation) {
  Start({ParseText(kSlo)}, 1000);
  evaluator_->Tick(At(1000));
  evaluator_->Tick(At(100));
  evaluator_->Tick(At(110));
  EXPECT_EQ(Status().evaluated_at, At(110));
}

TEST_F(SloEvaluatorTest, FiringIsRepeatedEveryMinute) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 30, 0, 10);
  ASSERT_EQ(sink_.sends, 1);
  Run(40, 80, 0, 10);
  EXPECT_EQ(sink_.sends, 1);
  Run(90, 90, 0, 10);
  EXPECT_EQ(sink_.sends, 2);
}

TEST_F(SloEvaluatorTest, AResetOfTheCountersIsNoLoss) {
  Start({ParseText(kSlo)}, 0);
  Run(0, 40, 10, 0);
  Histogram("a").Reset();
  Run(50, 50, 10, 0);
  EXPECT_EQ(Group().condition, Condition::kOk);
  EXPECT_DOUBLE_EQ(*Group().total, 30);
}

TEST_F(SloEvaluatorTest, ReadersRunBesideTheTicker) {
  Start({ParseText(kSlo)}, 0);
  std::thread reader([&] {
    for (int i = 0; i < 200; ++i) {
      for (const SloStatus& status : evaluator_->Status()) EXPECT_EQ(status.name, "predict");
      EXPECT_LE(evaluator_->ActiveAlerts().size(), 1u);
    }
  });
  Run(0, 200, 0, 10);
  reader.join();
}

}  // namespace
}  // namespace nines::evaluator
