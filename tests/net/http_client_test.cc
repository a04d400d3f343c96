#include "net/http_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "tests/support/process.h"
#include "tests/support/webhook_receiver.h"

namespace nines::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::WebhookReceiver;

ClientRequest To(std::string url) {
  ClientRequest request;
  request.url = std::move(url);
  return request;
}

Error SendError(const ClientRequest& request) {
  HttpClient client;
  const Result<ClientResponse> response = client.Send(request);
  EXPECT_FALSE(response.has_value()) << request.url;
  return response ? Error{Code::kCorrupt, "sent"} : response.error();
}

TEST(HttpClient, SendsWhatItIsGiven) {
  WebhookReceiver receiver;
  receiver.SetBehaviour([](const HttpRequest&) {
    HttpResponse response = HttpResponse::Json(201, "{}");
    response.headers.emplace_back("Retry-After", "7");
    return response;
  });
  HttpClient client;
  ClientRequest request = To(receiver.Url("/a%20b?c=d"));
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
  request.body = std::string("{\0}", 3);
  const Result<ClientResponse> response = client.Send(request);
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "{}");
  EXPECT_EQ(FindHeader(response->headers, "retry-after"), "7");
  const HttpRequest seen = receiver.Requests().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/a b");
  EXPECT_EQ(seen.query, "c=d");
  EXPECT_EQ(seen.body, request.body);
  EXPECT_EQ(FindHeader(seen.headers, "content-type"), "application/json");
  EXPECT_EQ(FindHeader(seen.headers, "user-agent"), "nines");
  EXPECT_EQ(FindHeader(seen.headers, "expect"), "");
}

TEST(HttpClient, Methods) {
  WebhookReceiver receiver;
  HttpClient client;
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE"}) {
    for (const char* body : {"", "body"}) {
      receiver.Clear();
      ClientRequest request = To(receiver.Url("/"));
      request.method = method;
      request.body = std::string(method) == "HEAD" ? "" : body;
      const Result<ClientResponse> response = client.Send(request);
      ASSERT_TRUE(response.has_value()) << method << body << response.error().message;
      EXPECT_EQ(response->status, 200) << method << body;
      ASSERT_EQ(receiver.Count(), 1u) << method << body;
      const HttpRequest seen = receiver.Requests()[0];
      EXPECT_EQ(seen.method, std::string(method) == "HEAD" ? "GET" : method);
      EXPECT_EQ(seen.body, request.body) << method;
      EXPECT_EQ(FindHeader(seen.headers, "content-type"), "") << method;
    }
  }
}

TEST(HttpClient, ReusesConnections) {
  WebhookReceiver receiver;
  HttpClient client;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.Send(To(receiver.Url("/"))).has_value());
  const std::vector<HttpRequest> seen = receiver.Requests();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].remote, seen[2].remote);
}

TEST(HttpClient, FindsAReceiverThatCameBack) {
  WebhookReceiver receiver;
  HttpClient client;
  ASSERT_TRUE(client.Send(To(receiver.Url("/"))).has_value());
  receiver.Down();
  EXPECT_FALSE(client.Send(To(receiver.Url("/"))).has_value());
  receiver.Up();
  EXPECT_TRUE(client.Send(To(receiver.Url("/"))).has_value());
}

TEST(HttpClient, AnyStatusIsAValueAndRedirectsAreNotFollowed) {
  WebhookReceiver receiver;
  HttpClient client;
  for (const int status : {200, 204, 302, 404, 429, 500, 503}) {
    receiver.Clear();
    receiver.SetBehaviour([&, status](const HttpRequest&) {
      HttpResponse response = HttpResponse::Text(status, "");
      response.headers.emplace_back("Location", receiver.Url("/elsewhere"));
      return response;
    });
    const Result<ClientResponse> response = client.Send(To(receiver.Url("/")));
    ASSERT_TRUE(response.has_value()) << status << response.error().message;
    EXPECT_EQ(response->status, status);
    EXPECT_EQ(receiver.Count(), 1u) << status;
  }
}

void CheckResponseLimit(size_t bytes, bool fits) {
  WebhookReceiver receiver;
  receiver.SetBehaviour(
      [=](const HttpRequest&) { return HttpResponse::Text(200, std::string(bytes, 'x')); });
  HttpClient client;
  ClientRequest request = To(receiver.Url("/"));
  request.response_bytes_max = 1000;
  const Result<ClientResponse> response = client.Send(request);
  ASSERT_EQ(response.has_value(), fits) << bytes;
  if (fits) return;
  EXPECT_EQ(response.error().code, Code::kExhausted) << bytes;
  EXPECT_NE(response.error().message.find("larger than 1000 bytes"), std::string::npos)
      << response.error().message;
}

