#include "notifier/state.h"

#include <gtest/gtest.h>

#include "tests/notifier/rig.h"

namespace nines::notifier {
namespace {

using test::At;

StateChange Everything() {
  StateChange change;
  Alert alert = test::Resolved("A", At(1), At(2));
  alert.annotations = Labels{{"summary", "s"}};
  alert.generator_url = "http://x";
  alert.updated_at = At(3);
  const uint64_t fingerprint = alert.labels.Fingerprint();
  change.alerts[fingerprint] = alert;

  Group group;
  group.key = "{}:{}";
  group.receiver = "web";
  group.labels = Labels{{"slo", "slow"}};
  group.next_flush = At(4);
  group.members = {1, fingerprint};
  const std::string id = GroupId(group.receiver, group.key);
  change.groups[id] = group;
  change.log[id] = LogEntry{.at = At(5), .expires_at = At(6), .firing = {1}, .resolved = {2, 3}};

  Notification about{.id = 7,
                     .receiver = "web",
                     .group_key = "{}:{}",
                     .status = "firing",
                     .reason = "first notification",
                     .alerts = 2,
                     .created_at = At(7),
                     .attempts = 3,
                     .last_error = "status 500",
                     .next_attempt = At(8),
                     .delivered_at = std::nullopt,
                     .idempotency_key = "abc"};
  change.outbox[7] = Owed{.about = about,
                          .group_id = id,
                          .group_labels = group.labels,
                          .alerts = {alert, test::Firing("B", At(1))},
                          .body = "{}\n"};
  about.id = 6;
  about.next_attempt.reset();
  about.delivered_at = At(9);
  change.delivered[6] = about;
  return change;
}

TEST(State, RoundTrip) {
  test::FakeRecords records;
  ASSERT_TRUE(records.Write(Encode(Everything())));
  const Result<State> state = Load(records);
  ASSERT_TRUE(state) << state.error().message;
  // What was read writes the same bytes.
  StateChange again;
  again.alerts.insert(state->alerts.begin(), state->alerts.end());
  again.groups.insert(state->groups.begin(), state->groups.end());
  again.log.insert(state->log.begin(), state->log.end());
  again.outbox.insert(state->outbox.begin(), state->outbox.end());
  again.delivered.insert(state->delivered.begin(), state->delivered.end());
  test::FakeRecords copy;
  ASSERT_TRUE(copy.Write(Encode(again)));
  EXPECT_EQ(copy.data, records.data);
  ASSERT_EQ(state->outbox.size(), 1u);
  EXPECT_EQ(state->outbox.at(7).alerts.size(), 2u);
  EXPECT_EQ(state->outbox.at(7).about.next_attempt, At(8));
  EXPECT_EQ(state->alerts.begin()->second.ends_at, At(2));
}

TEST(State, KeysAndFirstBytesAreFixed) {
  test::FakeRecords records;
  ASSERT_TRUE(records.Write(Encode(Everything())));
  const std::string id = GroupId("web", "{}:{}");
  EXPECT_EQ(records.Keys(""),
            (std::vector<std::string>{
                "notifier/alert/" + FingerprintText(test::Firing("A", At(1)).labels.Fingerprint()),
                "notifier/delivered/0000000000000006", "notifier/group/" + id, "notifier/log/" + id,
                "notifier/outbox/0000000000000007"}));
  // Version 1; at = 1764355344000 and expires_at = 1764355345000 as zigzag varints; {1}; {2, 3}.
  EXPECT_EQ(
      records.data.at("notifier/log/" + id),
      std::string("\x01\x80\x9a\xb0\xbc\xd9\x66\xd0\xa9\xb0\xbc\xd9\x66\x01\x01\x02\x02\x03"));
}

TEST(State, DeletesByKey) {
  test::FakeRecords records;
  ASSERT_TRUE(records.Write(Encode(Everything())));
  StateChange gone = Everything();
  for (auto& [id, value] : gone.alerts) value.reset();
  for (auto& [id, value] : gone.groups) value.reset();
  for (auto& [id, value] : gone.log) value.reset();
  for (auto& [id, value] : gone.outbox) value.reset();
  for (auto& [id, value] : gone.delivered) value.reset();
  ASSERT_TRUE(records.Write(Encode(gone)));
  EXPECT_TRUE(records.data.empty());
}

TEST(State, EveryCutAndEveryWrongVersionIsCorrupt) {
  test::FakeRecords whole;
  ASSERT_TRUE(whole.Write(Encode(Everything())));
  for (const auto& [key, bytes] : whole.data) {
    std::vector<std::string> broken = {bytes + '\0', "\x02" + bytes.substr(1)};
    for (size_t size = 0; size < bytes.size(); ++size) broken.push_back(bytes.substr(0, size));
    for (const std::string& bad : broken) {
      test::FakeRecords records;
      records.data = {{key, bad}};
      const Result<State> state = Load(records);
      ASSERT_FALSE(state) << key << " of " << bad.size() << " bytes";
      EXPECT_EQ(state.error().code, Code::kCorrupt);
      EXPECT_NE(state.error().message.find(key), std::string::npos) << state.error().message;
    }
  }
}

TEST(State, ARecordUnderAnothersKeyIsCorrupt) {
  test::FakeRecords whole;
  ASSERT_TRUE(whole.Write(Encode(Everything())));
  for (const char* prefix : {"notifier/alert/", "notifier/outbox/", "notifier/delivered/"}) {
    for (const char* id : {"000000000000000a", "a", "000000000000000A", "x", ""}) {
      test::FakeRecords records;
      records.data = {{std::string(prefix) + id, whole.data.at(whole.Keys(prefix).front())}};
      const Result<State> state = Load(records);
      ASSERT_FALSE(state) << prefix << id;
      EXPECT_EQ(state.error().code, Code::kCorrupt);
    }
  }
}

}  // namespace
}  // namespace nines::notifier
