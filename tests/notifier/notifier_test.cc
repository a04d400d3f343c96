#include "notifier/notifier.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "notifier/outbox.h"
#include "tests/notifier/rig.h"

namespace nines::notifier {
namespace {

using std::chrono::seconds;
using test::At;
using test::ConfigOf;
using test::Firing;
using test::NoAnswer;
using test::Resolved;
using test::Rig;
using test::Status;
using Lines = std::vector<std::string>;

std::string Numbered(size_t i) {
  std::string name = "A";
  name += std::to_string(i);
  return name;
}

TEST(Notifier, FiresAtOnceAndTellsTheEndAtTheNextInterval) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(30);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"0s web firing (first notification) A+ -> 200"}));
  rig.Post(40, {Resolved("A", At(0), At(40))});
  rig.RunTo(59.999);
  EXPECT_EQ(rig.TakeTranscript(), Lines{});
  rig.RunTo(60);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"60s web resolved (all alerts resolved) A- -> 200"}));
  EXPECT_TRUE(rig.records.Keys("notifier/group/").empty()) << "an empty group is no more";
  EXPECT_TRUE(rig.records.Keys("notifier/log/").empty());
  rig.RunTo(100'000);
  EXPECT_EQ(rig.TakeTranscript(), Lines{});
  EXPECT_EQ(rig.notifier().NextDeadline(), std::nullopt) << "idle";
  EXPECT_TRUE(rig.notifier().alerts().empty()) << "what ended is forgotten";
  EXPECT_TRUE(rig.records.Keys("notifier/alert/").empty());
}

TEST(Notifier, GroupWaitAndImmediateFlushOfAnOldAlert) {
  Config config = ConfigOf({"web"});
  config.root.routes[0].group_wait = seconds{30};
  {
    Rig rig(config);
    rig.Post(0, {Firing("A", At(0))});
    rig.Post(10, {Firing("B", At(10))});
    rig.RunTo(29.999);
    EXPECT_EQ(rig.TakeTranscript(), Lines{});
    rig.RunTo(30);
    EXPECT_EQ(rig.TakeTranscript(), (Lines{"30s web firing (first notification) A+ B+ -> 200"}));
  }
  Rig rig(config);
  rig.Post(31, {Firing("A", At(0))});
  rig.RunTo(31);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"31s web firing (first notification) A+ -> 200"}));
}

TEST(Notifier, NewAlertsAndSomeResolvedAtEachInterval) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(1);
  rig.Post(10, {Firing("B", At(10)), Firing("C", At(10))});
  rig.Post(70, {Resolved("B", At(10), At(70))});
  rig.RunTo(400);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"0s web firing (first notification) A+ -> 200",
                                         "70s web firing (new alerts added) A+ B- C+ -> 200"}))
      << "the flush of 60 s was asked for at 70 s only";
  rig.Post(410, {Resolved("C", At(10), At(410))});
  rig.RunTo(500);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"430s web firing (some alerts resolved) A+ C- -> 200"}));
}

TEST(Notifier, RepeatsAfterTheRepeatInterval) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(4 * 3600);
  rig.TakeTranscript();
  rig.RunTo(4 * 3600 + 60);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"14460s web firing (repeat interval elapsed) A+ -> 200"}));
}

TEST(Notifier, RepeatedAlertsAreNoNewsAndNotWritten) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(1);
  rig.TakeTranscript();
  const size_t writes = rig.records.writes;
  for (int s = 2; s < 200; s += 2) {
    rig.Post(s, {Firing("A", At(0))});
    rig.RunTo(s);
  }
  EXPECT_EQ(rig.TakeTranscript(), Lines{});
  EXPECT_EQ(rig.records.writes, writes);
  EXPECT_EQ(rig.notifier().alerts()[0].updated_at, At(198));
}

TEST(Notifier, WhatWasOverBeforeAnybodyHeardIsNotTold) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Resolved("A", At(-60), At(0))});
  rig.RunTo(300);
  EXPECT_EQ(rig.TakeTranscript(), Lines{});
  // Nor is an end that is repeated after it was told.
  rig.Post(400, {Firing("A", At(400))});
  rig.RunTo(401);
  rig.Post(401, {Resolved("A", At(400), At(401))});
  rig.RunTo(500);
  rig.TakeTranscript();
  rig.Post(501, {Resolved("A", At(400), At(401))});
  rig.RunTo(5000);
  EXPECT_EQ(rig.TakeTranscript(), Lines{});
}

