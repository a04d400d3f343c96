#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace prometheus {
class Registry;
}

namespace nines::notifier {

// nines_notifier_*: see metrics.cc.  Does nothing when the registry is null.  Not thread-safe, but
// the registry may be read at any time.
class Metrics {
 public:
  explicit Metrics(prometheus::Registry* registry);
  ~Metrics();

  void NotificationMade(const std::string& receiver);
  void AttemptFailed(const std::string& receiver, std::string_view reason);
  void FlushPostponed(const std::string& receiver);
  void SetAlerts(size_t count);
  // One number for every receiver that there is; the gauges of others are removed.
  void SetOwed(const std::map<std::string, size_t>& by_receiver);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nines::notifier
