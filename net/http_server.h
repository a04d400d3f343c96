#pragma once
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
};

struct HttpResponse {
  int status = 200;
  Headers headers;  // Content-Type belongs here; Content-Length, Date, Connection are set by us.
  std::string body;

  static HttpResponse Text(int status, std::string body);  // text/plain; charset=utf-8
  static HttpResponse Json(int status, std::string body);
};

struct HttpServerOptions {
  // host:port; port 0 picks a free one.  "[::1]:9099"; ":9099" is every interface, IPv4 and IPv6.
  std::string listen_address = "127.0.0.1:9099";
  int reactor_threads = 1;
  int worker_threads = 4;
  size_t body_bytes_max = size_t{32} << 20;    // Beyond it: 413, the body is not read.
  size_t header_bytes_max = size_t{64} << 10;  // Beyond it: 431.
  size_t connections_max = 1024;               // Beyond it: a new connection is closed at once.
  size_t queued_requests_max = 1024;           // Read but not begun; beyond it: 503, Retry-After.
  // From a request's first byte to its last, and for writing an answer; beyond it the connection is
  // closed.
  Duration read_timeout = std::chrono::seconds{60};
  Duration idle_timeout = std::chrono::minutes{5};  // Between requests.
};

// An HTTP/1.1 server (Beast): keep-alive, chunked and Content-Length bodies, Expect: 100-continue,
// HEAD answered as GET without its body (the handler sees GET).  A request with both Content-Length
// and Transfer-Encoding is refused with 400 (smuggling), as are all that proxies read differently.
//
// Reactor threads read and write sockets; `handler` runs on a fixed pool of workers and may block.
// An exception that escapes it is our bug and answers 500.  Requests of one connection are handled
// one after another.  A connection holds at most its header and body limits in memory, twice while
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
