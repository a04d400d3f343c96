#pragma once
#include <cstdint>
#include <mutex>
#include <set>
#include <string>

#include "tsdb/metrics.h"

namespace nines::tsdb {

// What was found damaged in partitions.  Whoever finds it goes on without it, as if it had never
// been written; it is told once, in the log and in a metric.  Thread-safe.
class Quarantine {
 public:
  explicit Quarantine(Metrics* metrics) : metrics_(metrics) {}

  // `partition` and `key`: where, in words.  `what` tells one damage from another there.
  void Note(const std::string& partition, const std::string& key, const std::string& what);

 private:
  Metrics* metrics_;
  std::mutex mutex_;
  std::set<std::string> noted_;  // Guarded by mutex_.
};

}  // namespace nines::tsdb
