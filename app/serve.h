#pragma once
#include <string>

namespace rocksdb {
class Env;
}

namespace nines::app {

struct ServeFlags {
  std::string config_file;
  std::string storage_path = "./data";
  std::string listen_address = "127.0.0.1:9099";
  bool enable_admin_api = false;
  std::string log_level = "info";
  std::string log_format = "logfmt";
  rocksdb::Env* storage_env = nullptr;  // A test's disk.
};

// `nines serve`: runs until SIGTERM or SIGINT (0), reloads on SIGHUP; 1 when it cannot start, when
// the disk failed for good (a supervisor starts it again), or when not all could be flushed.
int Serve(const ServeFlags& flags);

}  // namespace nines::app
