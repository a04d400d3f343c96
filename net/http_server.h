#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace nines::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The value of the first header of that name (any case), or "".
std::string_view FindHeader(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // Percent-decoded, without the query: "/api/v1/slos/a b".
  std::string query;   // As sent, without '?'.
  Headers headers;
  std::string body;
  std::string remote;  // "127.0.0.1:40312"
  std::string
      client;  // Who shares a client's limits: its IPv4 address, or the first 64 bits of IPv6.
};

struct HttpResponse {
  int status = 200;
  Headers headers;  // Content-Type belongs here; Content-Length, Date, Connection are set by us.
  std::string body;

  static HttpResponse Text(int status, std::string body);  // text/plain; charset=utf-8
  static HttpResponse Json(int status, std::string body);
};

// What the server does besides answering.  Atomic, so that anybody may read it at any time.
struct HttpServerCounters {
  std::atomic<uint64_t> connections{0};      // Now.
  std::atomic<uint64_t> in_flight_bytes{0};  // Now.
  // Refused since the start, for the limit of that name.
  std::atomic<uint64_t> refused_connections{0};
  std::atomic<uint64_t> refused_in_flight{0};
  std::atomic<uint64_t> refused_queue{0};
  std::atomic<uint64_t> refused_client_queue{0};
};

struct HttpServerOptions {
  // host:port; port 0 picks a free one.  "[::1]:9099"; ":9099" is every interface, IPv4 and IPv6.
  std::string listen_address = "127.0.0.1:9099";
  int reactor_threads = 1;
  int worker_threads = 5;
  // How many of them work for one client at once, so that another one finds a thread.
  int client_workers_max = 4;
  size_t body_bytes_max = size_t{32} << 20;    // Beyond it: 413, the body is not read.
  size_t header_bytes_max = size_t{64} << 10;  // Beyond it: 431.
  // Bodies that are being read, wait or are being handled, all together; the shares of clients are
  // FairShare's (net/fair_share.h).  Beyond it: 429 with Retry-After, the body is not read.
  uint64_t in_flight_bytes_max = uint64_t{256} << 20;
  // Likewise in shares.  Beyond it: a new connection is closed at once.
  size_t connections_max = 1024;
  size_t queued_requests_max = 1024;        // Read but not begun; beyond it: 503, Retry-After.
  size_t client_queued_requests_max = 512;  // Of one client; beyond it: 429, Retry-After.
  // From a request's first byte to its last, and for writing an answer; beyond it the connection is
  // closed.
  Duration read_timeout = std::chrono::seconds{60};
  Duration idle_timeout = std::chrono::minutes{5};  // Between requests.
  HttpServerCounters* counters = nullptr;           // Must outlive the server; may be null.
};

// An HTTP/1.1 server (Beast): keep-alive, chunked and Content-Length bodies, Expect: 100-continue,
// HEAD answered as GET without its body (the handler sees GET).  A request with both Content-Length
// and Transfer-Encoding is refused with 400 (smuggling), as are all that proxies read differently.
//
// Reactor threads read and write sockets; `handler` runs on a fixed pool of workers and may block.
// An exception that escapes it is our bug and answers 500.  Requests of one connection are handled
// one after another, those of one client in their order, and clients take turns
// (net/worker_pool.h). A connection holds at most its header and body limits in memory, twice while
// a body grows, and the answer.
class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // Listens and serves until Stop() or destruction.  kInvalid: the address; kUnavailable: it cannot
  // be bound, with the reason in words.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                   Handler handler);
  ~HttpServer();

  // "127.0.0.1:43121", with the real port.
  const std::string& address() const;
  uint16_t port() const;

  // Stops accepting, closes idle connections, lets requests of which a byte was read be answered
  // (at most `grace`), closes all connections.  Requests that no worker has begun by then are
  // dropped; a handler that runs is waited for.  Idempotent.
  // REQUIRES: not called from a handler.
  void Stop(Duration grace);

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A query string or an application/x-www-form-urlencoded body, decoded, in order.
// `a=1&a=2&b=` -> {a,1} {a,2} {b,""}.  An escape that is none stays as it is.
std::vector<std::pair<std::string, std::string>> ParseForm(std::string_view text);

}  // namespace nines::net
