// Deterministic simulation: ingest -> evaluate -> notify on virtual time, the real rooms on a disk
// in memory.
//
// Goal: whatever the network, the receiver and the power do, (safety) nothing acknowledged is lost,
// the consumer hears only of episodes that the rule implies and hears firing before resolved, and
// (liveness) hears of every episode that it was owed once the faults stop.
// Method: one clock, one PRNG; a run is a function of its seed.  An oracle restates SLO and alert
// rule the slow way from the samples that were acknowledged, sharing no code with the evaluator.  A
// mutant (state that is lost in a crash) shows that the net catches something.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <set>

#include "base/prng.h"
#include "evaluator/slo/slo_evaluator.h"
#include "ingest/write_handler.h"
#include "notifier/notifier.h"
#include "tests/support/fake_records.h"
#include "tests/support/fault_fs.h"
#include "tests/support/histogram.h"
#include "tests/support/remote_write.h"
#include "tsdb/store.h"

namespace nines::test {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStep = 1s;     // Scrape and evaluation interval.
constexpr Duration kWindow = 20s;  // Of the alert.
constexpr Duration kFor = 5s;
constexpr Duration kKeep = 4s;
constexpr double kObjective = 0.99;
constexpr Time kStart = FromUnixMs(1'760'000'000'000);
constexpr int kSteps = 400;        // Faults on …
constexpr int kHealedSteps = 420;  // … then off: longer than the longest backoff.

constexpr const char* kSlo = R"(
name: predict-latency
service: recommender
objective: 99
window: 1h
counting: promql
indicator:
  latency: {histogram: latency_seconds, threshold: 0.5, group_by: [job]}
alert: {window: 20s, for: 5s, keep_firing_for: 4s}
consumers: [checkout]
)";

struct Faults {
  uint32_t drop_request = 0;   // Percent of requests that never arrive.
  uint32_t drop_answer = 0;    // … that are stored but whose answer is lost: sent again.
  uint32_t split = 0;          // … of scrapes whose series come in two requests.
  uint32_t crash = 0;          // … of steps at which the power fails.
  uint32_t webhook_fails = 0;  // … of attempts that fail.
  uint32_t webhook_lost = 0;   // … that arrive but whose answer is lost.
};

// What the consumer heard, each idempotency key once.
struct Heard {
  std::string status;
  std::string starts_at;
};

struct Outcome {
  size_t episodes = 0;
  size_t crashes = 0;
  std::string problem;  // Empty: everything held.
  uint64_t hash = 14695981039346656037u;
};

enum class Mutant { kNone, kForgetsNotifications };

class World {
 public:
  World(uint64_t seed, Mutant mutant) : prng_(seed), mutant_(mutant) {
    faults_ = {.drop_request = Percent(30),
               .drop_answer = Percent(20),
               .split = Percent(50),
               .crash = Percent(4),
               .webhook_fails = Percent(60),
               .webhook_lost = Percent(20)};
    Open();
  }

  Outcome Run() {
    for (int i = 0; i < kSteps + kHealedSteps && outcome_.problem.empty(); ++i) {
      if (i == kSteps) {
        faults_ = {};
        healed_ = true;
        slow_ = false;  // The last episode ends, and must be told.
      }
      Step();
    }
    if (outcome_.problem.empty()) CheckSamples();
    if (outcome_.problem.empty()) CheckHeard();
    return outcome_;
  }

 private:
  uint32_t Percent(uint64_t max) { return static_cast<uint32_t>(prng_.Below(max + 1)); }

  void Fail(const std::string& what) {
    if (outcome_.problem.empty())
      outcome_.problem = what + " at +" + std::to_string((now_ - kStart) / 1s) + " s";
  }

  // ---- The process.

  struct Sink : evaluator::AlertSink {
    notifier::Notifier* notifier = nullptr;
    Result<void> Send(std::span<const evaluator::Alert> alerts, Time now) override {
      std::vector<notifier::Alert> posted;
      for (const evaluator::Alert& a : alerts)
        posted.push_back({a.labels, a.annotations, a.starts_at, a.ends_at, a.generator_url, now});
      return notifier->Post(posted, now);
    }
  };

