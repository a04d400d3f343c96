#include "tsdb/quarantine.h"

#include "base/log.h"

namespace nines::tsdb {

void Quarantine::Note(const std::string& partition, const std::string& key,
                      const std::string& what) {
  {
    const std::lock_guard lock(mutex_);
    if (!noted_.insert(partition + " " + what).second) return;
  }
  metrics_->AddCorruptFragment();
  log::Error("damaged data is left out, the rest is readable",
             {{"partition", partition}, {"key", key}, {"err", what}});
}

}  // namespace nines::tsdb
