#include "notifier/outbox.h"

#include <gtest/gtest.h>

#include "tests/notifier/rig.h"

namespace nines::notifier {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::At;
using test::Firing;
using test::Resolved;

TEST(RetryDelay, Table) {
  const struct {
    uint32_t attempts;
    int status;
    std::optional<Duration> retry_after;
    Duration expected;
  } cases[] = {
      {1, 500, {}, seconds{1}},
      {2, 500, {}, seconds{2}},
      {3, 0, {}, seconds{4}},
      {9, 404, {}, seconds{256}},
      {10, 500, {}, minutes{5}},
      {11, 500, {}, minutes{5}},
      {4'000'000'000, 500, {}, minutes{5}},
      {1, 429, seconds{30}, seconds{30}},
      {1, 503, seconds{30}, seconds{30}},
      {10, 503, seconds{30}, seconds{30}},
      {1, 500, seconds{30}, seconds{1}},
      {1, 429, {}, seconds{1}},
      {5, 429, seconds{0}, seconds{1}},
      {1, 429, milliseconds{1001}, milliseconds{1001}},
      {1, 429, hours{1}, hours{1}},
      {1, 429, hours{1} + milliseconds{1}, hours{1}},
  };
  for (const auto& c : cases) {
    DeliveryResult result = test::Status(c.status);
    result.retry_after = c.retry_after;
    EXPECT_EQ(RetryDelay(c.attempts, result).count(), c.expected.count())
        << c.attempts << " attempts, status " << c.status;
  }
}

TEST(Outcome, Table) {
  const struct {
    int status;
    bool delivered;
    const char* reason;
  } cases[] = {
      {0, false, "no_response"},
      {199, false, "other_status"},
      {200, true, ""},
      {204, true, ""},
      {299, true, ""},
      {300, false, "other_status"},
      {400, false, "client_error"},
      {429, false, "rate_limited"},
      {499, false, "client_error"},
      {500, false, "server_error"},
      {599, false, "server_error"},
      {600, false, "other_status"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(IsDelivered(test::Status(c.status)), c.delivered) << c.status;
    if (c.delivered) continue;
    EXPECT_EQ(FailureReason(test::Status(c.status)), c.reason) << c.status;
  }
}

Owed Make(uint64_t id, std::vector<Alert> alerts) {
  Owed owed;
  owed.about.id = id;
  owed.about.receiver = "web";
  owed.about.reason = "first notification";
  owed.about.created_at = At(1);
  owed.alerts = std::move(alerts);
  return owed;
}

TEST(TakeOver, AddsOnlyResolvedAlertsThatTheNewerDoesNotTell) {
  const Owed superseded =
      Make(1, {Firing("A", At(0)), Resolved("B", At(0), At(1)), Resolved("D", At(0), At(1))});
  Owed newer = Make(2, {Firing("C", At(2)), Firing("D", At(2))});
  TakeOver(superseded, &newer);
  Render({}, 0, &newer);
  EXPECT_EQ(test::Summary(newer.body), "firing (first notification) B- C+ D+");
  EXPECT_EQ(newer.about.alerts, 3u);
}

TEST(Render, KeyDependsOnAllThatIsSaid) {
  const Owed base = Make(1, {Firing("A", At(0))});
  const auto key = [](Owed owed) {
    Render({}, 0, &owed);
    return owed.about.idempotency_key;
  };
  EXPECT_EQ(key(base), key(base));
  EXPECT_EQ(key(base).size(), 32u);
  Owed other = base;
  other.about.id = 2;
  EXPECT_NE(key(other), key(base));
  other = base;
  other.about.created_at = At(2);
  EXPECT_NE(key(other), key(base));
  other = base;
  other.about.receiver = "ops";
  EXPECT_NE(key(other), key(base));
  other = base;
  other.alerts[0].annotations = Labels{{"summary", "x"}};
  EXPECT_NE(key(other), key(base));
}

}  // namespace
}  // namespace nines::notifier
