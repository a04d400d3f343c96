#include "notifier/config.h"

#include <gtest/gtest.h>

namespace nines::notifier {
namespace {

Result<Consumer> Parse(const std::string& text) {
  Result<yaml::Node> node = yaml::Node::Parse(text, "slos.yml");
  if (!node) return node.error();
  return ParseConsumer(*node);
}

TEST(ParseConsumer, Defaults) {
  const Result<Consumer> consumer = Parse("name: web\nwebhook: {url: 'http://h.example/x'}\n");
  ASSERT_TRUE(consumer) << consumer.error().message;
  EXPECT_EQ(consumer->receiver.name, "web");
  EXPECT_EQ(consumer->receiver.webhook.url, "http://h.example/x");
  EXPECT_EQ(consumer->receiver.webhook.signing_secret_file, "");
  EXPECT_EQ(consumer->receiver.webhook.timeout, std::chrono::seconds{10});
  EXPECT_EQ(consumer->receiver.webhook.max_alerts, 0u);
  EXPECT_TRUE(consumer->receiver.webhook.send_resolved);
  EXPECT_EQ(consumer->group_wait, Duration{0});
  EXPECT_EQ(consumer->group_interval, std::chrono::minutes{1});
  EXPECT_EQ(consumer->repeat_interval, std::chrono::hours{4});
  EXPECT_EQ(consumer->place, "slos.yml:1");
}

TEST(ParseConsumer, EveryKey) {
  const Result<Consumer> consumer = Parse(R"(
name: web
webhook:
  url: https://h.example/x
  signing_secret_file: /etc/nines/secret
  timeout: 3s
  max_alerts: 5
  send_resolved: false
group_wait: 30s
group_interval: 5m
repeat_interval: 1d
)");
  ASSERT_TRUE(consumer) << consumer.error().message;
  EXPECT_EQ(consumer->receiver.webhook.signing_secret_file, "/etc/nines/secret");
  EXPECT_EQ(consumer->receiver.webhook.timeout, std::chrono::seconds{3});
  EXPECT_EQ(consumer->receiver.webhook.max_alerts, 5u);
  EXPECT_FALSE(consumer->receiver.webhook.send_resolved);
  EXPECT_EQ(consumer->group_wait, std::chrono::seconds{30});
  EXPECT_EQ(consumer->group_interval, std::chrono::minutes{5});
  EXPECT_EQ(consumer->repeat_interval, std::chrono::hours{24});
}

TEST(ParseConsumer, ErrorsNameThePlace) {
  const std::string web = "name: web\nwebhook:\n  url: http://h.example\n";
  const struct {
    std::string text;
    const char* place;  // File, line and key.
  } cases[] = {
      {"webhook: {url: 'http://h.example'}\n", "slos.yml:1"},
      {"name: ''\nwebhook: {url: 'http://h.example'}\n", "slos.yml:1: name"},
      {"name: web\n", "slos.yml:1"},
      {"name: web\nwebhook: {}\n", "slos.yml:2"},
      {"name: web\nwebhook: {url: 'ftp://h.example'}\n", "slos.yml:2: webhook.url"},
      {web + "  ulr: x\n", "slos.yml:"},
      {web + "group_wiat: 5s\n", "slos.yml:4"},
      {web + "group_wait: soon\n", "slos.yml:4: group_wait"},
      {web + "group_interval: 0s\n", "slos.yml:4: group_interval"},
      {web + "repeat_interval: 0s\n", "slos.yml:4: repeat_interval"},
      {web + "  timeout: 0s\n", "slos.yml:4: webhook.timeout"},
      {web + "  max_alerts: -1\n", "slos.yml:4: webhook.max_alerts"},
      {web + "  max_alerts: 4294967296\n", "slos.yml:4: webhook.max_alerts"},
      {web + "  send_resolved: perhaps\n", "slos.yml:4: webhook.send_resolved"},
  };
  for (const auto& c : cases) {
    const Result<Consumer> consumer = Parse(c.text);
    ASSERT_FALSE(consumer) << c.text;
    EXPECT_EQ(consumer.error().code, Code::kInvalid) << c.text;
    EXPECT_TRUE(consumer.error().message.starts_with(c.place))
        << consumer.error().message << "\nof\n"
        << c.text;
  }
}

Consumer Named(const std::string& name, const std::string& place) {
  Consumer consumer;
  consumer.receiver.name = name;
  consumer.place = place;
  return consumer;
}

TEST(RoutesOf, OneRouteForEachPairOfSloAndConsumer) {
  std::vector<Consumer> consumers = {Named("a", "x.yml:1"), Named("b", "x.yml:5")};
  consumers[1].group_wait = std::chrono::seconds{7};
  const Result<Config> config =
      RoutesOf(consumers, {{"one", {"b", "a", "b"}}, {"two", {"a"}}}, "http://n.example");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->external_url, "http://n.example");
  EXPECT_EQ(config->receivers.size(), 2u);
  EXPECT_EQ(config->root.receiver, "");
  ASSERT_EQ(config->root.routes.size(), 3u);
  const Route& first = config->root.routes[0];
  EXPECT_EQ(first.receiver, "b");
  EXPECT_EQ(first.group_wait, std::chrono::seconds{7});
  EXPECT_TRUE(first.continues);
  EXPECT_EQ(first.group_by, std::vector<std::string>{"slo"});
  EXPECT_TRUE(MatchesAll(first.matchers, Labels{{"slo", "one"}}));
  EXPECT_FALSE(MatchesAll(first.matchers, Labels{{"slo", "two"}}));
  EXPECT_EQ(config->root.routes[1].receiver, "a");
  EXPECT_EQ(config->root.routes[2].receiver, "a");
}

TEST(RoutesOf, ErrorsNameBothPlaces) {
  const auto twice = RoutesOf({Named("a", "x.yml:1"), Named("a", "y.yml:2")}, {}, "");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message, "y.yml:2: consumer \"a\" is defined already at x.yml:1");
  const auto missing = RoutesOf({Named("a", "x.yml:1")}, {{"one", {"b"}}}, "");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kInvalid);
  EXPECT_EQ(missing.error().message, "slo \"one\": no consumer \"b\" is defined");
}

}  // namespace
}  // namespace nines::notifier
