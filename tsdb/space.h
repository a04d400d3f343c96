#pragma once
#include <mutex>
#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "tsdb/metrics.h"
#include "tsdb/store.h"

namespace nines::tsdb {

// Says when the file system of the data has too little room for more samples, while there is still
// enough for checkpoints, compaction and records.  Thread-safe.
class SpaceGuard {
 public:
  // Both must outlive this.
  SpaceGuard(const Options* options, Metrics* metrics) : options_(options), metrics_(metrics) {}

  // kUnavailable below the minimum: names the path, what is free and the minimum.  Asks the system
  // when a second has passed since the last answer, and takes that answer until then.  Where the
  // system cannot tell, nothing is refused.
  Result<void> Check(Time now);

 private:
  Result<void> Ask() const;

  const Options* options_;
  Metrics* metrics_;
  std::mutex mutex_;
  std::optional<Time> asked_;  // Guarded by mutex_, as is answer_.
  Result<void> answer_;
};

}  // namespace nines::tsdb
