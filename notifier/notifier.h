#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "notifier/alert.h"
#include "notifier/config.h"
#include "tsdb/records.h"

namespace prometheus {
class Registry;
}

namespace nines::notifier {

// One attempt that the shell is asked to make.
struct Delivery {
  uint64_t id;  // Of the owed notification.
  std::string receiver;
  std::string url;
  std::string body;  // Webhook JSON.
  std::string idempotency_key;
  std::string signing_secret_file;
  Duration timeout;
  uint32_t attempt;  // From 1.
};

struct DeliveryResult {
  int status = 0;  // HTTP status; 0: none came, see `error`.
  std::string error;
  std::optional<Duration> retry_after;  // Of a Retry-After header.
};

// A notification as the APIs show it: owed, or one of the last that were delivered.
struct Notification {
  uint64_t id;
  std::string receiver;
  std::string group_key;
  std::string status;  // "firing" | "resolved"
  std::string reason;  // Why it was sent, in Alertmanager's words: "first notification", …
  uint32_t alerts = 0;
  Time created_at{};
  uint32_t attempts = 0;
  std::string last_error;            // Of the last attempt that failed.
  std::optional<Time> next_attempt;  // Owed only.
  std::optional<Time> delivered_at;
  std::string idempotency_key;
};

// Routes alerts into groups, decides when a group must be notified, and owes the notification until
// a 2xx is read.  Sans I/O: the shell (dispatcher.h) makes the sends that Poll() asks for, reports
// each with OnResult(), and waits until NextDeadline().
//
// Durable: alerts, group timers, notification log and outbox are written to `records` in one atomic
// change before anything is sent, and read back at construction.  States and rules: PIPELINE.md.
//
// Not thread-safe: one writer.
class Notifier {
 public:
  // kCorrupt: a record that cannot be read; names its key.
  static Result<std::unique_ptr<Notifier>> Open(const Config& config, tsdb::Records* records,
                                                prometheus::Registry* registry, Time now);
  ~Notifier();

  // Takes effect at once; groups whose route is gone are dropped, what is owed to a receiver that
  // still exists stays owed.
  Result<void> SetConfig(const Config& config, Time now);

  // Merges alerts by label set.  Durable when it returns a value; kUnavailable: nothing was taken.
  Result<void> Post(std::span<const Alert> alerts, Time now);

  // Flushes the groups that are due and returns the attempts that are due.  An attempt is in flight
  // until OnResult().
  std::vector<Delivery> Poll(Time now);
  void OnResult(uint64_t id, const DeliveryResult& result, Time now);

  // When Poll() next has something to do; nullopt when idle.
  std::optional<Time> NextDeadline() const;

  std::vector<Alert> alerts() const;            // In order of fingerprint.
  std::vector<Notification> owed() const;       // Oldest first.
  std::vector<Notification> delivered() const;  // Newest first, at most kDeliveredMax.
  static constexpr size_t kDeliveredMax = 100;

 private:
  struct Impl;
  explicit Notifier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nines::notifier