  void Open() {
    auto store =
        tsdb::Store::Open({.path = "/sim", .checkpoint_interval = 30s, .env = disk_.env()});
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
    handler_ = std::make_unique<ingest::WriteHandler>(store_.get(), ingest::Limits{}, nullptr);
    const auto consumer = notifier::ParseConsumer(*yaml::Node::Parse(
        "{name: checkout, group_interval: 1s, webhook: {url: 'http://127.0.0.1:1/'}}", "c.yml"));
    ASSERT_TRUE(consumer) << consumer.error().message;
    const auto routes =
        notifier::RoutesOf({*consumer}, {{"predict-latency", {"checkout"}}}, "http://nines");
    ASSERT_TRUE(routes) << routes.error().message;
    forgetful_ = std::make_unique<FakeRecords>();
    tsdb::Records* records =
        mutant_ == Mutant::kForgetsNotifications ? forgetful_.get() : &store_->records();
    auto notifier = notifier::Notifier::Open(*routes, records, nullptr, now_);
    ASSERT_TRUE(notifier) << notifier.error().message;
    notifier_ = std::move(*notifier);
    sink_.notifier = notifier_.get();
    auto evaluator = evaluator::SloEvaluator::Open(
        {.store = store_.get(), .sink = &sink_, .retention = 24h * 35});
    ASSERT_TRUE(evaluator) << evaluator.error().message;
    evaluator_ = std::move(*evaluator);
    const auto slo = evaluator::ParseSlo(*yaml::Node::Parse(kSlo, "slo.yml"));
    ASSERT_TRUE(slo) << slo.error().message;
    evaluator::SloEvaluator::Settings settings;
    settings.slos = {*slo};
    settings.evaluation_interval = kStep;
    settings.external_url = "http://nines";
    const auto set = evaluator_->SetSlos(std::move(settings), now_);
    ASSERT_TRUE(set) << set.error().message;
  }

  void Crash() {
    ++outcome_.crashes;
    disk_.PowerCutKeeping(prng_.Below(64));
    in_flight_.clear();
    evaluator_.reset();
    notifier_.reset();
    handler_.reset();
    store_.reset();
    disk_.Restore();
    Open();
  }

  // ---- The sender.

  struct Owed {
    Time at;
    std::vector<TestSeries> series;
  };

  void Scrape() {
    if (!healed_ && prng_.Chance(4)) slow_ = !slow_;
    const uint64_t events = prng_.Below(20) == 0 ? 0 : 20 + prng_.Below(80);
    histogram_.ObserveMany(0.1, slow_ ? events * 9 / 10 : events);
    if (slow_) histogram_.ObserveMany(0.8, events - events * 9 / 10);
    std::vector<TestSeries> series = histogram_.At(now_);
    if (prng_.Chance(faults_.split)) {
      const size_t cut = 1 + prng_.Below(series.size() - 1);
      const auto at = series.begin() + static_cast<ptrdiff_t>(cut);
      queue_.push_back({now_, {series.begin(), at}});
      series.erase(series.begin(), at);
    }
    queue_.push_back({now_, std::move(series)});
  }

  // Sends in order, each until it is acknowledged, as Prometheus does within a shard.
  void SendQueued() {
    for (int tries = 0; !queue_.empty() && tries < 4; ++tries) {
      if (prng_.Chance(faults_.drop_request)) continue;
      const std::string body = SnappyBlock(EncodeWriteRequest(queue_.front().series));
      const auto answer = handler_->Handle({"application/x-protobuf", "snappy", body}, now_);
      if (answer.status != 204)
        return Fail("write answered " + std::to_string(answer.status) + " " + answer.message);
      for (const TestSeries& s : queue_.front().series)
        stored_[s.labels][queue_.front().at] = s.samples[0].second;
      if (prng_.Chance(faults_.drop_answer)) continue;
      queue_.pop_front();
    }
  }

  // ---- The receiver.