TEST(Notifier, OneNotificationForEachConsumer) {
  Rig rig(ConfigOf({"web", "ops"}));
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(1);
  Lines lines = rig.TakeTranscript();
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (Lines{"0s ops firing (first notification) A+ -> 200",
                          "0s web firing (first notification) A+ -> 200"}));
  const std::vector<Notification> delivered = rig.notifier().delivered();
  ASSERT_EQ(delivered.size(), 2u);
  EXPECT_EQ(delivered[0].group_key, "{}/{slo=\"slow\"}:{slo=\"slow\"}");
  EXPECT_EQ(delivered[1].group_key, delivered[0].group_key);
  EXPECT_NE(delivered[1].idempotency_key, delivered[0].idempotency_key);
}

TEST(Notifier, WithoutSendResolvedTheEndIsNotSentButNoted) {
  Config config = ConfigOf({"web"});
  config.receivers[0].webhook.send_resolved = false;
  Rig rig(config);
  rig.Post(0, {Firing("A", At(0)), Firing("B", At(0))});
  rig.RunTo(1);
  rig.Post(2, {Resolved("A", At(0), At(2)), Firing("C", At(2))});
  rig.RunTo(61);
  rig.Post(62, {Resolved("B", At(0), At(62)), Resolved("C", At(2), At(62))});
  rig.RunTo(200);
  rig.Post(200, {Firing("B", At(200))});
  rig.RunTo(201);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"0s web firing (first notification) A+ B+ -> 200",
                                         "60s web firing (new alerts added) B+ C+ -> 200",
                                         "200s web firing (first notification) B+ -> 200"}));
}

// Alertmanager tells neither: the firing one is given up at the next flush.
TEST(Notifier, TheEndFollowsAFiringOneThatCouldNotBeDelivered) {
  Rig rig(ConfigOf({"web"}));
  rig.answer = [](const Delivery&) { return Status(500); };
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(30);
  rig.Post(30, {Resolved("A", At(0), At(30))});
  rig.RunTo(62);
  EXPECT_EQ(rig.notifier().owed().size(), 2u);
  rig.TakeTranscript();
  rig.answer = [](const Delivery&) { return Status(200); };
  rig.RunTo(64);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"63s web firing (first notification) A+ -> 200",
                                         "63s web resolved (all alerts resolved) A- -> 200"}));
}

TEST(Notifier, BacksOffWithTheSameKeyAndBody) {
  Rig rig(ConfigOf({"web"}));
  int failures = 11;
  rig.answer = [&failures](const Delivery&) { return failures-- > 0 ? NoAnswer() : Status(204); };
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(3600);
  Lines lines = rig.TakeTranscript();
  for (std::string& line : lines) line.resize(line.find(' '));
  EXPECT_EQ(lines, (Lines{"0s", "1s", "3s", "7s", "15s", "31s", "63s", "127s", "255s", "511s",
                          "811s", "1111s"}));
  ASSERT_EQ(rig.bodies_by_key.size(), 1u);
  EXPECT_EQ(rig.bodies_by_key.begin()->second.size(), 1u);
  const Notification delivered = rig.notifier().delivered().at(0);
  EXPECT_EQ(delivered.attempts, 12u);
  EXPECT_EQ(delivered.last_error, "connection refused");
  EXPECT_EQ(delivered.delivered_at, At(1111));
}

TEST(Notifier, RetryAfterIsHonoured) {
  Rig rig(ConfigOf({"web"}));
  rig.answer = [](const Delivery& delivery) {
    DeliveryResult result = Status(delivery.attempt == 1 ? 429 : 200);
    result.retry_after = seconds{90};
    return result;
  };
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(89);
  rig.TakeTranscript();
  rig.Open();
  rig.RunTo(100);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"90s web firing (first notification) A+ -> 200"}))
      << "after a restart too";
}

