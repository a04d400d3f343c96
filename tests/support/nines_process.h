#pragma once
#include <memory>
#include <string>

#include "net/http_client.h"
#include "tests/support/process.h"

namespace nines::test {

// The real program as a child, on a port that stays the same over its restarts.
class NinesProcess {
 public:
  // `program` is build/…/nines; `folder` holds its data ("data") and, where there is one, its
  // configuration ("nines.yml").
  NinesProcess(std::string program, std::string folder);

  // Starts it and waits until it is ready; fails the test with its log when it is not.
  void Start();
  void Kill9();
  void Signal(int signal) { process_->Kill(signal); }
  // SIGTERM; its exit status.
  int Terminate();

  const std::string& url() const { return url_; }
  std::string data_path() const { return folder_ + "/data"; }
  std::string log() const { return process_ ? process_->Output() : ""; }

  // GET; the body, or "" where there is no answer.
  std::string Get(const std::string& path);
  net::HttpClient& client() { return client_; }

 private:
  std::string program_;
  std::string folder_;
  std::string address_;
  std::string url_;
  net::HttpClient client_;
  std::unique_ptr<Process> process_;
};

}  // namespace nines::test
