#include "notifier/outbox.h"

#include <algorithm>

#include "notifier/hash.h"
#include "notifier/webhook_message.h"

namespace nines::notifier {

Duration RetryDelay(uint32_t attempts, const DeliveryResult& result) {
  if (result.retry_after && (result.status == 429 || result.status == 503)) {
    return std::clamp(*result.retry_after, kBackoffFirst, kRetryAfterMax);
  }
  Duration delay = kBackoffFirst;
  for (uint32_t i = 1; i < attempts && delay < kBackoffMax; ++i) delay *= 2;
  return std::min(delay, kBackoffMax);
}

std::string_view FailureReason(const DeliveryResult& result) {
  if (result.status == 0) return "no_response";
  if (result.status == 429) return "rate_limited";
  if (result.status >= 400 && result.status < 500) return "client_error";
  if (result.status >= 500 && result.status < 600) return "server_error";
  return "other_status";
}

void Render(const Config& config, uint32_t max_alerts, Owed* owed) {
  Notification& about = owed->about;
  RenderedWebhook rendered = RenderWebhook({.receiver = about.receiver,
                                            .reason = about.reason,
                                            .group_key = about.group_key,
                                            .group_labels = owed->group_labels,
                                            .external_url = config.external_url,
                                            .max_alerts = max_alerts,
                                            .alerts = owed->alerts});
  about.status = std::move(rendered.status);
  about.alerts = rendered.alerts;
  owed->body = std::move(rendered.body);

  std::string text = about.receiver + '\0' + about.group_key + '\0';
  text += std::to_string(ToUnixMs(about.created_at)) + '\0' + std::to_string(about.id) + '\0';
  about.idempotency_key = Sha256Hex(text + owed->body).substr(0, 32);
}

void TakeOver(const Owed& superseded, Owed* newer) {
  std::set<Labels> told;
  for (const Alert& alert : newer->alerts) told.insert(alert.labels);
  for (const Alert& alert : superseded.alerts) {
    if (alert.ends_at && !told.contains(alert.labels)) newer->alerts.push_back(alert);
  }
  std::stable_sort(newer->alerts.begin(), newer->alerts.end(), ComesBefore);
}

}  // namespace nines::notifier
