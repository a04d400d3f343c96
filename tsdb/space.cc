#include "tsdb/space.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <string>

namespace nines::tsdb {
namespace {

constexpr Duration kAskEvery = std::chrono::seconds{1};

std::optional<DiskSpace> AskSystem(const std::string& path) {
  struct statvfs found {};
  if (statvfs(path.c_str(), &found) != 0) return std::nullopt;
  const uint64_t block = found.f_frsize;
  // Blocks that only root may take are not free for us.
  return DiskSpace{.free = found.f_bavail * block, .total = found.f_blocks * block};
}

}  // namespace

Result<void> SpaceGuard::Check(Time now) {
  const std::lock_guard lock(mutex_);
  // A clock that was set back must not keep an old answer alive.
  if (asked_ && now >= *asked_ && now - *asked_ < kAskEvery) return answer_;
  asked_ = now;
  answer_ = Ask();
  return answer_;
}

Result<void> SpaceGuard::Ask() const {
  std::optional<DiskSpace> space;
  if (options_->disk_space) {
    space = options_->disk_space(options_->path);
  } else if (options_->env == nullptr) {
    space = AskSystem(options_->path);
  }
  if (!space) return {};
  metrics_->SetDiskFree(space->free);
  const MinFree& min = options_->min_free;
  const double share = static_cast<double>(space->total) / 100 * min.percent;
  const uint64_t needed = std::min(min.bytes, static_cast<uint64_t>(share));
  if (space->free >= needed) return {};
  return Error{Code::kUnavailable, "the file system of " + options_->path + " has " +
                                       std::to_string(space->free) +
                                       " bytes free, below the minimum of " +
                                       std::to_string(needed) + " (storage.min_free)"};
}

}  // namespace nines::tsdb
