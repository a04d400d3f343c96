// Holds api/openapi.yaml against the router and against what the handlers write.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/yaml.h"
#include "tests/api/fixtures.h"

namespace nines::api {
namespace {

namespace json = boost::json;
using evaluator::Condition;
using evaluator::State;
using yaml::Node;

const Node& Document() {
  static const Node document = [] {
    const Result<Node> loaded = Node::Load(SOURCE_ROOT "/api/openapi.yaml");
    if (!loaded) throw std::runtime_error(loaded.error().message);
    return *loaded;
  }();
  return document;
}

std::string Text(const Node& node) {
  const Result<std::string> text = node.AsString();
  return text ? *text : "?";
}

// Follows `$ref: '#/a/b'`.
Node Resolve(const Node& node) {
  const std::optional<Node> reference = node.Get("$ref");
  if (!reference) return node;
  std::string path = Text(*reference).substr(2);
  Node found = Document();
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::optional<Node> next = found.Get(path.substr(0, end));
    if (!next) throw std::runtime_error("no " + Text(*reference));
    found = *next;
    path.erase(0, end + 1);
  }
  return found;
}

std::set<std::string> Types(const Node& schema) {
  const std::optional<Node> type = schema.Get("type");
  if (!type) return {};
  if (type->IsScalar()) return {Text(*type)};
  std::set<std::string> types;
  for (const Node& item : type->Items()) types.insert(Text(item));
  return types;
}

std::string TypeOf(const json::value& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "boolean";
  if (value.is_string()) return "string";
  if (value.is_array()) return "array";
  return value.is_object() ? "object" : "number";
}

// The value has the properties of the schema, all and no others, and these in turn theirs.
void CheckValue(const json::value& value, const Node& reference, const std::string& where) {
  const Node schema = Resolve(reference);
  if (const auto constant = schema.Get("const")) {
    ASSERT_TRUE(value.is_string()) << where;
    EXPECT_EQ(std::string(value.as_string()), Text(*constant)) << where;
    return;
  }
  std::set<std::string> types = Types(schema);
  if (types.contains("integer")) types.insert("number");
  EXPECT_TRUE(types.contains(TypeOf(value))) << where << " is a " << TypeOf(value);
  if (const auto choices = schema.Get("enum")) {
    std::set<std::string> names;
    for (const Node& choice : choices->Items()) names.insert(Text(choice));
    EXPECT_TRUE(value.is_string() && names.contains(std::string(value.as_string()))) << where;
  }
  if (value.is_array()) {
    const auto items = schema.Get("items");
    ASSERT_TRUE(items.has_value()) << where;
    for (const json::value& item : value.as_array()) CheckValue(item, *items, where + "[]");
  }
  if (!value.is_object()) return;
  if (const auto others = schema.Get("additionalProperties")) {
    for (const auto& [name, member] : value.as_object()) {
      CheckValue(member, *others, where + "." + std::string(name));
    }
    return;
  }
  const auto properties = schema.Get("properties");
  ASSERT_TRUE(properties.has_value()) << where;
  std::vector<std::string> described;
  for (const auto& [name, property] : properties->Entries()) {
    described.push_back(name);
    const json::value* member = value.as_object().if_contains(name);
    if (member != nullptr) CheckValue(*member, property, where + "." + name);
  }
  std::vector<std::string> written;
  for (const auto& [name, member] : value.as_object()) written.emplace_back(name);
  EXPECT_EQ(written, described) << where;
}

Node Operation(const std::string& path, const std::string& method) {
  const auto found = Document().Get("paths")->Get(path);
  if (!found || !found->Get(method)) throw std::runtime_error("no " + method + " " + path);
  return *found->Get(method);
}

// What the handler answers to GET `target` fits what `path` is said to answer.
void CheckReply(Api* api, const std::string& target, const std::string& path) {
  SCOPED_TRACE(target);
  const net::HttpResponse response = api->Handle(test::Request("GET", target));
  const auto described =
      Operation(path, "get").Get("responses")->Get(std::to_string(response.status));
  ASSERT_TRUE(described.has_value()) << "status " << response.status;
  const Node schema = Resolve(*described).Get("content")->Entries().front().second;
  CheckValue(json::parse(response.body), *schema.Get("schema"), path);
}

TEST(OpenApi, EveryRouteAndNoOther) {
  test::World world;
  std::set<std::pair<std::string, std::string>> routes;
  for (const Router::Route& route : world.MakeApi()->routes()) {
    std::string method = route.method;
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return static_cast<char>(c + ('a' - 'A')); });
    routes.emplace(route.pattern, method);
  }
  std::set<std::pair<std::string, std::string>> described;
  for (const auto& [path, methods] : Document().Get("paths")->Entries()) {
    for (const auto& [method, unused] : methods.Entries()) described.emplace(path, method);
  }
  EXPECT_EQ(routes, described);
}

