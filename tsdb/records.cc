#include "tsdb/records.h"

#include <map>
#include <mutex>

#include "tsdb/store.h"

namespace nines::tsdb {
namespace {

class InMemoryRecords final : public Records {
 public:
  Result<void> Write(std::span<const Change> changes) override {
    const std::lock_guard lock(mutex_);
    for (const Change& change : changes) {
      if (change.value) {
        records_[change.key] = *change.value;
      } else {
        records_.erase(change.key);
      }
    }
    return {};
  }

  Result<std::vector<std::pair<std::string, std::string>>> Scan(
      std::string_view prefix) const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, std::string>> found;
    for (auto at = records_.lower_bound(prefix);
         at != records_.end() && at->first.starts_with(prefix); ++at) {
      found.emplace_back(*at);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> records_;  // Guarded by mutex_.
};

}  // namespace

std::unique_ptr<Records> MemoryRecords() { return std::make_unique<InMemoryRecords>(); }

}  // namespace nines::tsdb
