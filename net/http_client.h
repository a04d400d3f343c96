#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/http_server.h"

namespace nines::net {

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http or https.
  Headers headers = {};
  std::string body = {};
  Duration timeout = std::chrono::seconds{10};  // Whole: resolve, connect, send, receive.
  size_t response_bytes_max = size_t{1} << 20;  // Beyond it: kExhausted.
};

struct ClientResponse {
  int status = 0;
  Headers headers = {};
  std::string body = {};
};

// Sends requests with libcurl, following no redirects and no proxy of the environment.  Blocks:
// call from a worker thread.  Connections are kept and reused.  Safe for concurrent use; each call
// in flight has its own handle.  The first one makes the process ignore SIGPIPE, which TLS can
// raise.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();

  // Any status is a value.  kInvalid: the URL; kUnavailable: no connection, timeout, broken reply,
  // with libcurl's reason and the URL (user, password and query left out: they can be secrets).
  Result<ClientResponse> Send(const ClientRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What a URL is checked for at load: http or https, a host.  kInvalid says what is wrong.
Result<void> CheckUrl(const std::string& url);

}  // namespace nines::net
