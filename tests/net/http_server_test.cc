#include "net/http_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "net/http_client.h"
#include "tests/support/process.h"
#include "tests/support/raw_client.h"

namespace nines::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::RawClient;
using test::RawResponse;
using test::WaitUntil;

HttpResponse Echo(const HttpRequest& request) {
  return HttpResponse::Text(
      200, request.method + " " + request.path + " ?" + request.query + " " + request.body);
}

std::unique_ptr<HttpServer> StartServer(const HttpServerOptions& options,
                                        HttpServer::Handler handler) {
  Result<std::unique_ptr<HttpServer>> server = HttpServer::Start(options, std::move(handler));
  EXPECT_TRUE(server.has_value()) << (server ? "" : server.error().message);
  return server ? std::move(*server) : nullptr;
}

HttpServerOptions Loopback() {
  HttpServerOptions options;
  options.listen_address = "127.0.0.1:0";
  return options;
}

std::string Post(const std::string& body) {
  return "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string ChunkedPost(const std::vector<std::string>& chunks) {
  std::string text = "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& chunk : chunks) {
    char size[20];
    snprintf(size, sizeof(size), "%zx\r\n", chunk.size());
    text += size + chunk + "\r\n";
  }
  return text + "0\r\n\r\n";
}

// A handler that stays inside until it is let go, to hold a worker.
class Gate {
 public:
  HttpServer::Handler Handler() {
    return [this](const HttpRequest& request) {
      ++entered_;
      opened_.wait();
      return Echo(request);
    };
  }
  bool AwaitEntered(int count) {
    return WaitUntil([&] { return entered_ >= count; }, seconds{10});
  }
  int entered() const { return entered_; }
  void Open() { open_.set_value(); }

 private:
  std::promise<void> open_;
  std::shared_future<void> opened_ = open_.get_future().share();
  std::atomic<int> entered_{0};
};

// One exchange with a server of its own that echoes; what the status and the body must be.
void CheckExchange(const std::string& sent, int status, const std::string& body_part) {
  const auto server = StartServer(Loopback(), Echo);
  RawClient client(server->port());
  const RawResponse response = client.Exchange(sent);
  EXPECT_EQ(response.status, status) << sent << "\n" << response.head << response.body;
  EXPECT_NE(response.body.find(body_part), std::string::npos) << sent << "\n" << response.body;
  if (status >= 400) {
    EXPECT_NE(response.head.find("Connection: close\r\n"), std::string::npos) << response.head;
    EXPECT_TRUE(client.AwaitClose()) << sent;
  }
}

TEST(HttpServer, AnswersRequests) {
  CheckExchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 200, "GET / ? ");
  CheckExchange("GET /a%20b?c=%20&d HTTP/1.1\r\nHost: h\r\n\r\n", 200, "GET /a b ?c=%20&d ");
  CheckExchange("GET http://h/x?y HTTP/1.1\r\nHost: h\r\n\r\n", 200, "GET /x ?y ");
  CheckExchange("PURGE /x HTTP/1.1\r\nHost: h\r\n\r\n", 200, "PURGE /x ? ");
  CheckExchange("GET / HTTP/1.0\r\n\r\n", 200, "GET / ? ");
  CheckExchange(Post("hello"), 200, "POST /p ? hello");
  CheckExchange(ChunkedPost({"hel", "lo"}), 200, "POST /p ? hello");
  CheckExchange("POST /p HTTP/1.1\r\nHost: h\r\n\r\n", 200, "POST /p ? ");
}

