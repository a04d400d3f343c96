#pragma once
#include <string>
#include <vector>

namespace nines::app {

struct ImportFlags {
  // One of: "openmetrics", "text", "dump" of `file`, or "" for `prometheus_url`.
  std::string format;
  std::string file;  // "-" is standard input.
  std::string prometheus_url;
  std::vector<std::string> matches;  // Selectors; none is everything.
  std::string start;                 // RFC 3339 or Unix seconds; "" is the retention ago.
  std::string end;                   // "" is now.
  std::string config_file;           // For storage.retention and the limits of labels.
  std::string storage_path = "./data";
};

// `nines import`: puts samples of a file, or of a running Prometheus, into a data directory that no
// server has open, in any order of time.  Says on standard error how far it is.  1 when it cannot
// go on: what came before the place that the error names is stored, and the same can be imported
// again.
int Import(const ImportFlags& flags);

}  // namespace nines::app
