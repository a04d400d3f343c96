#pragma once
#include <string>

namespace nines::app {

struct ServeFlags {
  std::string config_file;
  std::string storage_path = "./data";
  std::string listen_address = "127.0.0.1:9099";
  std::string log_level = "info";
  std::string log_format = "logfmt";
};

// `nines serve`: runs until SIGTERM or SIGINT (0), reloads on SIGHUP; 1 when it cannot start.
int Serve(const ServeFlags& flags);

}  // namespace nines::app
