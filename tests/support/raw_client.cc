#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace nines::test {
namespace {

constexpr int kWaitMs = 10'000;

}  // namespace

RawClient::RawClient(uint16_t port) : RawClient(port, "127.0.0.1") {}

RawClient::RawClient(uint16_t port, const std::string& from) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(fd_ >= 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  CHECK(inet_pton(AF_INET, from.c_str(), &own.sin_addr) == 1);
  CHECK(bind(fd_, reinterpret_cast<sockaddr*>(&own), sizeof(own)) == 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
}

RawClient::~RawClient() { close(fd_); }

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (poll(&ready, 1, kWaitMs) <= 0) return false;
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

void RawClient::ShutdownSend() { shutdown(fd_, SHUT_WR); }

bool RawClient::Fill() {
  pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, kWaitMs) <= 0) return false;
  std::array<char, 65536> chunk{};
  const ssize_t n = recv(fd_, chunk.data(), chunk.size(), 0);
  if (n <= 0) return false;
  buffer_.append(chunk.data(), static_cast<size_t>(n));
  return true;
}

std::optional<RawResponse> RawClient::ReadHead() {
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return std::nullopt;
  }
  RawResponse response;
  response.head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  if (response.head.starts_with("HTTP/1.1 ")) response.status = atoi(response.head.c_str() + 9);
  return response;
}

std::optional<RawResponse> RawClient::Read() {
  std::optional<RawResponse> response = ReadHead();
  if (!response) return std::nullopt;
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const size_t at = response->head.find(kLength);
  if (at == std::string::npos) return response;
  const size_t length = strtoull(response->head.c_str() + at + kLength.size(), nullptr, 10);
  while (buffer_.size() < length) {
    if (!Fill()) return std::nullopt;
  }
  response->body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return response;
}

RawResponse RawClient::Exchange(std::string_view bytes) {
  (void)Send(bytes);  // A refusal may come, and the connection close, before all is sent.
  return Read().value_or(RawResponse());
}

bool RawClient::AwaitClose() {
  if (!buffer_.empty()) return false;
  pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
  return poll(&ready, 1, kWaitMs) > 0 && !Fill();
}

}  // namespace nines::test
