#include "api/api.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/api/fixtures.h"

namespace nines::api {
namespace {

using test::Request;
using test::World;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Api, Healthy) {
  World world;
  world.ready = false;  // Does not matter to it.
  const net::HttpResponse response = world.MakeApi()->Handle(Request("GET", "/-/healthy"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "Nines is healthy.\n");
}

TEST(Api, ReadyOnceItIs) {
  World world;
  const auto api = world.MakeApi();
  world.ready = false;
  EXPECT_EQ(api->Handle(Request("GET", "/-/ready")).status, 503);
  world.ready = true;
  EXPECT_EQ(api->Handle(Request("GET", "/-/ready")).status, 200);
}

TEST(Api, ReloadSaysWhatIsWrong) {
  World world;
  const auto api = world.MakeApi();
  EXPECT_EQ(api->Handle(Request("POST", "/-/reload")).status, 200);
  EXPECT_EQ(api->Handle(Request("PUT", "/-/reload")).status, 200);
  EXPECT_EQ(api->Handle(Request("GET", "/-/reload")).status, 405);
  world.reloaded = Error{Code::kInvalid, "nines.yml:3: global.intervall: unknown key"};
  const net::HttpResponse response = api->Handle(Request("POST", "/-/reload"));
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body,
            "failed to reload the configuration: nines.yml:3: global.intervall: unknown key\n");
}

TEST(Api, WritePassesHeadersAndBody) {
  World world;
  const auto api = world.MakeApi();
  net::HttpRequest request = Request("POST", "/api/v1/write");
  request.headers = {{"content-type", "application/x-protobuf"}, {"Content-Encoding", "snappy"}};
  request.body = "bytes";
  const net::HttpResponse response = api->Handle(request);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(world.writes, std::vector<std::string>{"application/x-protobuf|snappy|bytes"});
}

TEST(Api, WriteSaysWhatIsWrong) {
  World world;
  const auto api = world.MakeApi();
  world.written = {.status = 503, .message = "the disk is full", .retry_after = true};
  const net::HttpResponse response = api->Handle(Request("POST", "/api/v1/write"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "the disk is full\n");
  EXPECT_NE(net::FindHeader(response.headers, "Retry-After"), "");
  EXPECT_EQ(api->Handle(Request("GET", "/api/v1/write")).status, 405);
}

TEST(Api, TooManyNewSeriesMayComeAgainInASecond) {
  World world;
  const auto api = world.MakeApi();
  world.written = {.status = 429, .message = "new series", .retry_after = true};
  const net::HttpResponse response = api->Handle(Request("POST", "/api/v1/write"));
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(net::FindHeader(response.headers, "Retry-After"), "1");
}

// What the server does before there is a handler.
TEST(Api, HttpMetrics) {
  World world;
  const auto api = world.MakeApi();
  world.http.in_flight_bytes = 17;
  world.http.refused_client_queue = 3;
  const std::string metrics = api->Handle(Request("GET", "/metrics")).body;
  EXPECT_TRUE(Has(metrics, "\nnines_http_in_flight_bytes 17\n")) << metrics;
  EXPECT_TRUE(Has(metrics, "\nnines_http_refused_total{limit=\"client_queue\"} 3\n")) << metrics;
  EXPECT_TRUE(Has(metrics, "\nnines_http_refused_total{limit=\"queue\"} 0\n")) << metrics;
}

TEST(Api, HaClusters) {
  World world;
  const auto api = world.MakeApi();
  EXPECT_EQ(api->Handle(Request("GET", "/api/v1/status/ha")).body,
            R"({"status":"success","data":[]})");
  const Time at = test::At("2026-11-28T18:42:19.000Z");
  world.ha_clusters = {{.name = "eu", .replica = "a", .elected_at = at, .heard_at = at}};
  EXPECT_EQ(api->Handle(Request("GET", "/api/v1/status/ha")).body,
            R"({"status":"success","data":[{"cluster":"eu","replica":"a",)"
            R"("elected_at":"2026-11-28T18:42:19.000Z","heard_at":"2026-11-28T18:42:19.000Z"}]})");
}

// The line goes to standard error before log::Configure().
TEST(Api, RefusedWritesDoNotFloodTheLog) {
  World world;
  const auto api = world.MakeApi();
  world.written = {.status = 400, .message = "no metric name"};
  testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) {
    world.clock.monotonic += std::chrono::milliseconds{200};
    api->Handle(Request("POST", "/api/v1/write"));
  }
  const std::string log = testing::internal::GetCapturedStderr();
  size_t lines = 0;
  for (const char c : log) lines += c == '\n' ? 1 : 0;
  EXPECT_EQ(lines, 2u) << log;
  EXPECT_TRUE(Has(log, "level=warn")) << log;
  EXPECT_TRUE(Has(log, "no metric name")) << log;
  EXPECT_TRUE(Has(log, "not_logged_before=49")) << log;
}

TEST(Api, SlosAreAsOfNow) {
  World world;
  const auto api = world.MakeApi();
  world.slos = {test::Slo("a b")};
  world.slos[0].groups = {test::FiringGroup()};
  world.clock.wall = test::At("2026-11-28T18:43:18.500Z");
  const std::string list = api->Handle(Request("GET", "/api/v1/slos?state=firing")).body;
  EXPECT_TRUE(Has(list, "\"data_age_seconds\":60,")) << list;
  const std::string one = api->Handle(Request("GET", "/api/v1/slos/a b")).body;
  EXPECT_TRUE(Has(one, "{\"status\":\"success\",\"data\":{\"id\":\"a b\"")) << one;
  EXPECT_EQ(api->Handle(Request("GET", "/api/v1/slos/other")).status, 404);
  EXPECT_EQ(api->Handle(Request("GET", "/api/v1/slos?state=odd")).status, 400);
}

TEST(Api, NotificationsAndAlerts) {
  World world;
  const auto api = world.MakeApi();
  world.owed = {test::Owed()};
  world.delivered = {test::Delivered()};
  const std::string list = api->Handle(Request("GET", "/api/v1/notifications?state=sent")).body;
  EXPECT_TRUE(Has(list, "\"id\":\"6\"")) << list;
  EXPECT_FALSE(Has(list, "\"id\":\"7\"")) << list;
  world.slos = {test::Slo("a")};
  world.slos[0].groups = {test::FiringGroup()};
  const std::string alerts = api->Handle(Request("GET", "/api/v1/alerts")).body;
  EXPECT_TRUE(Has(alerts, "\"state\":\"firing\"")) << alerts;
}

TEST(Api, NoReplyIsGuessedToBeMarkup) {
  World world;
  const auto api = world.MakeApi();
  for (const char* path :
       {"/", "/api/v1/slos", "/metrics", "/-/healthy", "/<script>", "/api/<b>"}) {
    const net::HttpResponse response = api->Handle(Request("GET", path));
    EXPECT_EQ(net::FindHeader(response.headers, "X-Content-Type-Options"), "nosniff") << path;
    EXPECT_NE(net::FindHeader(response.headers, "Content-Type"), "") << path;
  }
}

TEST(Api, ThePageRunsNothingButItself) {
  World world;
  const auto api = world.MakeApi();
  for (const auto& [path, type] : std::vector<std::pair<std::string, std::string>>{
           {"/", "text/html; charset=utf-8"},
           {"/style.css", "text/css; charset=utf-8"},
           {"/app.js", "text/javascript; charset=utf-8"}}) {
    SCOPED_TRACE(path);
    const net::HttpResponse response = api->Handle(Request("GET", path));
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.body.empty());
    EXPECT_EQ(net::FindHeader(response.headers, "Content-Type"), type);
    const std::string_view policy = net::FindHeader(response.headers, "Content-Security-Policy");
    EXPECT_NE(policy.find("default-src 'none'; script-src 'self';"), policy.npos) << policy;
    EXPECT_EQ(policy.find("unsafe"), policy.npos) << policy;
  }
  const std::string html = api->Handle(Request("GET", "/")).body;
  EXPECT_TRUE(Has(html, "1.2.3-test"));
  EXPECT_FALSE(Has(html, "@VERSION@"));
  EXPECT_FALSE(Has(html, " style=")) << "the policy forbids it";
  const std::string script = api->Handle(Request("GET", "/app.js")).body;
  for (const char* sink :
       {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("}) {
    EXPECT_FALSE(Has(script, sink)) << sink;
  }
}

// Line by line: every sample belongs to a family whose HELP and TYPE stand before it, once.
TEST(Api, MetricsAreWellFormed) {
  World world;
  world.store_stats.families = 3;
  const auto api = world.MakeApi();
  api->Handle(Request("GET", "/api/v1/slos/a"));
  api->Handle(Request("GET", "/no/such/path"));
  api->Handle(Request("GET", "/nor/such"));
  const net::HttpResponse response = api->Handle(Request("GET", "/metrics"));
  EXPECT_EQ(net::FindHeader(response.headers, "Content-Type"),
            "text/plain; version=0.0.4; charset=utf-8");
  std::set<std::string> helped;
  std::set<std::string> typed;
  std::string family;
  std::istringstream lines(response.body);
  for (std::string line; std::getline(lines, line);) {
    SCOPED_TRACE(line);
    std::istringstream words(line);
    std::string hash, kind;
    if (line.starts_with("# ")) {
      words >> hash >> kind >> family;
      EXPECT_TRUE((kind == "HELP" ? helped : typed).insert(family).second) << "twice";
      continue;
    }
    EXPECT_TRUE(line.starts_with(family));
    EXPECT_TRUE(helped.contains(family) && typed.contains(family));
  }
  for (const char* sample :
       {"nines_build_info{version=\"1.2.3-test\"} 1\n",
        "nines_http_requests_total{code=\"404\",handler=\"/api/v1/slos/{name}\"} 1\n",
        "nines_http_requests_total{code=\"404\",handler=\"other\"} 2\n",
        "nines_http_request_duration_seconds_count{handler=\"other\"} 2\n",
        "nines_tsdb_families 3\n", "process_open_fds ", "process_resident_memory_bytes "}) {
    EXPECT_TRUE(Has(response.body, sample)) << sample << "\n" << response.body;
  }
}

}  // namespace
}  // namespace nines::api