  void Deliver() {
    for (const notifier::Delivery& d : notifier_->Poll(now_)) in_flight_.push_back(d);
    while (!in_flight_.empty()) {
      const notifier::Delivery d = in_flight_.front();
      in_flight_.pop_front();
      const bool arrives = !prng_.Chance(faults_.webhook_fails);
      if (arrives && !heard_keys_.contains(d.idempotency_key)) {
        heard_keys_.insert(d.idempotency_key);
        heard_.push_back(
            {TextAfter(d.body, "\"status\":\""), TextAfter(d.body, "\"startsAt\":\"")});
      }
      const bool answered = arrives && !prng_.Chance(faults_.webhook_lost);
      if (answered && !acked_keys_.insert(d.idempotency_key).second)
        Fail("sent again after its 2xx: " + d.idempotency_key);
      notifier::DeliveryResult result;
      if (answered)
        result.status = 200;
      else
        result.error = "timeout";
      notifier_->OnResult(d.id, result, now_);
    }
  }

  static std::string TextAfter(const std::string& body, const std::string& key) {
    const size_t at = body.find(key);
    if (at == std::string::npos) return "";
    return body.substr(at + key.size(), body.find('"', at + key.size()) - at - key.size());
  }

  // ---- One second.

  void Step() {
    now_ += kStep;
    Scrape();
    SendQueued();
    if (prng_.Chance(faults_.crash)) Crash();
    // The evaluator's own clock within the second: it waits for data and polls.
    for (Time t = now_; t < now_ + kStep;) t = std::max(evaluator_->Tick(t), t + 100ms);
    Observe();
    if (prng_.Chance(faults_.crash)) Crash();
    if (auto r = store_->Maintain(now_); !r) Fail("upkeep: " + r.error().message);
    Deliver();
  }

  // Follows the alert as the status shows it, and mixes all that happens into the hash.
  void Observe() {
    const auto status = evaluator_->Status();
    if (status.empty() || status[0].groups.empty()) return;
    const evaluator::GroupStatus& group = status[0].groups[0];
    const uint64_t mixed[] = {static_cast<uint64_t>(group.state),
                              static_cast<uint64_t>(group.condition), heard_.size()};
    for (const uint64_t word : mixed) outcome_.hash = (outcome_.hash ^ word) * 1099511628211u;
    // In the step of its evaluation; afterwards late samples may have arrived.
    if (status[0].evaluated_at != checked_ && group.ratio) {
      checked_ = status[0].evaluated_at;
      CheckRatio(*checked_, *group.ratio);
    }
    const bool firing = group.state == evaluator::State::kFiring;
    if (firing && !firing_) {
      episodes_.push_back(FormatRfc3339Go(*group.since));
      // Behind a receiver that is down, an episode may be told as one with the next.
      if (notifier_->owed().empty()) must_hear_.insert(episodes_.back());
    }
    firing_ = firing;
  }

  // The ratio of a slot is that of the samples which the store held when it was evaluated, with
  // Prometheus' increase() restated the slow way.
  void CheckRatio(Time slot, double ratio) {
    const std::optional<double> good = IncreaseByHand("_bucket", "0.5", slot);
    const std::optional<double> total = IncreaseByHand("_count", "", slot);
    if (!good || !total || *total <= 0) return Fail("a ratio without samples");
    if (std::abs(ratio - *good / *total) > 1e-9)
      Fail("ratio " + std::to_string(ratio) + ", by hand " + std::to_string(*good / *total));
  }

  std::optional<double> IncreaseByHand(const std::string& suffix, const std::string& le,
                                       Time slot) {
    std::vector<std::pair<double, double>> in;  // Seconds after the window's start, value.
    for (const auto& [labels, samples] : stored_) {
      if (labels.Get("__name__") != "latency_seconds" + suffix || labels.Get("le") != le) continue;
      for (const auto& [at, value] : samples)
        if (at > slot - kWindow && at <= slot)
          in.emplace_back(std::chrono::duration<double>(at - (slot - kWindow)).count(), value);
    }
    if (in.size() < 2) return std::nullopt;
    const double width = std::chrono::duration<double>(kWindow).count();
    const double delta = in.back().second - in.front().second;  // The model never restarts.
    const double sampled = in.back().first - in.front().first;
    const double average = sampled / static_cast<double>(in.size() - 1);
    double before = in.front().first, after = width - in.back().first;
    if (before >= 1.1 * average) before = average / 2;
    if (delta > 0) before = std::min(before, sampled * in.front().second / delta);
    if (after >= 1.1 * average) after = average / 2;
    return delta * (sampled + before + after) / sampled;
  }

