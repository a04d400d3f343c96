#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nines::test {

struct RawResponse {
  int status = 0;
  std::string head;  // With the empty line.
  std::string body;
};

// A TCP connection that sends what a well-behaved client would not.  Every wait ends after ten
// seconds at the latest.  Not synchronised.
class RawClient {
 public:
  explicit RawClient(uint16_t port);  // Of 127.0.0.1.
  // The same as another client: `from` is an address of 127.0.0.0/8.
  RawClient(uint16_t port, const std::string& from);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // false: the connection is broken.
  bool Send(std::string_view bytes);
  void ShutdownSend();

  // The next response, its body by Content-Length; nullopt: closed, broken or nothing came.
  std::optional<RawResponse> Read();
  // As Read(), for the answer to a HEAD request or an interim one.
  std::optional<RawResponse> ReadHead();

  // Sends and reads the one answer; status 0 where none came.
  RawResponse Exchange(std::string_view bytes);

  // Whether the peer closes, or resets, with nothing more to read.
  bool AwaitClose();

 private:
  bool Fill();  // Reads more; false: no more.

  int fd_ = -1;
  std::string buffer_;
};

}  // namespace nines::test