TEST(HttpServer, RefusesMalformedRequests) {
  CheckExchange("nonsense\r\n\r\n", 400, "malformed request");
  CheckExchange("GET /\r\n\r\n", 400, "malformed request");
  CheckExchange("GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400, "malformed request");
  CheckExchange("GET / HTTP/1.1\r\n\r\n", 400, "wants one Host header");
  CheckExchange("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "wants one Host header");
  CheckExchange("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "target is malformed");
  CheckExchange("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "target is malformed");
  CheckExchange("GET / HTTP/1.9\r\nHost: h\r\n\r\n", 505, "only HTTP/1.0 and 1.1");
  CheckExchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400, "malformed");
  CheckExchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1x\r\n\r\n", 400, "malformed");
  CheckExchange("POST / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417,
                "100-continue");
  const std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  CheckExchange(chunked + "zz\r\n", 400, "malformed request");
  CheckExchange(chunked + "3\r\nabcd\r\n0\r\n\r\n", 400, "malformed request");
  CheckExchange(chunked + "1;" + std::string(200'000, 'x'), 400, "a chunk is malformed");
}

// What two readers could take for two different requests.
TEST(HttpServer, RefusesSmuggling) {
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  CheckExchange(post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "");
  CheckExchange(post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400, "");
  CheckExchange(post + "Content-Length: 5\r\nTransfer-Encoding: identity\r\n\r\nhello", 400, "");
  CheckExchange(post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400, "");
  CheckExchange(post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400, "");
  CheckExchange(post + "Content-Length: 5, 5\r\n\r\nhello", 400, "");
  CheckExchange(post + "Content-Length: +5\r\n\r\nhello", 400, "");
  CheckExchange(post + "Transfer-Encoding: gzip\r\n\r\n", 400, "");
  CheckExchange(post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400, "");
  CheckExchange(post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, "");
  CheckExchange(post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400, "");
  CheckExchange("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "");
  CheckExchange("GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400, "");
}

// A trailer must not pass for a header that the handler trusts.
TEST(HttpServer, TrailersAreNoHeaders) {
  const auto server = StartServer(Loopback(), [](const HttpRequest& request) {
    return HttpResponse::Text(200, "[" + std::string(FindHeader(request.headers, "X-A")) + "]");
  });
  RawClient client(server->port());
  const RawResponse response = client.Exchange(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
      "X-A: b\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "[]");
}

void CheckBodyLimit(const std::string& sent, int status) {
  HttpServerOptions options = Loopback();
  options.body_bytes_max = 1000;
  const auto server = StartServer(options, Echo);
  RawClient client(server->port());
  const RawResponse response = client.Exchange(sent);
  EXPECT_EQ(response.status, status) << sent.substr(0, 100) << "\n" << response.body;
  EXPECT_EQ(response.body.find("1000 bytes") != std::string::npos, status == 413);
}

TEST(HttpServer, BodyLimit) {
  CheckBodyLimit(Post(std::string(1000, 'x')), 200);
  CheckBodyLimit(Post(std::string(1001, 'x')), 413);
  CheckBodyLimit(ChunkedPost({std::string(1000, 'x')}), 200);
  CheckBodyLimit(ChunkedPost({std::string(1001, 'x')}), 413);
  CheckBodyLimit(ChunkedPost({std::string(600, 'x'), std::string(400, 'x')}), 200);
  CheckBodyLimit(ChunkedPost({std::string(600, 'x'), std::string(401, 'x')}), 413);
  // The answer comes before the body does.
  CheckBodyLimit("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", 413);
  CheckBodyLimit("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551615\r\n\r\n", 413);
  CheckBodyLimit("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
                 413);
}

// The client goes on sending a body that was refused, and still reads why.
TEST(HttpServer, RefusalReachesAClientThatSendsOn) {
  HttpServerOptions options = Loopback();
  options.body_bytes_max = 1000;
  const auto server = StartServer(options, Echo);
  HttpClient client;
  ClientRequest request;
  request.method = "POST";
  request.url = "http://" + server->address() + "/";
  request.body.assign(size_t{8} << 20, 'x');
  const Result<ClientResponse> response = client.Send(request);
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 413);
}

void CheckHeaderLimit(size_t bytes, int status) {
  HttpServerOptions options = Loopback();
  options.header_bytes_max = 2000;
  const auto server =
      StartServer(options, [](const HttpRequest&) { return HttpResponse::Text(200, "ok"); });
  std::string sent = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  sent += std::string(bytes - sent.size() - 4, 'x') + "\r\n\r\n";
  ASSERT_EQ(sent.size(), bytes);
  RawClient client(server->port());
  EXPECT_EQ(client.Exchange(sent).status, status) << bytes;
}

TEST(HttpServer, HeaderLimit) {
  CheckHeaderLimit(2000, 200);
  CheckHeaderLimit(2001, 431);
  CheckHeaderLimit(100'000, 431);
}

TEST(HttpServer, LimitsHoldForAHeaderThatNeverEnds) {
  HttpServerOptions options = Loopback();
  options.header_bytes_max = 2000;
  const auto server = StartServer(options, Echo);
  RawClient line(server->port());
  EXPECT_EQ(line.Exchange("GET /" + std::string(5000, 'x')).status, 431);
  RawClient fields(server->port());
  EXPECT_EQ(fields.Exchange("GET / HTTP/1.1\r\nX: " + std::string(5000, 'x')).status, 431);
}

TEST(HttpServer, KeepsConnectionsAlive) {
  const auto server = StartServer(Loopback(), [](const HttpRequest& request) {
    return HttpResponse::Text(200, request.remote);
  });
  RawClient client(server->port());
  const RawResponse first = client.Exchange("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  const RawResponse second = client.Exchange("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, second.body);
  EXPECT_TRUE(first.body.starts_with("127.0.0.1:")) << first.body;
  EXPECT_NE(first.head.find("\r\nDate: "), std::string::npos);
  const RawResponse last =
      client.Exchange("GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_NE(last.head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(client.AwaitClose());
}

TEST(HttpServer, Http10ClosesUnlessAsked) {
  const auto server = StartServer(Loopback(), Echo);
  RawClient kept(server->port());
  EXPECT_EQ(kept.Exchange("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").status, 200);
  EXPECT_EQ(kept.Exchange("GET /2 HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(kept.AwaitClose());
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  const auto server = StartServer(Loopback(), Echo);
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Post("one") + ChunkedPost({"two"}) + Post(std::string(100'000, 'x')) +
                          "GET /4 HTTP/1.1\r\nHost: h\r\n\r\n"));
  for (const std::string& want :
       {std::string("POST /p ? one"), std::string("POST /p ? two"),
        "POST /p ? " + std::string(100'000, 'x'), std::string("GET /4 ? ")}) {
    const std::optional<RawResponse> response = client.Read();
    ASSERT_TRUE(response.has_value()) << want.substr(0, 40);
    EXPECT_EQ(response->body, want);
  }
}

TEST(HttpServer, HeadHasTheHeaderOfGet) {
  const auto server = StartServer(Loopback(), Echo);
  RawClient client(server->port());
  ASSERT_TRUE(client.Send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n"));
  const std::optional<RawResponse> head = client.ReadHead();
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->status, 200);
  EXPECT_NE(head->head.find("Content-Length: 9\r\n"), std::string::npos) << head->head;
  // Nothing lies between it and the next answer.
  EXPECT_EQ(client.Exchange("GET /b HTTP/1.1\r\nHost: h\r\n\r\n").body, "GET /b ? ");
}

TEST(HttpServer, NoContentHasNoLength) {
  const auto server = StartServer(Loopback(), [](const HttpRequest&) {
    HttpResponse response;
    response.status = 204;
    return response;
  });
  RawClient client(server->port());
  for (int i = 0; i < 2; ++i) {
    const RawResponse response = client.Exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(response.head.find("Content-Length"), std::string::npos) << response.head;
  }
}

TEST(HttpServer, SaysContinue) {
  const auto server = StartServer(Loopback(), Echo);
  const std::string head =
      "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n";
  RawClient waits(server->port());
  ASSERT_TRUE(waits.Send(head));
  const std::optional<RawResponse> interim = waits.ReadHead();
  ASSERT_TRUE(interim.has_value());
  EXPECT_EQ(interim->status, 100);
  EXPECT_EQ(waits.Exchange("hello").body, "POST /p ? hello");

  RawClient sends_on(server->port());
  EXPECT_EQ(sends_on.Exchange(head + "hello").status, 200);

  HttpServerOptions options = Loopback();
  options.body_bytes_max = 4;
  const auto small = StartServer(options, Echo);
  RawClient refused(small->port());
  EXPECT_EQ(refused.Exchange(head).status, 413);
}

TEST(HttpServer, LargeBodiesBothWays) {
  const auto server = StartServer(Loopback(), Echo);
  std::string body(size_t{5} << 20, 'x');
  for (size_t i = 0; i < body.size(); i += 97) body[i] = static_cast<char>('a' + i % 26);
  RawClient client(server->port());
  std::thread sender([&] { EXPECT_TRUE(client.Send(Post(body))); });
  const std::optional<RawResponse> response = client.Read();
  sender.join();
  ASSERT_TRUE(response.has_value());
  EXPECT_TRUE(response->body == "POST /p ? " + body);
}

void CheckSlowClient(const std::string& sent) {
  HttpServerOptions options = Loopback();
  options.read_timeout = milliseconds{50};
  options.idle_timeout = sent.empty() ? milliseconds{50} : Duration(std::chrono::minutes{5});
  const auto server = StartServer(options, Echo);
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(sent));
  EXPECT_TRUE(client.AwaitClose()) << sent;
}

TEST(HttpServer, ClosesOnSlowClients) {
  CheckSlowClient("");
  CheckSlowClient("GET / HT");
  CheckSlowClient("GET / HTTP/1.1\r\nHost: h\r\n");
  CheckSlowClient("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx");
  CheckSlowClient("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nx");
}

// Who does not read an answer that no buffer holds loses the connection, and its place is free.
TEST(HttpServer, ClosesOnClientsThatDoNotRead) {
  HttpServerOptions options = Loopback();
  options.read_timeout = milliseconds{100};
  options.connections_max = 1;
  const auto server = StartServer(options, [](const HttpRequest& request) {
    return HttpResponse::Text(200, std::string(request.path == "/large" ? 64 << 20 : 1, 'x'));
  });
  RawClient stuck(server->port());
  ASSERT_TRUE(stuck.Send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n"));
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_TRUE(WaitUntil([&] { return RawClient(server->port()).Exchange(get).status == 200; },
                        seconds{10}));
}

// The time of the handler is not the client's.
TEST(HttpServer, SlowHandlerIsNotASlowClient) {
  HttpServerOptions options = Loopback();
  options.read_timeout = milliseconds{20};
  options.idle_timeout = milliseconds{20};
  const auto server = StartServer(options, [](const HttpRequest& request) {
    WaitUntil([] { return false; }, milliseconds{100});
    return Echo(request);
  });
  RawClient client(server->port());
  EXPECT_EQ(client.Exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
}

TEST(HttpServer, PeerThatLeavesInTheMiddle) {
  const auto server = StartServer(Loopback(), Echo);
  for (const char* sent : {"", "GET", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx"}) {
    RawClient client(server->port());
    ASSERT_TRUE(client.Send(sent));
    client.ShutdownSend();
    EXPECT_TRUE(client.AwaitClose()) << sent;
  }
  // Half-closed after a whole request: it is answered.
  RawClient client(server->port());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  client.ShutdownSend();
  EXPECT_EQ(client.Read().value_or(RawResponse()).status, 200);
}

HttpResponse Fail(const HttpRequest& request) {
  if (request.path == "/int") throw 1;
  if (request.path == "/status") return HttpResponse::Text(99, "");
  throw std::runtime_error("secret detail");
}

TEST(HttpServer, HandlerThatFailsAnswers500) {
  const auto server = StartServer(Loopback(), Fail);
  RawClient client(server->port());
  for (const char* path : {"/runtime_error", "/int", "/status"}) {
    const RawResponse response =
        client.Exchange("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(response.status, 500) << path;
    EXPECT_EQ(response.body, "internal error\n") << path;
  }
}

// One worker, one place: the first request is being handled, the second waits, the third is one too
// many.
TEST(HttpServer, FullQueueAnswers503) {
  Gate gate;
  HttpServerOptions options = Loopback();
  options.worker_threads = 1;
  options.queued_requests_max = 1;
  const auto server = StartServer(options, gate.Handler());
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  RawClient first(server->port());
  ASSERT_TRUE(first.Send(get));
  ASSERT_TRUE(gate.AwaitEntered(1));
  RawClient second(server->port());
  RawClient third(server->port());
  // Which of the two comes first is the network's choice.
  ASSERT_TRUE(second.Send(get));
  ASSERT_TRUE(third.Send(get));
  std::atomic<int> refused{0};
  std::atomic<int> served{0};
  const auto read = [&](RawClient& client) {
    const RawResponse response = client.Read().value_or(RawResponse());
    if (response.status == 200) ++served;
    if (response.status != 503) return;
    EXPECT_NE(response.head.find("Retry-After: 1\r\n"), std::string::npos) << response.head;
    EXPECT_NE(response.head.find("keep-alive"), std::string::npos) << response.head;
    ++refused;
  };
  std::thread a([&] { read(second); });
  std::thread b([&] { read(third); });
  EXPECT_TRUE(WaitUntil([&] { return refused == 1; }, seconds{10}));
  gate.Open();
  a.join();
  b.join();
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(served, 1);
  EXPECT_EQ(first.Read().value_or(RawResponse()).status, 200);
}

// One client may have half; another one finds room then.
TEST(HttpServer, ClosesConnectionsBeyondTheLimit) {
  HttpServerCounters counters;
  HttpServerOptions options = Loopback();
  options.connections_max = 4;
  options.counters = &counters;
  const auto server = StartServer(options, Echo);
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  auto first = std::make_unique<RawClient>(server->port());
  RawClient second(server->port());
  EXPECT_EQ(first->Exchange(get).status, 200);
  EXPECT_EQ(second.Exchange(get).status, 200);
  RawClient third(server->port());
  EXPECT_TRUE(third.AwaitClose());
  EXPECT_EQ(counters.refused_connections, 1u);
  {
    RawClient other(server->port(), "127.0.0.2");
    EXPECT_EQ(other.Exchange(get).status, 200);
    EXPECT_EQ(counters.connections, 3u);
  }
  first.reset();
  // The place is free again once the server has seen the close.
  EXPECT_TRUE(WaitUntil([&] { return RawClient(server->port()).Exchange(get).status == 200; },
                        seconds{10}));
}

// At the limit and one above, by Content-Length and in chunks.
TEST(HttpServer, BodiesInFlightAreBounded) {
  HttpServerCounters counters;
  HttpServerOptions options = Loopback();
  options.in_flight_bytes_max = 1000;
  options.counters = &counters;
  Gate gate;
  const auto server = StartServer(options, gate.Handler());
  RawClient first(server->port());
  ASSERT_TRUE(first.Send(Post(std::string(300, 'x'))));
  ASSERT_TRUE(gate.AwaitEntered(1));
  EXPECT_EQ(counters.in_flight_bytes, 300u);
  // Refused before the body is sent.
  RawClient second(server->port());
  const RawResponse refused = second.Exchange(
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 201\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(refused.head.find("Retry-After: 1\r\n"), std::string::npos) << refused.head;
  RawClient chunked(server->port());
  EXPECT_EQ(chunked.Exchange(ChunkedPost({std::string(200, 'x'), "x"})).status, 429);
  EXPECT_EQ(counters.refused_in_flight, 2u);
  RawClient fits(server->port());
  ASSERT_TRUE(fits.Send(Post(std::string(200, 'x'))));
  ASSERT_TRUE(gate.AwaitEntered(2));
  // What the first one holds is no business of another client, and no body is always taken.
  RawClient other(server->port(), "127.0.0.2");
  ASSERT_TRUE(other.Send(Post(std::string(500, 'x'))));
  ASSERT_TRUE(gate.AwaitEntered(3));
  RawClient get(server->port());
  ASSERT_TRUE(get.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  ASSERT_TRUE(gate.AwaitEntered(4));
  RawClient third(server->port(), "127.0.0.3");
  EXPECT_EQ(third.Exchange(Post("x")).status, 429) << "all 1000 are taken";
  gate.Open();
  EXPECT_EQ(first.Read().value_or(RawResponse()).status, 200);
  EXPECT_EQ(fits.Read().value_or(RawResponse()).status, 200);
  EXPECT_EQ(other.Read().value_or(RawResponse()).status, 200);
  EXPECT_TRUE(WaitUntil([&] { return counters.in_flight_bytes == 0; }, seconds{10}));
}

TEST(HttpServer, ManyConcurrentConnections) {
  constexpr int kThreads = 8;
  constexpr int kClients = 25;
  constexpr int kRounds = 4;
  for (const int reactors : {1, 3}) {
    HttpServerOptions options = Loopback();
    options.reactor_threads = reactors;
    const auto server = StartServer(options, Echo);
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        std::vector<std::unique_ptr<RawClient>> clients;
        for (int i = 0; i < kClients; ++i) {
          clients.push_back(std::make_unique<RawClient>(server->port()));
        }
        for (int round = 0; round < kRounds; ++round) {
          const std::string body = std::to_string(t * 1000 + round) + std::string(5000, 'x');
          for (auto& client : clients) ASSERT_TRUE(client->Send(Post(body)));
          for (auto& client : clients) {
            const std::optional<RawResponse> response = client->Read();
            if (response && response->body == "POST /p ? " + body) ++good;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(good, kThreads * kClients * kRounds) << reactors;
  }
}

TEST(HttpServerStop, FinishesWhatIsInFlight) {
  Gate gate;
  const auto server = StartServer(Loopback(), gate.Handler());
  RawClient busy(server->port());
  RawClient idle(server->port());
  ASSERT_TRUE(busy.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
  ASSERT_TRUE(gate.AwaitEntered(1));
  std::thread stop([&] { server->Stop(seconds{30}); });
  EXPECT_TRUE(idle.AwaitClose());
  gate.Open();
  const std::optional<RawResponse> response = busy.Read();
  stop.join();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "GET /a ? ");
  EXPECT_NE(response->head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(busy.AwaitClose());
  server->Stop(seconds{30});  // Again: nothing.
}

// A handler is waited for, but its client is not, and what no worker began is dropped.
TEST(HttpServerStop, GraceEnds) {
  Gate gate;
  HttpServerOptions options = Loopback();
  options.worker_threads = 1;
  const auto server = StartServer(options, gate.Handler());
  RawClient busy(server->port());
  ASSERT_TRUE(busy.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  ASSERT_TRUE(gate.AwaitEntered(1));
  RawClient waiting(server->port());
  ASSERT_TRUE(waiting.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  std::thread stop([&] { server->Stop(milliseconds{30}); });
  EXPECT_TRUE(busy.AwaitClose());
  EXPECT_TRUE(waiting.AwaitClose());
  gate.Open();
  stop.join();
  EXPECT_EQ(gate.entered(), 1);
}

TEST(HttpServerStop, FreesThePort) {
  HttpServerOptions options = Loopback();
  auto server = StartServer(options, Echo);
  options.listen_address = server->address();
  RawClient client(server->port());
  EXPECT_EQ(client.Exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
  server->Stop(seconds{5});
  EXPECT_TRUE(client.AwaitClose());
  EXPECT_NE(StartServer(options, Echo), nullptr);
}

Error StartError(const std::string& address) {
  HttpServerOptions options;
  options.listen_address = address;
  const auto server = HttpServer::Start(options, Echo);
  EXPECT_FALSE(server.has_value()) << address;
  return server ? Error{Code::kCorrupt, "started"} : server.error();
}

TEST(HttpServerStart, SaysWhyItCannotListen) {
  const auto server = StartServer(Loopback(), Echo);
  const Error in_use = StartError(server->address());
  EXPECT_EQ(in_use.code, Code::kUnavailable);
  EXPECT_EQ(in_use.message, "cannot listen on " + server->address() +
                                ": the port is in use by another program; stop that one or choose "
                                "another port");
  EXPECT_EQ(StartError("192.0.2.1:0").code, Code::kUnavailable);
  EXPECT_EQ(StartError("nonsense").code, Code::kInvalid);
  EXPECT_EQ(StartError("127.0.0.1:99999").code, Code::kInvalid);
}

TEST(HttpServerStart, ListensOnEveryKindOfAddress) {
  HttpClient client;
  for (const char* address : {"127.0.0.1:0", "localhost:0", ":0", "[::1]:0"}) {
    HttpServerOptions options;
    options.listen_address = address;
    const auto server = HttpServer::Start(options, Echo);
    ASSERT_TRUE(server.has_value()) << address << ": " << server.error().message;
    EXPECT_NE((*server)->port(), 0) << address;
    const std::string host = std::string_view(address).starts_with('[') ? "[::1]" : "127.0.0.1";
    ClientRequest request;
    request.url = "http://" + host + ":" + std::to_string((*server)->port()) + "/";
    const Result<ClientResponse> response = client.Send(request);
    ASSERT_TRUE(response.has_value()) << address << ": " << response.error().message;
    EXPECT_EQ(response->status, 200) << address;
  }
}

}  // namespace
}  // namespace nines::net
