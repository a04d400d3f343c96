#include "notifier/webhook_message.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "base/json.h"

namespace nines::notifier {
namespace {

constexpr std::string_view kNoEnd = "0001-01-01T00:00:00Z";  // Go's zero time.

// The labels that all alerts have with the same value.  REQUIRES: alerts is not empty.
Labels Common(std::span<const Alert> alerts, Labels Alert::*member) {
  Labels common = alerts.front().*member;
  for (const Alert& alert : alerts.subspan(1)) {
    std::vector<Label> kept;
    for (const Label& label : common) {
      if ((alert.*member).Get(label.name) == label.value) kept.push_back(label);
    }
    common = Labels(std::move(kept));
  }
  return common;
}

void WriteAlert(const Alert& alert, JsonWriter* json) {
  json->BeginObject();
  json->Key("status").String(alert.ends_at ? "resolved" : "firing");
  json->Key("labels").Object(alert.labels);
  json->Key("annotations").Object(alert.annotations);
  json->Key("startsAt").String(FormatRfc3339Go(alert.starts_at));
  json->Key("endsAt").String(alert.ends_at ? FormatRfc3339Go(*alert.ends_at) : std::string(kNoEnd));
  json->Key("generatorURL").String(alert.generator_url);
  json->Key("fingerprint").String(FingerprintText(alert.labels.Fingerprint()));
  json->EndObject();
}

}  // namespace

RenderedWebhook RenderWebhook(const WebhookMessage& message) {
  std::span<const Alert> shown = message.alerts;
  size_t truncated = 0;
  if (message.max_alerts != 0 && shown.size() > message.max_alerts) {
    truncated = shown.size() - message.max_alerts;
    shown = shown.first(message.max_alerts);
  }
  const bool firing =
      std::any_of(shown.begin(), shown.end(), [](const Alert& a) { return !a.ends_at; });
  RenderedWebhook out;
  out.status = firing ? "firing" : "resolved";
  out.alerts = static_cast<uint32_t>(shown.size());

  JsonWriter json;
  json.BeginObject();
  json.Key("receiver").String(QuoteRegexp(message.receiver));
  json.Key("status").String(out.status);
  json.Key("alerts").BeginArray();
  for (const Alert& alert : shown) WriteAlert(alert, &json);
  json.EndArray();
  json.Key("notification_reason").String(message.reason);
  json.Key("groupLabels").Object(message.group_labels);
  json.Key("commonLabels").Object(shown.empty() ? Labels() : Common(shown, &Alert::labels));
  json.Key("commonAnnotations")
      .Object(shown.empty() ? Labels() : Common(shown, &Alert::annotations));
  json.Key("routeLabels").Object(Labels());
  json.Key("externalURL").String(message.external_url);
  json.Key("version").String("4");
  json.Key("groupKey").String(message.group_key);
  json.Key("truncatedAlerts").Integer(static_cast<int64_t>(truncated));
  json.EndObject();
  out.body = json.Take() + '\n';
  return out;
}

std::string QuoteRegexp(const std::string& text) {
  constexpr std::string_view kSpecial = R"(\.+*?()|[]{}^$)";
  std::string out;
  for (char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace nines::notifier
