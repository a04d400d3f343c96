#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/labels.h"
#include "notifier/alert.h"
#include "notifier/group.h"

namespace nines::notifier {

struct WebhookMessage {
  std::string receiver;
  std::string reason;  // ReasonText().
  std::string group_key;
  Labels group_labels;
  std::string external_url;
  uint32_t max_alerts = 0;  // 0: all.
  std::vector<Alert>
      alerts;  // In the order in which they are shown; firing while `ends_at` is empty.
};

struct RenderedWebhook {
  std::string body;
  std::string status;   // "firing" when an alert in the body fires, else "resolved".
  uint32_t alerts = 0;  // In the body.
};

// The webhook message, version 4, byte for byte as Alertmanager 0.34 writes it
// (template/template.go Data(), notify/webhook/webhook.go): max_alerts cuts before status and the
// common labels are found, the receiver's name is quoted for a regular expression, a firing alert
// ends in the year 1. `routeLabels` is empty: our routes have no labels.
RenderedWebhook RenderWebhook(const WebhookMessage& message);

// Go's regexp.QuoteMeta.
std::string QuoteRegexp(const std::string& text);

}  // namespace nines::notifier
