#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "evaluator/slo/spec.h"
#include "ingest/rules.h"
#include "ingest/write_handler.h"
#include "notifier/config.h"
#include "tsdb/store.h"

namespace nines::app {

// nines.yml and the SLO files that it names, read and checked as one.  What each key means stands
// in docs/configuration.md, which a test holds against the loader.
struct Config {
  // global
  Duration evaluation_interval = std::chrono::minutes{1};
  Labels external_labels;
  // storage
  Duration retention = std::chrono::hours{24 * 35};
  uint64_t retention_bytes = 0;
  Duration out_of_order_window = std::chrono::minutes{30};
  Duration checkpoint_interval = std::chrono::minutes{30};
  tsdb::MinFree min_free;
  tsdb::SyncMode sync = tsdb::SyncMode::kAlways;
  uint32_t exemplars = 100'000;
  uint32_t metadata = 100'000;  // ingest.limits.metadata
  // ingest
  ingest::Limits limits;
  uint32_t series_max = 5'000'000;
  uint64_t in_flight_bytes_max = uint64_t{256} << 20;
  ingest::Rules rules;
  // web
  std::string external_url;  // "" stands for http://LISTEN-ADDRESS.
  // slo_files, consumers
  std::vector<evaluator::Slo> slos;
  std::vector<notifier::Consumer> consumers;

  // Which consumers each SLO names.
  std::map<std::string, std::vector<std::string>> promises() const;
};

// Reads `path` and every file that its `slo_files` match (globs, relative to the folder of `path`).
// Errors name file, line and key; nothing is half read.  An empty path is an empty configuration.
Result<Config> LoadConfig(const std::string& path);

// kInvalid: `to` changes a key that is fixed while the program runs; names it.
Result<void> CheckReloadable(const Config& from, const Config& to);

}  // namespace nines::app
