#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/slo/status.h"
#include "ingest/write_handler.h"
#include "net/http_server.h"

// The parts of Prometheus' HTTP API that Nines has: GET /api/v1/alerts and POST /api/v1/write.

namespace nines::api {

// Alerts that are pending or firing, as Prometheus' /api/v1/alerts shows its own.
net::HttpResponse ListAlerts(const std::vector<evaluator::SloStatus>& slos);

// What the sender is told: 204 without a body, else the message as text; Retry-After where a retry
// is right; the numbers of what was written where it spoke remote write 2.0.
net::HttpResponse WriteReply(const ingest::WriteResponse& response);

// Lets one event through per interval and counts the others, so that a sender which is refused many
// times a second does not fill the log.  Thread-safe.
class Throttle {
 public:
  explicit Throttle(std::chrono::nanoseconds interval) : interval_(interval) {}

  // How many events were held back since the last one that passed; nullopt: hold this one back.
  // `now` is monotonic.
  std::optional<uint64_t> Pass(std::chrono::nanoseconds now);

 private:
  const std::chrono::nanoseconds interval_;
  std::mutex mutex_;
  std::optional<std::chrono::nanoseconds> last_;  // Guarded by mutex_, as is held_back_.
  uint64_t held_back_ = 0;
};

}  // namespace nines::api