// A fires, ends, B fires and ends, while the receiver is down.
TEST(Notifier, AtMostTwoWaitBehindTheHeadAndNoEndIsLost) {
  Rig rig(ConfigOf({"web"}));
  rig.answer = [](const Delivery&) { return Status(500); };
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(10);
  rig.Post(10, {Resolved("A", At(0), At(10))});
  rig.RunTo(61);
  rig.Post(61, {Firing("B", At(61))});
  rig.RunTo(70);
  EXPECT_EQ(rig.notifier().owed().size(), 3u);
  const std::string superseded = rig.notifier().owed()[1].idempotency_key;
  const std::string waiting = rig.notifier().owed()[2].idempotency_key;
  rig.Post(70, {Resolved("B", At(61), At(70))});
  rig.RunTo(130);
  const std::vector<Notification> owed = rig.notifier().owed();
  ASSERT_EQ(owed.size(), 3u) << "the middle one was superseded";
  EXPECT_NE(owed[1].idempotency_key, superseded);
  EXPECT_NE(owed[1].idempotency_key, waiting) << "it says more now";
  EXPECT_EQ(rig.records.Keys("notifier/outbox/").size(), 3u);
  rig.TakeTranscript();
  rig.answer = [](const Delivery&) { return Status(200); };
  rig.Open();
  rig.RunTo(500);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"255s web firing (first notification) A+ -> 200",
                                         "255s web firing (first notification) A- B+ -> 200",
                                         "255s web resolved (all alerts resolved) B- -> 200"}));
}

TEST(Notifier, OneReceiverDownDoesNotHoldAnother) {
  Rig rig(ConfigOf({"web", "ops"}));
  rig.answer = [](const Delivery& d) { return Status(d.receiver == "web" ? 500 : 200); };
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(2);
  rig.Post(2, {Resolved("A", At(0), At(2))});
  rig.RunTo(60);
  Lines ops;
  for (const std::string& line : rig.TakeTranscript()) {
    if (line.find(" ops ") != std::string::npos) ops.push_back(line);
  }
  EXPECT_EQ(ops, (Lines{"0s ops firing (first notification) A+ -> 200",
                        "60s ops resolved (all alerts resolved) A- -> 200"}));
}

TEST(Notifier, AnAttemptInFlightIsNotRepeated) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0))});
  const std::vector<Delivery> first = rig.PollWithoutAnswer(0);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].url, "http://web.example/hook");
  EXPECT_EQ(first[0].attempt, 1u);
  EXPECT_TRUE(rig.PollWithoutAnswer(0.5).empty());
  EXPECT_EQ(rig.notifier().NextDeadline(), At(60)) << "only the group's timer";
  rig.Open();
  const std::vector<Delivery> again = rig.PollWithoutAnswer(0.6);
  ASSERT_EQ(again.size(), 1u) << "after a restart it is";
  EXPECT_EQ(again[0].idempotency_key, first[0].idempotency_key);
  EXPECT_EQ(again[0].body, first[0].body);
}

// The same story with and without a restart before every step: the same deliveries.
TEST(Notifier, RestartAtEveryPoint) {
  const auto story = [](bool restart_often) {
    Rig rig(ConfigOf({"web", "ops"}));
    rig.restart_often = restart_often;
    rig.answer = [](const Delivery& d) {
      return Status(d.receiver == "web" && d.attempt < 4 ? 503 : 200);
    };
    rig.Post(0, {Firing("A", At(0))});
    rig.RunTo(20);
    rig.Post(20, {Firing("B", At(20))});
    rig.RunTo(70);
    rig.Post(75, {Resolved("A", At(0), At(75))});
    rig.RunTo(130);
    rig.Post(135, {Resolved("B", At(20), At(135)), Firing("C", At(135))});
    rig.RunTo(200);
    rig.Post(205, {Resolved("C", At(135), At(205))});
    rig.RunTo(2000);
    EXPECT_TRUE(rig.notifier().owed().empty());
    EXPECT_TRUE(rig.notifier().alerts().empty());
    for (const auto& [key, bodies] : rig.bodies_by_key) EXPECT_EQ(bodies.size(), 1u) << key;
    std::set<std::string> once(rig.delivered_keys.begin(), rig.delivered_keys.end());
    EXPECT_EQ(once.size(), rig.delivered_keys.size()) << "never again after a 2xx";
    return rig.TakeTranscript();
  };
  const Lines steady = story(false);
  EXPECT_EQ(story(true), steady);
  EXPECT_GE(steady.size(), 10u);
}

