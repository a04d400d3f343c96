#include "ingest/ha.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "tests/support/fake_records.h"

namespace nines::ingest {
namespace {

using namespace std::chrono_literals;

Time At(int seconds) { return FromUnixMs(1'795'891'339'000) + std::chrono::seconds(seconds); }

const char* Name(const HaTracker::Decision& decision) {
  if (decision.is_elected_now) return "elected";
  switch (decision.verdict) {
    case HaTracker::Verdict::kTake:
      return "take";
    case HaTracker::Verdict::kDrop:
      return "drop";
    case HaTracker::Verdict::kTooMany:
      return "too-many";
  }
  return "";
}

// Lines of "second cluster replica verdict"; what stands behind a # is a comment.
void Check(const std::string& script, const HaOptions& options, HaTracker* tracker) {
  std::istringstream lines(script);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    int second = 0;
    std::string cluster, replica, want;
    if (!(words >> second >> cluster >> replica >> want)) continue;
    const auto decision = tracker->Decide(cluster, replica, options, At(second));
    ASSERT_TRUE(decision) << decision.error().message;
    EXPECT_STREQ(Name(*decision), want.c_str()) << line;
  }
}

TEST(Ha, OneReplicaIsKeptUntilItIsSilent) {
  test::FakeRecords records;
  HaTracker tracker(&records);
  Check(R"(
      0 eu a elected
      0 eu b drop
     15 eu a take
     44 eu b drop          # 29 s after a.
     45 eu b elected       # 30 s.
     45 eu a drop          # a is back, b stays.
     60 us a elected       # Another cluster.
     60 eu b take
     60 us b drop
     90 eu c elected
  )",
        {}, &tracker);
  EXPECT_EQ(tracker.clusters(),
            (std::vector<HaCluster>{{"eu", "c", At(90), At(90)}, {"us", "a", At(60), At(60)}}));
}

TEST(Ha, OnlyTheElectedOneCountsAsHeard) {
  test::FakeRecords records;
  HaTracker tracker(&records);
  Check(R"(
      0 eu a elected
     10 eu b drop
     29 eu b drop
     30 eu b elected
  )",
        {}, &tracker);
}

TEST(Ha, TheTimeoutIsSettable) {
  test::FakeRecords records;
  HaTracker tracker(&records);
  Check("0 eu a elected\n 4 eu b drop\n 5 eu b elected", {.failover_timeout = 5s}, &tracker);
}

TEST(Ha, AClockThatGoesBackDelaysNoFailover) {
  test::FakeRecords records;
  HaTracker tracker(&records);
  Check(R"(
    7200 eu a elected
       0 eu b drop       # The clock went back two hours.
      29 eu b drop
      30 eu b elected
  )",
        {}, &tracker);
}

TEST(Ha, ClustersAreBounded) {
  test::FakeRecords records;
  HaTracker tracker(&records);
  Check(R"(
       0 one a elected
       1 two a elected
       2 three a too-many
       2 two a take
    3599 three a too-many  # One second short of an hour after `one`.
    3600 three a elected
    3600 one a too-many    # `two` has been heard since.
  )",
        {.clusters_max = 2}, &tracker);
  EXPECT_EQ(records.Keys("ingest/ha/"),
            (std::vector<std::string>{"ingest/ha/three", "ingest/ha/two"}));
}

// What was down was us, not the replica: it has the whole timeout after the start.
TEST(Ha, TheElectedReplicaOutlivesARestart) {
  test::FakeRecords records;
  {
    HaTracker tracker(&records);
    Check("0 eu a elected", {}, &tracker);
    EXPECT_EQ(records.writes, 1u);
    Check("5 eu a take\n 5 eu b drop", {}, &tracker);
    EXPECT_EQ(records.writes, 1u) << "only elections are written";
  }
  HaTracker again(&records);
  ASSERT_TRUE(again.Load(At(600)));
  EXPECT_EQ(again.clusters(), (std::vector<HaCluster>{{"eu", "a", At(0), At(600)}}));
  Check("600 eu b drop\n 629 eu b drop\n 630 eu b elected", {}, &again);
}

TEST(Ha, AnElectionThatCannotBeWrittenIsNone) {
  test::FakeRecords records;
  HaTracker tracker(&records);
  Check("0 eu a elected", {}, &tracker);
  records.failing = true;
  const auto failed = tracker.Decide("eu", "b", {}, At(40));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::kUnavailable);
  EXPECT_EQ(failed.error().message, "electing a replica of cluster \"eu\": disk is sick");
  EXPECT_EQ(tracker.clusters()[0].replica, "a");
  records.failing = false;
  Check("41 eu a take\n 42 eu b drop", {}, &tracker);
}

TEST(Ha, ADamagedRecordIsNamed) {
  for (const std::string& bytes : {std::string(),
                                   std::string("\x02\x01"
                                               "a\0\0\0\0\0\0\0\1",
                                               11),
                                   std::string("\x01\x01"
                                               "a\0\0\0",
                                               6)}) {
    test::FakeRecords records;
    records.data["ingest/ha/eu"] = bytes;
    HaTracker tracker(&records);
    const auto loaded = tracker.Load(At(0));
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, Code::kCorrupt);
    EXPECT_NE(loaded.error().message.find("\"ingest/ha/eu\""), std::string::npos);
  }
}

}  // namespace
}  // namespace nines::ingest
