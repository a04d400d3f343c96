#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace rocksdb {
class Env;
}

namespace nines::app {

struct ServerOptions {
  std::string config_file;  // "": no configuration.
  std::string storage_path;
  std::string listen_address;
  bool enable_admin_api = false;
  const Clock* clock = nullptr;  // Must outlive the server.
  // Called once, by a thread of the server, when only a restart of the program can help: the disk
  // failed and nothing is written any more.  Must not call the server.
  std::function<void(const std::string& why)> on_fatal = {};
  rocksdb::Env* storage_env = nullptr;  // A test's disk.  Must outlive the server.
};

// The whole program but for its flags and signals: opens the store, wires the rooms, runs their
// threads.  Embeddable in a test.  Safe for concurrent use.
class Server {
 public:
  // Everything that can be wrong is found here, before a request is taken: the configuration, the
  // data, the address.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options);
  ~Server();

  // "127.0.0.1:43121", with the real port.
  const std::string& address() const;

  // Reads the configuration again and takes all of it or nothing; logs the outcome.
  // kInvalid: what is wrong with it, or a key that needs a restart.
  Result<void> Reload();

  // Stops taking requests, finishes those in flight, ends all threads, flushes.  Idempotent.
  Result<void> Stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nines::app
