#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/matcher.h"
#include "base/result.h"
#include "base/time.h"
#include "base/yaml.h"

namespace nines::notifier {

struct Webhook {
  std::string url;
  std::string signing_secret_file;  // HMAC-SHA256 of the body; read at every send.  "" for none.
  Duration timeout = std::chrono::seconds{10};
  uint32_t max_alerts = 0;  // 0: all.
  bool send_resolved = true;
};

struct Receiver {
  std::string name;
  Webhook webhook;
};

// Alertmanager's route tree.
struct Route {
  std::string receiver;  // "" at a root that sends nothing.
  Matchers matchers;
  bool continues = false;  // `continue: true`
  std::vector<std::string> group_by;
  Duration group_wait = std::chrono::seconds{0};
  Duration group_interval = std::chrono::minutes{1};
  Duration repeat_interval = std::chrono::hours{4};
  std::vector<Route> routes;
};

struct Config {
  Route root;
  std::vector<Receiver> receivers;
  std::string external_url;
};

// Who was promised something: an entry of `consumers`.
struct Consumer {
  Receiver receiver;
  Duration group_wait = std::chrono::seconds{0};
  Duration group_interval = std::chrono::minutes{1};
  Duration repeat_interval = std::chrono::hours{4};
  std::string place;  // "slos.yml:12", for messages.
};

// Reads one entry of `consumers`; unknown keys, a bad URL and a missing name are errors with file,
// line and key.
Result<Consumer> ParseConsumer(const yaml::Node& node);

// The routes that consumers stand for: one route a pair of SLO and consumer, {slo="NAME"},
// continue, grouped by `slo`; so that the group key of a promise does not change when another is
// made. `promises`: SLO name -> names of its consumers.  kInvalid: a consumer that nobody defined,
// or one that is defined twice (both places).
Result<Config> RoutesOf(const std::vector<Consumer>& consumers,
                        const std::map<std::string, std::vector<std::string>>& promises,
                        std::string external_url);

}  // namespace nines::notifier
