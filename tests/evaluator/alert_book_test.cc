#include "evaluator/slo/alert_book.h"

#include <gtest/gtest.h>

#include "tests/evaluator/fixtures.h"

namespace nines::evaluator {
namespace {

using std::chrono::seconds;

Time At(int64_t s) { return FromUnixMs(s * 1000); }

const AlertKey kKey{"predict", "threshold", {{"job", "a"}}};

SloAlert Definition(Duration hold = Duration{0}) {
  SloAlert alert;
  alert.kind = "threshold";
  alert.name = "Slow";
  alert.hysteresis.hold = hold;
  alert.labels = {{"alertname", "Slow"}, {"job", "a"}, {"slo", "predict"}};
  alert.annotations = {{"summary", "slow"}};
  alert.generator_url = "/?slo=predict";
  return alert;
}

AlertBook OpenBook(FakeRecords* records) {
  auto book = AlertBook::Open(records);
  EXPECT_TRUE(book) << book.error().message;
  return *std::move(book);
}

// One slot: step, save, deliver.
void Slot(AlertBook* book, FakeSink* sink, const SloAlert& alert, Input input, int64_t second) {
  book->Step(kKey, alert, {"job"}, input, At(second));
  (void)book->Save();
  (void)book->Deliver(sink, At(second));
}

TEST(AlertBook, SendsWhatFiresAndWhatEnded) {
  FakeRecords records;
  FakeSink sink;
  AlertBook book = OpenBook(&records);
  Slot(&book, &sink, Definition(seconds{10}), Input::kBreach, 0);
  EXPECT_TRUE(sink.log.empty());
  EXPECT_EQ(records.data.size(), 1u);
  Slot(&book, &sink, Definition(seconds{10}), Input::kBreach, 10);
  ASSERT_EQ(sink.log.size(), 1u);
  EXPECT_EQ(sink.log[0].starts_at, At(10));
  EXPECT_FALSE(sink.log[0].ends_at);
  Slot(&book, &sink, Definition(seconds{10}), Input::kClear, 20);
  ASSERT_EQ(sink.log.size(), 2u);
  EXPECT_EQ(sink.log[1].starts_at, At(10));
  EXPECT_EQ(sink.log[1].ends_at, At(20));
  EXPECT_TRUE(records.data.empty());
}

TEST(AlertBook, RepeatsWhatFiresAfterTheResendDelay) {
  FakeRecords records;
  FakeSink sink;
  AlertBook book = OpenBook(&records);
  Slot(&book, &sink, Definition(), Input::kBreach, 0);
  EXPECT_EQ(book.NextDeadline(At(1)), At(60));
  Slot(&book, &sink, Definition(), Input::kBreach, 59);
  EXPECT_EQ(sink.sends, 1);
  Slot(&book, &sink, Definition(), Input::kBreach, 60);
  EXPECT_EQ(sink.sends, 2);
  EXPECT_EQ(sink.log[1].starts_at, At(0));
}

TEST(AlertBook, AStateThatDoesNotChangeIsNotWritten) {
  FakeRecords records;
  FakeSink sink;
  AlertBook book = OpenBook(&records);
  Slot(&book, &sink, Definition(), Input::kBreach, 0);
  const size_t writes = records.writes;
  Slot(&book, &sink, Definition(), Input::kBreach, 10);
  Slot(&book, &sink, Definition(), Input::kNone, 20);
  EXPECT_EQ(records.writes, writes);
}

// A kill between Save() and Deliver(): the sink is told after the restart.
TEST(AlertBook, AFiredAlertIsSentAfterARestart) {
  FakeRecords records;
  FakeSink sink;
  {
    AlertBook book = OpenBook(&records);
    book.Step(kKey, Definition(), {"job"}, Input::kBreach, At(0));
    ASSERT_TRUE(book.Save());
  }
  AlertBook book = OpenBook(&records);
  ASSERT_TRUE(book.Deliver(&sink, At(5)));
  ASSERT_EQ(sink.log.size(), 1u);
  EXPECT_EQ(sink.log[0].labels, Definition().labels);
  EXPECT_EQ(sink.log[0].annotations, Definition().annotations);
  EXPECT_EQ(sink.log[0].generator_url, "/?slo=predict");
  EXPECT_EQ(sink.log[0].starts_at, At(0));
}

TEST(AlertBook, AnEndIsSentAfterARestart) {
  FakeRecords records;
  FakeSink sink;
  {
    AlertBook book = OpenBook(&records);
    Slot(&book, &sink, Definition(), Input::kBreach, 0);
    book.Step(kKey, Definition(), {"job"}, Input::kClear, At(10));
    ASSERT_TRUE(book.Save());
  }
  AlertBook book = OpenBook(&records);
  EXPECT_EQ(book.StateOf(kKey).state, State::kInactive);
  ASSERT_TRUE(book.Deliver(&sink, At(15)));
  ASSERT_EQ(sink.log.size(), 2u);
  EXPECT_EQ(sink.log[1].ends_at, At(10));
  EXPECT_TRUE(records.data.empty());
}

TEST(AlertBook, PendingGoesOnAfterARestart) {
  FakeRecords records;
  FakeSink sink;
  {
    AlertBook book = OpenBook(&records);
    Slot(&book, &sink, Definition(seconds{30}), Input::kBreach, 0);
    Slot(&book, &sink, Definition(seconds{30}), Input::kNone, 10);
    Slot(&book, &sink, Definition(seconds{30}), Input::kBreach, 20);
  }
  AlertBook book = OpenBook(&records);
  Slot(&book, &sink, Definition(seconds{30}), Input::kBreach, 30);
  EXPECT_EQ(sink.Firing(), 0u);
  Slot(&book, &sink, Definition(seconds{30}), Input::kBreach, 40);
  EXPECT_EQ(sink.Firing(), 1u);
  EXPECT_EQ(book.StateOf(kKey).active_since, At(0));
}

TEST(AlertBook, ASinkThatIsAwayIsTriedAgainAfterADelay) {
  FakeRecords records;
  FakeSink sink;
  AlertBook book = OpenBook(&records);
  sink.fails = true;
  Slot(&book, &sink, Definition(), Input::kBreach, 0);
  EXPECT_EQ(book.NextDeadline(At(0)), At(1));
  sink.fails = false;
  ASSERT_TRUE(book.Deliver(&sink, At(0)));
  EXPECT_EQ(sink.sends, 0);
  ASSERT_TRUE(book.Deliver(&sink, At(1)));
  EXPECT_EQ(sink.Firing(), 1u);
}

TEST(AlertBook, FiringAgainBeforeTheEndWasTakenDropsTheEnd) {
  FakeRecords records;
  FakeSink sink;
  AlertBook book = OpenBook(&records);
  Slot(&book, &sink, Definition(), Input::kBreach, 0);
  sink.fails = true;
  Slot(&book, &sink, Definition(), Input::kClear, 10);
  EXPECT_EQ(records.data.count(EndedRecordKey(Definition().labels)), 1u);
  Slot(&book, &sink, Definition(), Input::kBreach, 20);
  EXPECT_EQ(records.data.count(EndedRecordKey(Definition().labels)), 0u);
  sink.fails = false;
  Slot(&book, &sink, Definition(), Input::kBreach, 30);
  ASSERT_EQ(sink.log.size(), 2u);
  EXPECT_EQ(sink.log[1].starts_at, At(20));
  EXPECT_EQ(sink.Firing(), 1u);
}

TEST(AlertBook, ASickDiskDelaysNoAlertAndIsWrittenLater) {
  FakeRecords records;
  FakeSink sink;
  AlertBook book = OpenBook(&records);
  records.failing = true;
  Slot(&book, &sink, Definition(), Input::kBreach, 0);
  EXPECT_EQ(sink.Firing(), 1u);
  EXPECT_EQ(book.NextDeadline(At(0)), At(1));
  records.failing = false;
  Slot(&book, &sink, Definition(), Input::kBreach, 10);
  EXPECT_EQ(records.data.size(), 1u);
}

TEST(AlertBook, OtherLabelsEndTheOldOnesAndFireOn) {
  FakeRecords records;
  FakeSink sink;
  AlertBook book = OpenBook(&records);
  Slot(&book, &sink, Definition(), Input::kBreach, 0);
  SloAlert renamed = Definition();
  renamed.labels.Set("severity", "page");
  Slot(&book, &sink, renamed, Input::kBreach, 10);
  EXPECT_EQ(sink.newest[Definition().labels].ends_at, At(10));
  EXPECT_EQ(sink.newest[renamed.labels].starts_at, At(0));
  EXPECT_FALSE(sink.newest[renamed.labels].ends_at);
  EXPECT_EQ(records.data.size(), 1u);
}

TEST(AlertBook, RetainEndsWhatIsNotKept) {
  FakeRecords records;
  FakeSink sink;
  AlertBook book = OpenBook(&records);
  Slot(&book, &sink, Definition(), Input::kBreach, 0);
  book.Retain([](const AlertKey&, const std::vector<std::string>&) { return false; }, At(5));
  ASSERT_TRUE(book.Save());
  ASSERT_TRUE(book.Deliver(&sink, At(6)));
  EXPECT_EQ(sink.newest[Definition().labels].ends_at, At(5));
  EXPECT_TRUE(records.data.empty());
  EXPECT_EQ(book.Count(State::kFiring), 0u);
}

TEST(AlertBook, PruneForgetsOnlyWhatIsInactiveAndWasNotStepped) {
  FakeRecords records;
  FakeSink sink;
  AlertBook book = OpenBook(&records);
  Slot(&book, &sink, Definition(), Input::kBreach, 0);
  Slot(&book, &sink, Definition(), Input::kClear, 10);
  book.Prune("predict", At(10));
  EXPECT_EQ(book.StateOf(kKey).since, At(10));
  book.Prune("predic", At(20));
  EXPECT_EQ(book.StateOf(kKey).since, At(10));
  book.Prune("predict", At(20));
  EXPECT_EQ(book.StateOf(kKey).since, std::nullopt);
}

TEST(AlertBook, ActiveGroupsAreThoseOfTheSlo) {
  FakeRecords records;
  AlertBook book = OpenBook(&records);
  book.Step({"a", "threshold", {{"job", "x"}}}, Definition(), {}, Input::kBreach, At(0));
  book.Step({"a", "burn-1h-5m-page", {{"job", "x"}}}, Definition(), {}, Input::kBreach, At(0));
  book.Step({"a", "threshold", {{"job", "y"}}}, Definition(), {}, Input::kClear, At(0));
  book.Step({"ab", "threshold", {{"job", "z"}}}, Definition(), {}, Input::kBreach, At(0));
  EXPECT_EQ(book.ActiveGroups("a"), (std::vector<Labels>{{{"job", "x"}}}));
}

TEST(AlertBook, ADamagedRecordIsNamed) {
  FakeRecords records;
  records.data["evaluator/alert/predict/threshold/00"] = "{}";
  const auto book = AlertBook::Open(&records);
  ASSERT_FALSE(book);
  EXPECT_EQ(book.error().code, Code::kCorrupt);
  EXPECT_EQ(book.error().message.find("evaluator/alert/predict/threshold/00: "), 0u)
      << book.error().message;
}

}  // namespace
}  // namespace nines::evaluator
