#pragma once
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "evaluator/alert.h"
#include "tests/support/fake_records.h"

namespace nines::evaluator {

// Keeps what it was sent.
class FakeSink : public AlertSink {
 public:
  Result<void> Send(std::span<const Alert> alerts, Time now) override {
    if (fails) return Error{Code::kUnavailable, "the notifier is away"};
    ++sends;
    last_send = now;
    for (const Alert& alert : alerts) {
      log.push_back(alert);
      newest[alert.labels] = alert;
    }
    return {};
  }

  // Alerts that fire as far as the receiver knows.
  size_t Firing() const {
    size_t n = 0;
    for (const auto& [labels, alert] : newest) n += alert.ends_at ? 0 : 1;
    return n;
  }

  bool fails = false;
  int sends = 0;
  Time last_send{};
  std::vector<Alert> log;
  std::map<Labels, Alert> newest;
};

using test::FakeRecords;

}  // namespace nines::evaluator
