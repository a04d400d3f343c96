#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "notifier/config.h"
#include "notifier/notifier.h"
#include "notifier/state.h"

// The rules of what is owed, as pure functions.

namespace nines::notifier {

inline constexpr Duration kBackoffFirst = std::chrono::seconds{1};
inline constexpr Duration kBackoffMax = std::chrono::minutes{5};
inline constexpr Duration kRetryAfterMax = std::chrono::hours{1};

// A group's queue: its head, which alone is attempted, and at most two that wait behind it.
inline constexpr size_t kQueueMax = 3;

// What one receiver may be owed over all its groups.  At the limit a group is not flushed: what it
// has to say stays in the group and is said, as of then, once there is room.
inline constexpr size_t kOwedMax = 1000;

// The wait after the `attempts`-th attempt has failed: doubling from kBackoffFirst to kBackoffMax.
// A Retry-After of 429 or 503 stands instead of it, from kBackoffFirst to kRetryAfterMax.
Duration RetryDelay(uint32_t attempts, const DeliveryResult& result);

inline bool IsDelivered(const DeliveryResult& result) {
  return result.status >= 200 && result.status < 300;
}

// A few words for a metric's label: "no_response", "rate_limited", "client_error", "server_error",
// "other_status".
std::string_view FailureReason(const DeliveryResult& result);

// Fills in `about` what depends on the alerts (status, count, idempotency key) and the body.  The
// key depends on all that is said and on when, so that no two notifications share it, not even
// after the data directory was lost.
void Render(const Config& config, uint32_t max_alerts, Owed* owed);

// Adds to `newer`, which waits behind `superseded` and was never attempted, the alerts that only
// `superseded` would have told as resolved.  Render() must follow.
void TakeOver(const Owed& superseded, Owed* newer);

}  // namespace nines::notifier
