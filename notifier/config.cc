#include "notifier/config.h"

#include <limits>
#include <set>

#include "net/http_client.h"

namespace nines::notifier {
namespace {

// A duration that must not be zero; `value` stays as it is where the key is absent.
Result<void> ReadPositive(const yaml::Node& node, std::string_view key, Duration* value) {
  const std::optional<yaml::Node> child = node.Get(key);
  if (!child) return {};
  Result<Duration> read = child->AsDuration();
  if (!read) return read.error();
  if (*read <= Duration{0}) return child->Error("must be longer than 0s");
  *value = *read;
  return {};
}

Result<std::string> ReadName(const yaml::Node& node) {
  Result<yaml::Node> child = node.Require("name");
  if (!child) return child.error();
  Result<std::string> name = child->AsString();
  if (name && name->empty()) return child->Error("must not be empty");
  return name;
}

Result<std::string> ReadUrl(const yaml::Node& node) {
  Result<yaml::Node> child = node.Require("url");
  if (!child) return child.error();
  Result<std::string> url = child->AsString();
  if (!url) return url;
  if (Result<void> checked = net::CheckUrl(*url); !checked) {
    return child->Error(checked.error().message);
  }
  return url;
}

Result<void> ReadLimits(const yaml::Node& node, Webhook* webhook) {
  if (const std::optional<yaml::Node> child = node.Get("max_alerts")) {
    Result<int64_t> count = child->AsInteger();
    if (!count) return count.error();
    if (*count < 0 || *count > std::numeric_limits<uint32_t>::max()) {
      return child->Error("must be from 0 (all) to 4294967295");
    }
    webhook->max_alerts = static_cast<uint32_t>(*count);
  }
  if (const std::optional<yaml::Node> child = node.Get("send_resolved")) {
    Result<bool> send = child->AsBool();
    if (!send) return send.error();
    webhook->send_resolved = *send;
  }
  return ReadPositive(node, "timeout", &webhook->timeout);
}

Result<Webhook> ReadWebhook(const yaml::Node& node) {
  if (Result<void> known =
          node.AllowOnly({"url", "signing_secret_file", "timeout", "max_alerts", "send_resolved"});
      !known) {
    return known.error();
  }
  Webhook webhook;
  Result<std::string> url = ReadUrl(node);
  if (!url) return url.error();
  webhook.url = *url;
  if (const std::optional<yaml::Node> child = node.Get("signing_secret_file")) {
    Result<std::string> file = child->AsString();
    if (!file) return file.error();
    webhook.signing_secret_file = *file;
  }
  if (Result<void> read = ReadLimits(node, &webhook); !read) return read.error();
  return webhook;
}

Result<void> ReadTimers(const yaml::Node& node, Consumer* consumer) {
  if (const std::optional<yaml::Node> child = node.Get("group_wait")) {
    Result<Duration> wait = child->AsDuration();
    if (!wait) return wait.error();
    consumer->group_wait = *wait;
  }
  if (Result<void> read = ReadPositive(node, "group_interval", &consumer->group_interval); !read) {
    return read;
  }
  return ReadPositive(node, "repeat_interval", &consumer->repeat_interval);
}

Result<std::map<std::string, const Consumer*>> ByName(const std::vector<Consumer>& consumers) {
  std::map<std::string, const Consumer*> by_name;
  for (const Consumer& consumer : consumers) {
    const auto [it, fresh] = by_name.emplace(consumer.receiver.name, &consumer);
    if (!fresh) {
      return Error{Code::kInvalid, consumer.place + ": consumer " +
                                       GoQuote(consumer.receiver.name) + " is defined already at " +
                                       it->second->place};
    }
  }
  return by_name;
}

Route RouteOf(const std::string& slo, const Consumer& consumer) {
  Route route;
  route.receiver = consumer.receiver.name;
  route.matchers.push_back(Matcher::Equal("slo", slo));
  route.continues = true;
  route.group_by = {"slo"};
  route.group_wait = consumer.group_wait;
  route.group_interval = consumer.group_interval;
  route.repeat_interval = consumer.repeat_interval;
  return route;
}

}  // namespace

Result<Consumer> ParseConsumer(const yaml::Node& node) {
  if (Result<void> known =
          node.AllowOnly({"name", "webhook", "group_wait", "group_interval", "repeat_interval"});
      !known) {
    return known.error();
  }
  Consumer consumer;
  consumer.place = node.file() + ":" + std::to_string(node.line());
  Result<std::string> name = ReadName(node);
  if (!name) return name.error();
  consumer.receiver.name = *name;
  Result<yaml::Node> child = node.Require("webhook");
  if (!child) return child.error();
  Result<Webhook> webhook = ReadWebhook(*child);
  if (!webhook) return webhook.error();
  consumer.receiver.webhook = *webhook;
  if (Result<void> read = ReadTimers(node, &consumer); !read) return read.error();
  return consumer;
}

Result<Config> RoutesOf(const std::vector<Consumer>& consumers,
                        const std::map<std::string, std::vector<std::string>>& promises,
                        std::string external_url) {
  Result<std::map<std::string, const Consumer*>> by_name = ByName(consumers);
  if (!by_name) return by_name.error();
  Config config;
  config.external_url = std::move(external_url);
  for (const Consumer& consumer : consumers) config.receivers.push_back(consumer.receiver);
  for (const auto& [slo, names] : promises) {
    std::set<std::string> promised;  // Who is named twice is told once.
    for (const std::string& name : names) {
      const auto it = by_name->find(name);
      if (it == by_name->end()) {
        return Error{Code::kInvalid,
                     "slo " + GoQuote(slo) + ": no consumer " + GoQuote(name) + " is defined"};
      }
      if (promised.insert(name).second) config.root.routes.push_back(RouteOf(slo, *it->second));
    }
  }
  return config;
}

}  // namespace nines::notifier