TEST(HttpClient, ResponseLimit) {
  CheckResponseLimit(1000, true);
  CheckResponseLimit(1001, false);
  CheckResponseLimit(1'000'000, false);
}

TEST(HttpClient, TimesOut) {
  WebhookReceiver receiver;
  std::atomic<bool> done{false};
  receiver.SetBehaviour([&](const HttpRequest&) {
    test::WaitUntil([&] { return done.load(); }, seconds{10});
    return HttpResponse::Text(200, "");
  });
  ClientRequest request = To(receiver.Url("/slow"));
  request.timeout = milliseconds{50};
  const auto begin = SystemClock().Monotonic();
  const Error error = SendError(request);
  EXPECT_LT(SystemClock().Monotonic() - begin, seconds{5});
  done = true;
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_TRUE(error.message.starts_with("GET " + request.url + ": ")) << error.message;
  EXPECT_NE(error.message.find("timed out"), std::string::npos) << error.message;
}

// Users, passwords and tokens stay out of logs, whatever goes wrong.
TEST(HttpClient, ErrorsHaveNoSecrets) {
  const std::string port = std::to_string(test::FreePort());
  const std::string rest = "127.0.0.1:" + port + "/path?token=hunter2#hunter2";
  const Error refused = SendError(To("http://hunter2:hunter2@" + rest));
  EXPECT_EQ(refused.code, Code::kUnavailable);
  EXPECT_TRUE(refused.message.starts_with("GET http://127.0.0.1:" + port + "/path: "))
      << refused.message;
  for (const std::string& url :
       {"http://hunter2:hunter2@" + rest, std::string("http://u:hunter2@host:port/"),
        std::string("http://u:hunter2@/"), std::string("ftp://u:hunter2@host/"),
        std::string("u:hunter2@host")}) {
    const Error error = SendError(To(url));
    EXPECT_EQ(error.message.find("hunter2"), std::string::npos) << error.message;
  }
}

void CheckBadUrl(const std::string& url, const std::string& reason) {
  const Result<void> checked = CheckUrl(url);
  ASSERT_FALSE(checked.has_value()) << url;
  EXPECT_EQ(checked.error().code, Code::kInvalid) << url;
  EXPECT_NE(checked.error().message.find(reason), std::string::npos)
      << url << ": " << checked.error().message;
  EXPECT_EQ(SendError(To(url)).message, checked.error().message) << url;
}

TEST(CheckUrl, WantsHttpAndAHost) {
  for (const char* good : {"http://h", "https://h:1/p?q#f", "http://u:p@[::1]:80/"}) {
    EXPECT_TRUE(CheckUrl(good).has_value()) << good;
  }
  CheckBadUrl("", "http://");
  CheckBadUrl("host/path", "http://");
  CheckBadUrl("ftp://h/", "only http and https");
  CheckBadUrl("file:///etc/passwd", "only http and https");
  CheckBadUrl("nosuch://h/", "only http and https");
  CheckBadUrl("http://", "not a URL");
  CheckBadUrl("http:///path", "wants a host");
  CheckBadUrl("http://h:99999/", "not a URL");
  CheckBadUrl("http://h/a b", "not a URL");
  CheckBadUrl(std::string("http://h/\0x", 11), "NUL");
}

TEST(HttpClient, HeadersCannotSplitTheRequest) {
  for (const auto& [name, value] :
       Headers{{"X", "a\r\nY: b"}, {"X\r\nY", "a"}, {"", "a"}, {"X", "a\nb"}}) {
    ClientRequest request = To("http://127.0.0.1:1/");
    request.headers = {{name, value}};
    EXPECT_EQ(SendError(request).code, Code::kInvalid) << name << value;
  }
  ClientRequest request = To("http://127.0.0.1:1/");
  request.method = "GET / HTTP/1.1\r\nX:";
  EXPECT_EQ(SendError(request).code, Code::kInvalid);
}

TEST(HttpClient, IsSafeForConcurrentUse) {
  constexpr int kThreads = 8;
  constexpr int kRequests = 20;
  WebhookReceiver receiver;
  receiver.SetBehaviour(
      [](const HttpRequest& request) { return HttpResponse::Text(200, request.body); });
  HttpClient client;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRequests; ++i) {
        ClientRequest request = To(receiver.Url("/"));
        request.method = "POST";
        request.body = std::to_string(t) + "/" + std::to_string(i);
        const Result<ClientResponse> response = client.Send(request);
        if (response && response->body == request.body) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads * kRequests);
}

}  // namespace
}  // namespace nines::net
