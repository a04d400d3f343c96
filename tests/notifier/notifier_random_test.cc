#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/prng.h"
#include "notifier/notifier.h"
#include "tests/notifier/rig.h"

// Random stories from a seed: alerts come and go, receivers and the disk fail, the process is
// restarted, results of attempts are lost.  Once all is well again, what each consumer believes,
// having read its webhooks in order and each idempotency key once, must be the truth.

namespace nines::notifier {
namespace {

using test::At;
using test::FakeRecords;

constexpr int kAlerts = 6;
constexpr int kSteps = 300;

struct Consumer {
  std::set<std::string> keys;
  std::map<std::string, bool> firing;  // By alert name.

  void Read(const Delivery& delivery) {
    if (!keys.insert(delivery.idempotency_key).second) return;
    const boost::json::value body = boost::json::parse(delivery.body);
    for (const boost::json::value& alert : body.at("alerts").as_array()) {
      firing[std::string(alert.at("labels").at("alertname").as_string())] =
          alert.at("status").as_string() == "firing";
    }
  }
};

class Story {
 public:
  explicit Story(uint64_t seed) : prng_(seed) { Open(); }

  void Step() {
    now_ += Duration{static_cast<int64_t>(prng_.Below(40'000))};
    records_.failing = prng_.Chance(10);
    if (prng_.Chance(10)) down_ = prng_.Chance(60);
    if (prng_.Chance(40)) Toggle();
    if (prng_.Chance(8)) {
      records_.failing = false;  // An Open() that fails is no story.
      Open();
    }
    Send(prng_.Chance(20));
  }

  void AllIsWell() {
    records_.failing = false;
    down_ = false;
    for (int minute = 0; minute < 120; ++minute) {
      now_ += std::chrono::minutes{1};
      PostTruth();
      Send(false);
      Send(false);  // What was queued behind a head.
      Send(false);
    }
  }

  void EndAll() {
    for (Alert& alert : truth_) {
      if (!alert.ends_at) alert.ends_at = now_;
    }
  }

  void ExpectConsumersKnowTheTruth(const std::string& when) {
    EXPECT_TRUE(notifier_->owed().empty()) << when;
    for (const auto& [name, consumer] : consumers_) {
      for (const Alert& alert : truth_) {
        const std::string alertname(alert.labels.Get("alertname"));
        const auto known = consumer.firing.find(alertname);
        const bool believed = known != consumer.firing.end() && known->second;
        EXPECT_EQ(believed, !alert.ends_at) << when << ": " << name << ", " << alertname;
      }
    }
  }

 private:
  void Open() {
    notifier_.reset();
    auto opened = Notifier::Open(test::ConfigOf({"web", "ops"}), &records_, nullptr, now_);
    ASSERT_TRUE(opened) << opened.error().message;
    notifier_ = std::move(*opened);
  }

  void Toggle() {
    const auto which = prng_.Below(kAlerts);
    std::string name = "A";
    name += std::to_string(which);
    for (Alert& alert : truth_) {
      if (alert.labels.Get("alertname") != name) continue;
      if (alert.ends_at) {
        alert = test::Firing(name, now_);
      } else {
        alert.ends_at = now_;
      }
      PostTruth();
      return;
    }
    truth_.push_back(test::Firing(name, now_));
    PostTruth();
  }

  // As the evaluator does it: all that it knows, again and again.  Refused while the disk is sick.
  void PostTruth() { static_cast<void>(notifier_->Post(truth_, now_).has_value()); }

  void Send(bool lose_results) {
    PostTruth();
    for (const Delivery& delivery : notifier_->Poll(now_)) {
      DeliveryResult result;
      result.status = down_ && delivery.receiver == "web" ? 503 : 200;
      if (result.status == 200) consumers_[delivery.receiver].Read(delivery);
      if (!lose_results) notifier_->OnResult(delivery.id, result, now_);
    }
    if (!lose_results) return;
    records_.failing = false;
    Open();
  }

  Prng prng_;
  Time now_ = At(0);
  FakeRecords records_;
  bool down_ = false;
  std::vector<Alert> truth_;
  std::map<std::string, Consumer> consumers_;
  std::unique_ptr<Notifier> notifier_;
};

TEST(NotifierRandom, ConsumersEndUpWithTheTruth) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story(seed);
    for (int step = 0; step < kSteps; ++step) story.Step();
    story.AllIsWell();
    story.ExpectConsumersKnowTheTruth("after the story");
    story.EndAll();
    story.AllIsWell();
    story.ExpectConsumersKnowTheTruth("after all alerts have ended");
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace nines::notifier