TEST(Notifier, NothingIsTakenWhileWritingFails) {
  Rig rig(ConfigOf({"web"}));
  rig.records.failing = true;
  const std::vector<Alert> alerts = {Firing("A", At(0))};
  const Result<void> posted = rig.notifier().Post(alerts, At(0));
  ASSERT_FALSE(posted);
  EXPECT_EQ(posted.error().code, Code::kUnavailable);
  EXPECT_TRUE(rig.notifier().alerts().empty());
  EXPECT_EQ(rig.notifier().NextDeadline(), std::nullopt);
  rig.records.failing = false;
  rig.Post(1, alerts);
  rig.RunTo(1);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"1s web firing (first notification) A+ -> 200"}));
}

TEST(Notifier, NothingIsSentBeforeItIsDurable) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0))});
  rig.records.failing = true;
  EXPECT_TRUE(rig.PollWithoutAnswer(0).empty());
  EXPECT_TRUE(rig.notifier().owed().empty());
  EXPECT_EQ(rig.notifier().NextDeadline(), At(1)) << "tried again, but not in a loop";
  EXPECT_TRUE(rig.PollWithoutAnswer(1).empty());
  EXPECT_EQ(rig.notifier().NextDeadline(), At(2));
  rig.records.failing = false;
  EXPECT_TRUE(rig.PollWithoutAnswer(1.5).empty());
  rig.RunTo(2);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"2s web firing (first notification) A+ -> 200"}));
}

TEST(Notifier, A2xxThatCannotBeWrittenIsNotSentAgain) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0))});
  const std::vector<Delivery> deliveries = rig.PollWithoutAnswer(0);
  ASSERT_EQ(deliveries.size(), 1u);
  rig.records.failing = true;
  rig.Answer(deliveries[0], 0);
  EXPECT_TRUE(rig.notifier().owed().empty());
  EXPECT_EQ(rig.records.Keys("notifier/outbox/").size(), 1u);
  rig.RunTo(50);
  EXPECT_EQ(rig.TakeTranscript().size(), 1u);
  rig.records.failing = false;
  rig.RunTo(52);
  EXPECT_EQ(rig.records.Keys("notifier/outbox/").size(), 0u) << "written once it can be";
  EXPECT_EQ(rig.records.Keys("notifier/delivered/").size(), 1u);
}

TEST(Notifier, WhatWasOwedIsStillSentWhileWritingFails) {
  Rig rig(ConfigOf({"web"}));
  rig.answer = [](const Delivery& d) { return Status(d.attempt == 1 ? 500 : 200); };
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(0.5);
  rig.records.failing = true;
  rig.RunTo(5);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"0s web firing (first notification) A+ -> 500",
                                         "1s web firing (first notification) A+ -> 200"}));
}

TEST(Notifier, SetConfigDropsGroupsOfGoneRoutesAndWhatIsOwedToGoneReceivers) {
  Rig rig(ConfigOf({"web", "ops"}));
  rig.answer = [](const Delivery&) { return Status(500); };
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(1);
  Config config = ConfigOf({"web", "ops"});
  config.root.routes.clear();  // Nothing is promised any more.
  ASSERT_TRUE(rig.notifier().SetConfig(config, At(2)));
  EXPECT_TRUE(rig.records.Keys("notifier/group/").empty());
  EXPECT_EQ(rig.notifier().owed().size(), 2u) << "stays owed";
  ASSERT_TRUE(rig.notifier().SetConfig(ConfigOf({"web"}), At(3)));
  ASSERT_EQ(rig.notifier().owed().size(), 1u);
  EXPECT_EQ(rig.notifier().owed()[0].receiver, "web");
  EXPECT_EQ(rig.records.Keys("notifier/outbox/").size(), 1u);
  EXPECT_EQ(rig.records.Keys("notifier/group/").size(), 1u) << "the promise is back";
  // The log was kept: the same is not told twice.
  rig.answer = [](const Delivery&) { return Status(200); };
  rig.TakeTranscript();
  rig.RunTo(200);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"3s web firing (first notification) A+ -> 200"}));
}

