#include "notifier/group.h"

#include <gtest/gtest.h>

namespace nines::notifier {
namespace {

Time S(int64_t seconds) { return FromUnixMs(seconds * 1000); }

Alert Make(Time starts, std::optional<Time> ends) {
  Alert alert;
  alert.labels = Labels{{"alertname", "A"}};
  alert.starts_at = starts;
  alert.ends_at = ends;
  return alert;
}

TEST(GroupKey, IsAlertmanagersText) {
  EXPECT_EQ(GroupKey("{}/{team=\"web\"}", Labels{{"job", "y"}, {"alertname", "X"}}),
            R"({}/{team="web"}:{alertname="X", job="y"})");
  EXPECT_EQ(GroupKey("{}", Labels{}), "{}:{}");
  EXPECT_EQ(GroupKey("{}", Labels{{"a", "\"\\\n\t"}}), R"({}:{a="\"\\\n\t"})");
}

TEST(GroupId, DependsOnReceiverAndKey) {
  // printf 'web\0{}:{}' | sha256sum
  EXPECT_EQ(GroupId("web", "{}:{}"),
            "7a2e1236f896dc76ee429923e82cfefe096820703c85fc62af24f75a0b2a58c0");
  EXPECT_NE(GroupId("web", "{}:{}"), GroupId("we", "b{}:{}"));
}

TEST(Fingerprint, Vectors) {
  EXPECT_EQ(FingerprintText(Labels{}.Fingerprint()), "cbf29ce484222325");
  EXPECT_EQ(FingerprintText(Labels{{"alertname", "TestAlert"}}.Fingerprint()), "dab43189276e5f48");
  EXPECT_EQ((Labels{{"name", "garland, briggs"}, {"fear", "love is not enough"}}.Fingerprint()),
            5799056148416392346u);
}

TEST(FirstFlush, WaitsUnlessTheAlertIsOld) {
  const Duration wait = std::chrono::seconds{30};
  EXPECT_EQ(FirstFlush(Make(S(100), {}), wait, S(100)), S(130));
  EXPECT_EQ(FirstFlush(Make(S(100), {}), wait, S(130)), S(160)) << "at the limit it is not old";
  EXPECT_EQ(FirstFlush(Make(S(100), {}), wait, S(131)), S(131));
  EXPECT_EQ(FirstFlush(Make(S(100), {}), Duration{0}, S(100)), S(100));
}

using Set = std::set<uint64_t>;

struct DecideCase {
  const char* name;
  std::optional<std::pair<Set, Set>> logged;  // Firing and resolved, at 1000 s.
  Set firing;
  Set resolved;
  Reason expected;
  int64_t now = 1001;
  bool send_resolved = true;
};

TEST(Decide, Table) {
  const DecideCase cases[] = {
      {"nothing at all", {}, {}, {}, Reason::kNone},
      {"new and firing", {}, {1}, {}, Reason::kFirstNotification},
      {"new, some resolved", {}, {1}, {2}, Reason::kFirstNotification},
      {"resolved before anybody heard", {}, {}, {1}, Reason::kNone},
      {"unchanged", {{{1}, {}}}, {1}, {}, Reason::kNone},
      {"one more", {{{1}, {}}}, {1, 2}, {}, Reason::kNewAlerts},
      {"another one instead", {{{1}, {}}}, {2}, {1}, Reason::kNewAlerts},
      {"fires again after all was well", {{{}, {1}}}, {1}, {}, Reason::kFirstNotification},
      {"all over", {{{1}, {}}}, {}, {1}, Reason::kAllResolved},
      {"all over, resolved not sent", {{{1}, {}}}, {}, {1}, Reason::kAllResolved, 1001, false},
      {"all over, told already", {{{}, {1}}}, {}, {1}, Reason::kNone},
      {"came and went unseen", {{{}, {1}}}, {}, {2}, Reason::kNone},
      {"one of two over", {{{1, 2}, {}}}, {1}, {2}, Reason::kSomeResolved},
      {"one of two over, told already", {{{1}, {2}}}, {1}, {2}, Reason::kNone},
      {"one of two over, resolved not sent", {{{1, 2}, {}}}, {1}, {2}, Reason::kNone, 1001, false},
      {"one of two gone without a trace", {{{1, 2}, {}}}, {1}, {}, Reason::kNone},
      {"repeat, at the interval", {{{1}, {}}}, {1}, {}, Reason::kNone, 1060},
      {"repeat, beyond it", {{{1}, {}}}, {1}, {}, Reason::kRepeatIntervalElapsed, 1061},
      {"news come before a repeat", {{{1}, {}}}, {1, 2}, {}, Reason::kNewAlerts, 1061},
      {"no repeat of what is over", {{{}, {1}}}, {}, {1}, Reason::kNone, 1061},
  };
  for (const DecideCase& c : cases) {
    LogEntry entry;
    if (c.logged) entry = {.at = S(1000), .firing = c.logged->first, .resolved = c.logged->second};
    const FlushInput input{.last = c.logged ? &entry : nullptr,
                           .firing = c.firing,
                           .resolved = c.resolved,
                           .send_resolved = c.send_resolved,
                           .repeat_interval = std::chrono::seconds{60}};
    EXPECT_EQ(ReasonText(Decide(input, S(c.now))), ReasonText(c.expected)) << c.name;
  }
}

TEST(ReasonText, IsAlertmanagers) {
  EXPECT_EQ(ReasonText(Reason::kNone), "none");
  EXPECT_EQ(ReasonText(Reason::kFirstNotification), "first notification");
  EXPECT_EQ(ReasonText(Reason::kNewAlerts), "new alerts added");
  EXPECT_EQ(ReasonText(Reason::kSomeResolved), "some alerts resolved");
  EXPECT_EQ(ReasonText(Reason::kAllResolved), "all alerts resolved");
  EXPECT_EQ(ReasonText(Reason::kRepeatIntervalElapsed), "repeat interval elapsed");
}

TEST(Merge, KeepsTheEarliestStartOfOverlappingIntervals) {
  const struct {
    const char* name;
    Alert old;
    Alert posted;
    int64_t starts;
  } cases[] = {
      {"firing, posted again", Make(S(10), {}), Make(S(10), {}), 10},
      {"firing, begins later", Make(S(10), {}), Make(S(20), {}), 10},
      {"firing, begins earlier", Make(S(10), {}), Make(S(5), {}), 5},
      {"firing, then over", Make(S(10), {}), Make(S(20), S(30)), 10},
      {"over, fires within", Make(S(10), S(30)), Make(S(29), {}), 10},
      {"over, fires at its end", Make(S(10), S(30)), Make(S(30), {}), 30},
      {"over, fires after it", Make(S(10), S(30)), Make(S(31), {}), 31},
      {"firing, an older one comes late", Make(S(10), {}), Make(S(1), S(10)), 1},
  };
  for (const auto& c : cases) {
    const Alert merged = Merge(c.old, c.posted);
    EXPECT_EQ(merged.starts_at, S(c.starts)) << c.name;
    EXPECT_EQ(merged.ends_at, c.posted.ends_at) << c.name << ": the newer one wins";
  }
}

TEST(ComesBefore, JobInstanceThenLabels) {
  // Each comes before the next.
  const Labels order[] = {
      Labels{{"job", "a"}, {"instance", "1"}, {"zone", "x"}, {"alertname", "Z"}},
      Labels{{"job", "a"}, {"instance", "2"}},
      Labels{{"job", "a"}, {"alertname", "A"}},
      Labels{{"job", "b"}, {"instance", "1"}},
      Labels{{"instance", "1"}, {"alertname", "B"}},
      Labels{{"z", "1"}},
      Labels{{"b", "1"}, {"c", "1"}},
      Labels{{"a", "1"}, {"c", "1"}},
      Labels{{"a", "2"}, {"b", "1"}},
  };
  for (size_t i = 0; i < std::size(order); ++i) {
    for (size_t j = 0; j < std::size(order); ++j) {
      Alert a;
      Alert b;
      a.labels = order[i];
      b.labels = order[j];
      EXPECT_EQ(ComesBefore(a, b), i < j) << a.labels.ToString() << " " << b.labels.ToString();
    }
  }
}

}  // namespace
}  // namespace nines::notifier
