#include "api/router.h"

#include <gtest/gtest.h>

#include "tests/api/fixtures.h"

namespace nines::api {
namespace {

// Answers with the pattern and the parameters that were found.
Router TestRouter() {
  Router router;
  const auto add = [&router](const char* method, const char* pattern) {
    router.Add(method, pattern, [=](const net::HttpRequest&, const PathParameters& path) {
      std::string text = std::string(method) + " " + pattern;
      for (const auto& [name, value] : path) text += " " + name + "=" + value;
      return net::HttpResponse::Text(200, text);
    });
  };
  add("GET", "/");
  add("GET", "/api/v1/slos");
  add("GET", "/api/v1/slos/{name}");
  add("POST", "/api/v1/slos/check");
  add("GET", "/api/v1/slos/{name}/history");
  add("POST", "/-/reload");
  add("PUT", "/-/reload");
  return router;
}

void Check(const char* method, const char* path, int status, const char* body) {
  SCOPED_TRACE(std::string(method) + " " + path);
  const Router::Answer answer = TestRouter().Handle(test::Request(method, path));
  EXPECT_EQ(answer.response.status, status);
  EXPECT_EQ(answer.response.body, body);
}

TEST(Router, FindsTheHandler) {
  Check("GET", "/", 200, "GET /");
  Check("GET", "/api/v1/slos", 200, "GET /api/v1/slos");
  Check("GET", "/api/v1/slos/a", 200, "GET /api/v1/slos/{name} name=a");
  Check("GET", "/api/v1/slos/a b{}%", 200, "GET /api/v1/slos/{name} name=a b{}%");
  Check("GET", "/api/v1/slos/{name}", 200, "GET /api/v1/slos/{name} name={name}");
  Check("GET", "/api/v1/slos/a/history", 200, "GET /api/v1/slos/{name}/history name=a");
  Check("HEAD", "/api/v1/slos", 200, "GET /api/v1/slos");
  Check("PUT", "/-/reload", 200, "PUT /-/reload");
}

TEST(Router, ALiteralWinsOverAParameter) {
  Check("POST", "/api/v1/slos/check", 200, "POST /api/v1/slos/check");
}

TEST(Router, UnknownPaths) {
  const auto json = [](const std::string& path) {
    return R"({"status":"error","errorType":"not_found","error":"no such path: )" + path + "\"}";
  };
  for (const char* path : {"/api/v1/slos/", "/api/v1/slos/a/b", "/api/v1/slos//history",
                           "/api/v1//slos", "/api/v2/slos"}) {
    Check("GET", path, 404, json(path).c_str());
  }
  Check("GET", "/nothing", 404, "no such path: /nothing\n");
  Check("GET", "//", 404, "no such path: //\n");
  Check("OPTIONS", "*", 404, "no such path: *\n");
  Check("GET", "", 404, "no such path: \n");
}

void CheckNotAllowed(const char* method, const char* path, const char* allow) {
  SCOPED_TRACE(std::string(method) + " " + path);
  const Router::Answer answer = TestRouter().Handle(test::Request(method, path));
  EXPECT_EQ(answer.response.status, 405);
  EXPECT_EQ(net::FindHeader(answer.response.headers, "Allow"), allow);
  EXPECT_NE(answer.pattern, "");
}

TEST(Router, MethodsThatAreNotAllowed) {
  CheckNotAllowed("POST", "/", "GET, HEAD");
  CheckNotAllowed("GET", "/-/reload", "POST, PUT");
  CheckNotAllowed("HEAD", "/-/reload", "POST, PUT");
  CheckNotAllowed("get", "/api/v1/slos", "GET, HEAD");  // Methods are case-sensitive.
  CheckNotAllowed("DELETE", "/api/v1/slos/a", "GET, HEAD");
  Check("POST", "/api/v1/slos", 405,
        R"({"status":"error","errorType":"method_not_allowed",)"
        R"("error":"method POST is not allowed here; allowed: GET, HEAD"})");
  Check("POST", "/", 405, "method POST is not allowed here; allowed: GET, HEAD\n");
}

TEST(Router, ThePatternIsBoundedWhateverIsAsked) {
  const Router router = TestRouter();
  EXPECT_EQ(router.Handle(test::Request("GET", "/api/v1/slos/x")).pattern, "/api/v1/slos/{name}");
  EXPECT_EQ(router.Handle(test::Request("GET", "/x")).pattern, "");
}

TEST(Router, RoutesAreInTheirOrder) {
  const std::vector<Router::Route> routes = TestRouter().routes();
  ASSERT_EQ(routes.size(), 7u);
  EXPECT_EQ(routes[0], (Router::Route{"GET", "/"}));
  EXPECT_EQ(routes[6], (Router::Route{"PUT", "/-/reload"}));
}

}  // namespace
}  // namespace nines::api