TEST(Notifier, AnEndDuringTheAbsenceOfARouteIsTold) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(1);
  Config nobody = ConfigOf({"web"});
  nobody.root.routes.clear();
  ASSERT_TRUE(rig.notifier().SetConfig(nobody, At(2)));
  rig.Post(3, {Resolved("A", At(0), At(3))});
  rig.RunTo(4);
  rig.TakeTranscript();
  ASSERT_TRUE(rig.notifier().SetConfig(ConfigOf({"web"}), At(5)));
  rig.RunTo(100);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"5s web resolved (all alerts resolved) A- -> 200"}));
}

TEST(Notifier, AnEndThatIsRepeatedAfterTheAbsenceIsToldToo) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0))});
  rig.RunTo(1);
  Config nobody = ConfigOf({"web"});
  nobody.root.routes.clear();
  ASSERT_TRUE(rig.notifier().SetConfig(nobody, At(2)));
  rig.Post(3, {Resolved("A", At(0), At(3))});
  rig.RunTo(1000);
  EXPECT_TRUE(rig.notifier().alerts().empty()) << "forgotten";
  rig.TakeTranscript();
  ASSERT_TRUE(rig.notifier().SetConfig(ConfigOf({"web"}), At(1000)));
  rig.Post(1001, {Resolved("A", At(0), At(3))});
  rig.RunTo(1100);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"1001s web resolved (all alerts resolved) A- -> 200"}));
}

TEST(Notifier, SetConfigTellsANewConsumerOfWhatFires) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0)), Firing("B", At(0))});
  rig.Post(1, {Resolved("B", At(0), At(1))});
  rig.RunTo(1);
  rig.TakeTranscript();
  ASSERT_TRUE(rig.notifier().SetConfig(ConfigOf({"web", "ops"}), At(5)));
  rig.RunTo(6);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"5s ops firing (first notification) A+ -> 200"}));
}

TEST(Notifier, SetConfigChangesNothingWhenItCannotBeWrittenOrIsWrong) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0))});
  Config config = ConfigOf({"web", "ops"});
  rig.records.failing = true;
  EXPECT_EQ(rig.notifier().SetConfig(config, At(0)).error().code, Code::kUnavailable);
  rig.records.failing = false;
  config.root.routes[0].receiver = "nobody";
  EXPECT_EQ(rig.notifier().SetConfig(config, At(0)).error().code, Code::kInvalid);
  rig.RunTo(0);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"0s web firing (first notification) A+ -> 200"}));
}

TEST(Notifier, AResultForAReceiverThatIsGoneIsIgnored) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(0, {Firing("A", At(0))});
  const std::vector<Delivery> deliveries = rig.PollWithoutAnswer(0);
  ASSERT_TRUE(rig.notifier().SetConfig(ConfigOf({}), At(0)));
  rig.Answer(deliveries.at(0), 1);
  EXPECT_TRUE(rig.notifier().delivered().empty());
}

TEST(Notifier, AClockSetBackDoesNotStopTheTimers) {
  Rig rig(ConfigOf({"web"}));
  rig.Post(100'000, {Firing("A", At(100'000))});
  rig.RunTo(100'000);
  rig.TakeTranscript();
  rig.Post(0, {Firing("B", At(0))});
  rig.PollAt(0);
  EXPECT_LE(*rig.notifier().NextDeadline(), At(60));
  rig.PollAt(60);
  EXPECT_EQ(rig.TakeTranscript(), (Lines{"60s web firing (new alerts added) A+ B+ -> 200"}));
}

TEST(Notifier, KeepsTheLastDelivered) {
  Rig rig(ConfigOf({"web"}));
  for (size_t i = 0; i <= Notifier::kDeliveredMax; ++i) {
    const double at = 60 * static_cast<double>(i);
    rig.Post(at, {Firing(Numbered(i), At(at))});
    rig.RunTo(at);
  }
  const std::vector<Notification> delivered = rig.notifier().delivered();
  EXPECT_EQ(delivered.size(), Notifier::kDeliveredMax);
  EXPECT_EQ(delivered.front().created_at, At(60 * Notifier::kDeliveredMax)) << "newest first";
  EXPECT_EQ(delivered.back().created_at, At(60)) << "the oldest is gone";
  EXPECT_EQ(rig.records.Keys("notifier/delivered/").size(), Notifier::kDeliveredMax);
}

