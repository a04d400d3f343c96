#include "api/notification_api.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

#include "api/reply.h"
#include "base/json.h"
#include "base/labels.h"
#include "base/result.h"

namespace nines::api {
namespace {

using notifier::Notification;

constexpr std::string_view kOwed = "owed";
constexpr std::string_view kSent = "sent";

struct Filter {
  bool owed = true;
  bool sent = true;
  std::vector<std::string> receivers;  // Empty: all.
  size_t limit = std::numeric_limits<size_t>::max();

  bool Matches(const Notification& notification) const {
    return receivers.empty() ||
           std::find(receivers.begin(), receivers.end(), notification.receiver) != receivers.end();
  }
};

Result<Filter> ParseFilter(std::string_view query) {
  Filter filter;
  filter.receivers = QueryValues(query, "receiver");
  const std::vector<std::string> states = QueryValues(query, "state");
  if (!states.empty()) filter.owed = filter.sent = false;
  for (const std::string& state : states) {
    if (state == kOwed) {
      filter.owed = true;
    } else if (state == kSent) {
      filter.sent = true;
    } else {
      return Error{Code::kInvalid, "parameter state: " + GoQuote(state) + " is none of owed, sent"};
    }
  }
  for (const std::string& text : QueryValues(query, "limit")) {
    size_t limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc() || end != text.data() + text.size()) {
      return Error{Code::kInvalid, "parameter limit: " + GoQuote(text) + " is no whole number"};
    }
    if (limit > 0) filter.limit = limit;
  }
  return filter;
}

void Write(const Notification& notification, std::string_view state, JsonWriter* json) {
  json->BeginObject();
  // As text: it may be beyond what a JavaScript number holds.
  json->Key("id").String(std::to_string(notification.id));
  json->Key("receiver").String(notification.receiver);
  json->Key("group_key").String(notification.group_key);
  json->Key("state").String(state);
  json->Key("status").String(notification.status);
  json->Key("reason").String(notification.reason);
  json->Key("alerts").Integer(notification.alerts);
  json->Key("attempts").Integer(notification.attempts);
  json->Key("created_at").TimeMs(notification.created_at);
  json->Key("next_attempt_at").TimeMs(notification.next_attempt);
  json->Key("delivered_at").TimeMs(notification.delivered_at);
  json->Key("last_error").String(notification.last_error);
  json->Key("idempotency_key").String(notification.idempotency_key);
  json->EndObject();
}

}  // namespace

net::HttpResponse ListNotifications(const std::vector<Notification>& owed,
                                    const std::vector<Notification>& delivered,
                                    std::string_view query) {
  const Result<Filter> filter = ParseFilter(query);
  if (!filter) return Failure(400, "bad_data", filter.error().message);
  JsonWriter json;
  json.BeginArray();
  size_t written = 0;
  const auto write_all = [&](const std::vector<Notification>& list, std::string_view state) {
    for (const Notification& notification : list) {
      if (written == filter->limit) return;
      if (!filter->Matches(notification)) continue;
      Write(notification, state, &json);
      ++written;
    }
  };
  if (filter->owed) write_all(owed, kOwed);
  if (filter->sent) write_all(delivered, kSent);
  json.EndArray();
  return Success(json.text());
}

}  // namespace nines::api
