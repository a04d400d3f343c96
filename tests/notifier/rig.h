#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "notifier/notifier.h"
#include "tests/support/fake_records.h"

namespace nines::test {

constexpr Time kStart = FromUnixMs(1'764'355'339'000);  // 2025-11-28T18:42:19Z
constexpr Time At(double seconds) {
  return kStart + Duration{static_cast<int64_t>(seconds * 1000)};
}

notifier::Alert Firing(const std::string& name, Time starts, const std::string& slo = "slow");
notifier::Alert Resolved(const std::string& name, Time starts, Time ends,
                         const std::string& slo = "slow");

// One consumer a name, all promised the SLO "slow"; http://<name>.example/hook.
notifier::Config ConfigOf(const std::vector<std::string>& names);

// A notifier on virtual time.  Attempts are answered by `answer`; each becomes a line of the
// transcript: "5s web firing (first notification) A+ B- -> 200", where + is firing and - resolved.
class Rig {
 public:
  explicit Rig(notifier::Config config);

  void Open();  // Or reopen: what was in memory is lost, attempts in flight too.
  notifier::Notifier& notifier() { return *notifier_; }

  void Post(double seconds, const std::vector<notifier::Alert>& alerts);
  // Polls at every deadline up to and at that time.
  void RunTo(double seconds);
  // One Poll, its attempts answered.
  void PollAt(double seconds);
  std::vector<notifier::Delivery> PollWithoutAnswer(double seconds);
  void Answer(const notifier::Delivery& delivery, double seconds);

  std::vector<std::string> TakeTranscript();

  FakeRecords records;
  notifier::Config config;
  std::function<notifier::DeliveryResult(const notifier::Delivery&)> answer;
  bool restart_often = false;  // Before each Poll and each answer.
  std::map<std::string, std::set<std::string>> bodies_by_key;
  std::vector<std::string> delivered_keys;

 private:
  Time now_ = kStart;
  std::unique_ptr<notifier::Notifier> notifier_;
  std::vector<std::string> transcript_;
};

notifier::DeliveryResult Status(int status);
notifier::DeliveryResult NoAnswer();

// "firing (first notification) A+ B-", of a webhook body.
std::string Summary(const std::string& body);

}  // namespace nines::test