TEST(Notifier, AtTheLimitAFlushIsPutOffNotLost) {
  Config config = ConfigOf({"web"});
  config.root.routes[0].matchers.clear();
  config.root.routes[0].group_by = {"alertname"};
  Rig rig(config);
  rig.answer = [](const Delivery&) { return Status(500); };
  std::vector<Alert> alerts;
  for (size_t i = 0; i <= kOwedMax; ++i) alerts.push_back(Firing(Numbered(i), At(0)));
  rig.Post(0, alerts);
  rig.PollAt(0);
  EXPECT_EQ(rig.notifier().owed().size(), kOwedMax);
  rig.answer = [](const Delivery&) { return Status(200); };
  rig.RunTo(61);
  EXPECT_TRUE(rig.notifier().owed().empty());
  std::set<std::string> once(rig.delivered_keys.begin(), rig.delivered_keys.end());
  EXPECT_EQ(once.size(), kOwedMax + 1);
}

TEST(Notifier, AtTheLimitAFullQueueStillTakesTheLatest) {
  Config config = ConfigOf({"web"});
  config.root.routes[0].matchers.clear();
  config.root.routes[0].group_by = {"alertname"};
  Rig rig(config);
  rig.answer = [](const Delivery&) { return Status(500); };
  rig.Post(0, {Firing("B", At(0))});
  rig.PollAt(0);
  rig.Post(1, {Resolved("B", At(0), At(1))});
  rig.PollAt(60);
  rig.Post(61, {Firing("B", At(61))});
  rig.PollAt(61);
  std::vector<Alert> alerts;
  for (size_t i = 3; i < kOwedMax; ++i) alerts.push_back(Firing(Numbered(i), At(62)));
  rig.Post(62, alerts);
  rig.PollAt(62);
  ASSERT_EQ(rig.notifier().owed().size(), kOwedMax);
  rig.Post(63, {Resolved("B", At(61), At(63))});
  rig.PollAt(121);
  EXPECT_EQ(rig.notifier().owed().size(), kOwedMax);
  EXPECT_EQ(rig.notifier().owed().back().status, "resolved");
}

TEST(Notifier, CorruptRecordsAreNamed) {
  test::FakeRecords records;
  records.data["notifier/outbox/0000000000000001"] = "\x01";
  const auto opened = Notifier::Open(ConfigOf({"web"}), &records, nullptr, At(0));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kCorrupt);
  EXPECT_EQ(opened.error().message, "record notifier/outbox/0000000000000001: cannot be read");
}

TEST(Notifier, Metrics) {
  test::FakeRecords records;
  prometheus::Registry registry;
  auto notifier = Notifier::Open(ConfigOf({"web", "ops"}), &records, &registry, At(0));
  ASSERT_TRUE(notifier) << notifier.error().message;
  const std::vector<Alert> alerts = {Firing("A", At(0))};
  ASSERT_TRUE((*notifier)->Post(alerts, At(0)));
  for (const Delivery& delivery : (*notifier)->Poll(At(0))) {
    (*notifier)->OnResult(delivery.id, Status(delivery.receiver == "web" ? 503 : 200), At(0));
  }
  const auto text = [&registry] {
    return prometheus::TextSerializer().Serialize(registry.Collect());
  };
  const std::string page = text();
  for (const char* line :
       {"nines_notifier_notifications_total{receiver=\"web\"} 1\n",
        "nines_notifier_notifications_total{receiver=\"ops\"} 1\n",
        "nines_notifier_attempts_failed_total{reason=\"server_error\",receiver=\"web\"} 1\n",
        "nines_notifier_owed{receiver=\"web\"} 1\n", "nines_notifier_owed{receiver=\"ops\"} 0\n",
        "nines_notifier_alerts 1\n"}) {
    EXPECT_NE(page.find(line), std::string::npos) << line << "in\n" << page;
  }
  ASSERT_TRUE((*notifier)->SetConfig(ConfigOf({"ops"}), At(1)));
  EXPECT_EQ(text().find("nines_notifier_owed{receiver=\"web\"}"), std::string::npos) << text();
}

}  // namespace
}  // namespace nines::notifier