  // ---- At the end.

  void CheckSamples() {
    for (const auto& [labels, samples] : stored_) {
      Matchers matchers;
      for (const Label& label : labels) matchers.push_back(Matcher::Equal(label.name, label.value));
      const auto found = store_->Select(matchers, kStart, now_);
      if (!found || found->size() != 1) return Fail("no series " + labels.ToString());
      const auto read = store_->Read(std::span(&found->front().id, 1), kStart, now_);
      if (!read) return Fail(read.error().message);
      std::map<Time, double> held;
      for (const tsdb::Sample& sample : read->front()) held[sample.at] = sample.value;
      if (held != samples) return Fail("other samples than were written in " + labels.ToString());
    }
  }

  void CheckHeard() {
    outcome_.episodes = episodes_.size();
    // Firing and resolved take turns, and the firing ones are the episodes, in order.
    std::vector<std::string> fired;
    for (size_t i = 0; i < heard_.size(); ++i) {
      const std::string want = i % 2 == 0 ? "firing" : "resolved";
      if (heard_[i].status != want)
        return Fail("heard " + heard_[i].status + " as number " + std::to_string(i));
      if (want == "firing") fired.push_back(heard_[i].starts_at);
    }
    if (heard_.size() % 2 != 0) return Fail("the last episode was never resolved");
    if (!std::includes(episodes_.begin(), episodes_.end(), fired.begin(), fired.end()))
      return Fail("heard of an episode that there was not");
    for (const std::string& episode : must_hear_)
      if (std::find(fired.begin(), fired.end(), episode) == fired.end())
        return Fail("never heard of the episode of " + episode);
    if (!notifier_->owed().empty()) return Fail("something is still owed");
  }

  Prng prng_;
  const Mutant mutant_;
  Faults faults_;
  Outcome outcome_;
  Time now_ = kStart;
  FaultFs disk_;
  std::unique_ptr<tsdb::Store> store_;
  std::unique_ptr<ingest::WriteHandler> handler_;
  std::unique_ptr<FakeRecords> forgetful_;
  std::unique_ptr<notifier::Notifier> notifier_;
  Sink sink_;
  std::unique_ptr<evaluator::SloEvaluator> evaluator_;

  bool healed_ = false;
  bool slow_ = false;
  HistogramCounter histogram_{"latency_seconds", Labels({{"job", "model"}}), {"0.1", "0.5", "1"}};
  std::deque<Owed> queue_;
  std::map<Labels, std::map<Time, double>> stored_;
  std::optional<Time> checked_;
  std::deque<notifier::Delivery> in_flight_;
  std::set<std::string> heard_keys_, acked_keys_;
  std::vector<Heard> heard_;
  std::vector<std::string> episodes_;  // By startsAt.
  std::set<std::string> must_hear_;
  bool firing_ = false;
};

uint64_t SeedCount() {
  const char* text = std::getenv("NINES_SIM_SEEDS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20;
}

TEST(Sim, NothingIsLostAndEveryEpisodeIsTold) {
  size_t episodes = 0, crashes = 0;
  for (uint64_t seed = 1; seed <= SeedCount(); ++seed) {
    const Outcome outcome = World(seed, Mutant::kNone).Run();
    EXPECT_EQ(outcome.problem, "") << "seed " << seed;
    episodes += outcome.episodes;
    crashes += outcome.crashes;
  }
  EXPECT_GT(episodes, SeedCount());  // Guards against a world in which nothing happens.
  EXPECT_GT(crashes, SeedCount());
}

TEST(Sim, TheSameSeedIsTheSameRun) {
  for (const uint64_t seed : {3u, 11u})
    EXPECT_EQ(World(seed, Mutant::kNone).Run().hash, World(seed, Mutant::kNone).Run().hash) << seed;
}

TEST(Sim, CatchesANotifierThatForgets) {
  int caught = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed)
    caught += World(seed, Mutant::kForgetsNotifications).Run().problem.empty() ? 0 : 1;
  EXPECT_GT(caught, 3);
}

}  // namespace
}  // namespace nines::test