TEST(OpenApi, EveryPathParameterIsDescribed) {
  for (const auto& [path, methods] : Document().Get("paths")->Entries()) {
    for (const auto& [method, operation] : methods.Entries()) {
      std::set<std::string> described;
      if (const auto parameters = operation.Get("parameters")) {
        for (const Node& reference : parameters->Items()) {
          const Node parameter = Resolve(reference);
          if (Text(*parameter.Get("in")) == "path") described.insert(Text(*parameter.Get("name")));
        }
      }
      std::set<std::string> in_path;
      for (size_t at = path.find('{'); at != path.npos; at = path.find('{', at + 1)) {
        in_path.insert(path.substr(at + 1, path.find('}', at) - at - 1));
      }
      EXPECT_EQ(in_path, described) << method << " " << path;
    }
  }
}

TEST(OpenApi, EveryFieldOfAReplyAndNoOther) {
  test::World world;
  const auto api = world.MakeApi();
  world.slos = {test::Slo("a"), test::Slo("b")};
  world.slos[0].groups = {test::FiringGroup(), test::EmptyGroup()};
  world.slos[1].evaluated_at.reset();
  world.owed = {test::Owed()};
  world.delivered = {test::Delivered()};
  CheckReply(api.get(), "/api/v1/slos", "/api/v1/slos");
  CheckReply(api.get(), "/api/v1/slos?state=odd", "/api/v1/slos");
  CheckReply(api.get(), "/api/v1/slos/a", "/api/v1/slos/{name}");
  CheckReply(api.get(), "/api/v1/slos/c", "/api/v1/slos/{name}");
  CheckReply(api.get(), "/api/v1/notifications", "/api/v1/notifications");
  CheckReply(api.get(), "/api/v1/notifications?limit=x", "/api/v1/notifications");
  CheckReply(api.get(), "/api/v1/alerts", "/api/v1/alerts");
  world.samples = std::vector{test::Samples()};
  const std::string samples = "/api/v1/samples";
  CheckReply(api.get(), samples + "?match[]=x=%22y%22&start=1&end=2", samples);
  CheckReply(api.get(), samples, samples);
  CheckReply(api.get(), "/api/v1/status/ha", "/api/v1/status/ha");
  world.texts = std::vector<std::string>{"a", "b"};
  world.series = std::vector<Labels>{Labels{{"__name__", "up"}}, Labels{{"__name__", "x"}}};
  world.exemplars = {{.labels = {{"__name__", "x"}},
                      .exemplars = {{.labels = {{"trace_id", "a"}}, .value = 1, .time_ms = 2}}}};
  CheckReply(api.get(), "/api/v1/labels?limit=1", "/api/v1/labels");
  CheckReply(api.get(), "/api/v1/labels?limit=x", "/api/v1/labels");
  CheckReply(api.get(), "/api/v1/label/job/values?limit=1", "/api/v1/label/{name}/values");
  CheckReply(api.get(), "/api/v1/label/job/values?limit=x", "/api/v1/label/{name}/values");
  CheckReply(api.get(), "/api/v1/series?match[]=up&limit=1", "/api/v1/series");
  CheckReply(api.get(), "/api/v1/series", "/api/v1/series");
  CheckReply(api.get(), "/api/v1/query_exemplars?query=x", "/api/v1/query_exemplars");
  CheckReply(api.get(), "/api/v1/query_exemplars", "/api/v1/query_exemplars");
  world.metadata = {{"x", tsdb::MetricType::kStateset, "help", "unit"}};
  CheckReply(api.get(), "/api/v1/metadata", "/api/v1/metadata");
  CheckReply(api.get(), "/api/v1/metadata?limit=x", "/api/v1/metadata");
}

std::vector<std::string> Enum(const char* schema) {
  std::vector<std::string> names;
  const Node node = *Document().Get("components")->Get("schemas")->Get(schema);
  for (const Node& choice : node.Get("enum")->Items()) names.push_back(Text(choice));
  return names;
}

TEST(OpenApi, StatesAndConditionsAreTheEvaluators) {
  std::vector<std::string> states;
  for (const State state : {State::kInactive, State::kPending, State::kFiring}) {
    states.emplace_back(StateName(state));
  }
  EXPECT_EQ(Enum("State"), states);
  std::vector<std::string> conditions;
  for (const Condition condition :
       {Condition::kOk, Condition::kBreached, Condition::kNoTraffic, Condition::kNoData,
        Condition::kNoSuchBound, Condition::kWindowBeyondRetention, Condition::kIncomplete}) {
    conditions.emplace_back(ConditionName(condition));
  }
  EXPECT_EQ(Enum("Condition"), conditions);
}

// Values that a parameter is said to take are taken.
TEST(OpenApi, ParameterValuesAreTaken) {
  test::World world;
  const auto api = world.MakeApi();
  for (const auto& [path, methods] : Document().Get("paths")->Entries()) {
    const auto parameters =
        methods.Get("get") ? methods.Get("get")->Get("parameters") : std::nullopt;
    if (!parameters) continue;
    for (const Node& reference : parameters->Items()) {
      const Node parameter = Resolve(reference);
      const Node schema = *parameter.Get("schema");
      const auto items = schema.Get("items");
      const auto choices = items ? Resolve(*items).Get("enum") : std::nullopt;
      if (!choices) continue;
      for (const Node& choice : choices->Items()) {
        const std::string target = path + "?" + Text(*parameter.Get("name")) + "=" + Text(choice);
        EXPECT_EQ(api->Handle(test::Request("GET", target)).status, 200) << target;
      }
    }
  }
}

}  // namespace
}  // namespace nines::api
