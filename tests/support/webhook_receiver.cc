#include "tests/support/webhook_receiver.h"

#include <utility>

#include "base/check.h"

namespace nines::test {
namespace {

constexpr Duration kStopGrace = std::chrono::seconds{5};

}  // namespace

WebhookReceiver::WebhookReceiver() : address_("127.0.0.1:0") {
  SetStatus(200);
  Up();
  address_ = server_->address();
}

WebhookReceiver::~WebhookReceiver() { Down(); }

std::string WebhookReceiver::Url(std::string_view path) const {
  return "http://" + address_ + std::string(path);
}

void WebhookReceiver::SetBehaviour(Behaviour behaviour) {
  std::lock_guard lock(mutex_);
  behaviour_ = std::move(behaviour);
}

void WebhookReceiver::SetStatus(int status) {
  SetBehaviour([status](const net::HttpRequest&) { return net::HttpResponse::Text(status, ""); });
}

void WebhookReceiver::Down() {
  if (server_) server_->Stop(kStopGrace);
  server_.reset();
}

void WebhookReceiver::Up() {
  CHECK(!server_);
  net::HttpServerOptions options;
  options.listen_address = address_;
  auto server = net::HttpServer::Start(
      options, [this](const net::HttpRequest& request) { return Receive(request); });
  CHECK(server.has_value());
  server_ = std::move(*server);
}

bool WebhookReceiver::WaitFor(size_t count, Duration timeout) {
  std::unique_lock lock(mutex_);
  return arrived_.wait_for(lock, timeout, [&] { return requests_.size() >= count; });
}

std::vector<net::HttpRequest> WebhookReceiver::Requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

size_t WebhookReceiver::Count() const {
  std::lock_guard lock(mutex_);
  return requests_.size();
}

void WebhookReceiver::Clear() {
  std::lock_guard lock(mutex_);
  requests_.clear();
}

net::HttpResponse WebhookReceiver::Receive(const net::HttpRequest& request) {
  Behaviour behaviour;
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
    behaviour = behaviour_;
    arrived_.notify_all();
  }
  return behaviour(request);
}

}  // namespace nines::test
