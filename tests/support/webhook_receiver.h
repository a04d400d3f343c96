#pragma once
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "net/http_server.h"

namespace nines::test {

// A consumer of webhooks: an HTTP server on a port of its own that records every request and
// answers as it is told to, 200 with an empty body at first.  Thread-safe.
class WebhookReceiver {
 public:
  using Behaviour = std::function<net::HttpResponse(const net::HttpRequest&)>;

  WebhookReceiver();
  ~WebhookReceiver();

  // "http://127.0.0.1:PORT" + path; the same after Down() and Up().
  std::string Url(std::string_view path) const;

  // For the requests that arrive from now on.  A behaviour runs on any of several threads, after
  // its request was recorded, and may block.
  void SetBehaviour(Behaviour behaviour);
  void SetStatus(int status);

  // Nothing listens on the port between Down() and Up().  Down() waits for running behaviours.
  void Down();
  void Up();

  // Whether `count` requests or more have arrived since the start or the last Clear(), waiting for
  // them up to `timeout`.
  bool WaitFor(size_t count, Duration timeout);

  // In the order of their arrival.
  std::vector<net::HttpRequest> Requests() const;
  size_t Count() const;
  void Clear();

 private:
  net::HttpResponse Receive(const net::HttpRequest& request);

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<net::HttpRequest> requests_;  // Guarded by mutex_, as is behaviour_.
  Behaviour behaviour_;
  std::string address_;                      // Constant after construction.
  std::unique_ptr<net::HttpServer> server_;  // The last member: its threads use the others.
};

}  // namespace nines::test
