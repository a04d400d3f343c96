#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/time.h"
#include "notifier/alert.h"

// What a notification group decides, as pure functions: when it is looked at, whether it must
// notify and why, and how it is called.

namespace nines::notifier {

// `{}/{team="web"}:{alertname="X", job="y"}`: the key of the route, a colon, the group labels
// sorted by name with Go-quoted values (alertmanager dispatch.go GroupKey()).
std::string GroupKey(std::string_view route_key, const Labels& group_labels);

// What identifies a group in records: SHA-256 in hex of receiver and group key.  Two receivers that
// are told the same share a group key.
std::string GroupId(std::string_view receiver, std::string_view group_key);

// When a group that `first` has opened is looked at for the first time: after group_wait, or at
// once when the alert has been firing for longer than that.
Time FirstFlush(const Alert& first, Duration group_wait, Time now);

// What a receiver was last told (or is owed) about a group.
struct LogEntry {
  Time at{};
  Time expires_at{};          // From then on it counts only while its group lives.
  std::set<uint64_t> firing;  // Fingerprints.
  std::set<uint64_t> resolved;
};

enum class Reason : uint8_t {
  kNone,
  kFirstNotification,
  kNewAlerts,
  kSomeResolved,
  kAllResolved,
  kRepeatIntervalElapsed,
};

// Alertmanager's words for it, which stand in the webhook: "first notification", …; "none".
std::string_view ReasonText(Reason reason);

struct FlushInput {
  const LogEntry* last = nullptr;  // Null: nothing was told.
  std::set<uint64_t> firing;
  std::set<uint64_t> resolved;
  bool send_resolved = true;
  Duration repeat_interval{0};
};

// Whether the receiver must be told (alertmanager notify/dedup_stage.go).  kAllResolved is returned
// without send_resolved too, so that the log is cleared; nothing is sent then.
Reason Decide(const FlushInput& input, Time now);

// An alert that is posted again.  The newer one wins; where the two intervals overlap it keeps the
// earlier start.
Alert Merge(const Alert& old, const Alert& posted);

// Alertmanager's order of alerts in a notification: by job, by instance (absent ones last), then
// fewer labels first, then by labels.
bool ComesBefore(const Alert& a, const Alert& b);

}  // namespace nines::notifier
