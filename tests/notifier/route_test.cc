#include "notifier/route.h"

#include <gtest/gtest.h>

namespace nines::notifier {
namespace {

Route Make(const std::string& receiver, const std::string& matchers, bool continues,
           std::vector<Route> routes = {}) {
  Route route;
  route.receiver = receiver;
  route.matchers = *ParseMatchers(matchers);
  route.continues = continues;
  route.routes = std::move(routes);
  return route;
}

std::string Matched(const Route& root, const Labels& labels) {
  std::string out;
  for (const RouteMatch& match : MatchRoutes(root, labels)) {
    if (!out.empty()) out += ' ';
    out += match.route->receiver;
  }
  return out;
}

TEST(MatchRoutes, DepthFirstFirstMatchUnlessContinue) {
  const Route root = Make(
      "root", "", false,
      {Make("a", "team=\"a\"", false, {Make("a1", "env=\"prod\"", false), Make("a2", "", true)}),
       Make("all", "", true), Make("b", "team=\"b\"", false, {Make("b1", "env=\"none\"", false)}),
       Make("never", "team=~\"a|b\"", false)});
  const struct {
    Labels labels;
    const char* expected;
  } cases[] = {
      {Labels{{"team", "a"}, {"env", "prod"}}, "a1"},
      {Labels{{"team", "a"}}, "a2"},
      {Labels{{"team", "b"}}, "all b"},
      {Labels{{"team", "c"}}, "all"},
      {Labels{}, "all"},
  };
  for (const auto& c : cases) EXPECT_EQ(Matched(root, c.labels), c.expected) << c.labels.ToString();
}

TEST(MatchRoutes, FallsBackToTheNodeAndRespectsTheRoot) {
  const Route root = Make("root", "x=\"1\"", false, {Make("a", "team=\"a\"", false)});
  EXPECT_EQ(Matched(root, Labels{{"x", "1"}}), "root");
  EXPECT_EQ(Matched(root, Labels{{"team", "a"}}), "");
}

TEST(RouteKey, IsThePathOfSortedMatchers) {
  const Route root = Make("root", "", false,
                          {Make("a", R"(z=~"d", a="b", a!="a", q="\\\"\n	")", true,
                                {Make("b", R"(slo="x")", false)})});
  const Labels labels{{"z", "d"}, {"a", "b"}, {"q", "\\\"\n\t"}, {"slo", "x"}};
  const std::vector<RouteMatch> found = MatchRoutes(root, labels);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].key, "{}/{a!=\"a\",a=\"b\",q=\"\\\\\\\"\\n\t\",z=~\"d\"}/{slo=\"x\"}");
}

TEST(GroupLabels, WhatIsThereOfGroupBy) {
  Route route;
  const Labels labels{{"alertname", "A"}, {"slo", "x"}};
  EXPECT_EQ(GroupLabels(route, labels), Labels{});
  route.group_by = {"slo", "gone"};
  EXPECT_EQ(GroupLabels(route, labels), (Labels{{"slo", "x"}}));
  route.group_by = {"..."};
  EXPECT_EQ(GroupLabels(route, labels), labels);
}

TEST(CheckReceivers, NamesWhatIsWrong) {
  Config config;
  config.receivers = {{"a", {}}, {"b", {}}};
  config.root = Make("", "", false, {Make("a", "team=\"a\"", false)});
  EXPECT_TRUE(CheckReceivers(config));
  config.root.routes[0].receiver = "c";
  EXPECT_EQ(CheckReceivers(config).error().message,
            "route {team=\"a\"}: no receiver \"c\" is defined");
  config.root.routes.clear();
  config.receivers.push_back({"a", {}});
  EXPECT_EQ(CheckReceivers(config).error().message, "receiver \"a\" is defined twice");
}

}  // namespace
}  // namespace nines::notifier
