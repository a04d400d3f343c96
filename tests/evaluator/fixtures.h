#pragma once
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "evaluator/alert.h"
#include "tsdb/records.h"

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

// Records that can be made to fail.
class FakeRecords : public tsdb::Records {
 public:
  Result<void> Write(std::span<const Change> changes) override {
    if (fails) return Error{Code::kUnavailable, "the disk is sick"};
    ++writes;
    for (const Change& change : changes) {
      if (change.value) {
        values[change.key] = *change.value;
      } else {
        values.erase(change.key);
      }
    }
    return {};
  }

  Result<std::vector<std::pair<std::string, std::string>>> Scan(
      std::string_view prefix) const override {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& [key, value] : values) {
      if (key.starts_with(prefix)) found.emplace_back(key, value);
    }
    return found;
  }

  bool fails = false;
  int writes = 0;
  std::map<std::string, std::string> values;
};

}  // namespace nines::evaluator
