#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "notifier/notifier.h"

namespace nines::notifier {

struct DispatcherOptions {
  int sender_threads = 4;  // Attempts at one time; one receiver has at most half of them, or one.
  std::string version;     // Of Nines, for User-Agent.
};

// The notifier's shell: a thread that drives a Notifier by the clock, and a pool that sends with
// libcurl (what is sent: delivery.h).  Safe for concurrent use.
class Dispatcher {
 public:
  // Owns `notifier`; `clock` must outlive it.
  Dispatcher(std::unique_ptr<Notifier> notifier, const Clock* clock,
             const DispatcherOptions& options);
  // Lets attempts in flight end (each has its timeout); what is owed stays owed on disk.
  ~Dispatcher();

  // As Notifier's.
  Result<void> Post(std::span<const Alert> alerts, Time now);
  Result<void> SetConfig(const Config& config, Time now);
  std::vector<Alert> alerts() const;
  std::vector<Notification> owed() const;
  std::vector<Notification> delivered() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nines::notifier
