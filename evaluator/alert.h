#pragma once
#include <optional>
#include <span>
#include <string>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"

namespace nines::evaluator {

// An alert as it leaves the evaluator; firing while `ends_at` is empty.
struct Alert {
  Labels labels;
  Labels annotations;
  Time starts_at;               // The slot at which it began to fire.
  std::optional<Time> ends_at;  // The slot at which it ended.
  std::string generator_url;
};

// Where alerts go.  Level-triggered: the evaluator repeats what fires, and what ended until it was
// taken; the receiver merges by labels.  app binds this to the notifier.
class AlertSink {
 public:
  virtual ~AlertSink() = default;
  // Durable when it returns a value.  kUnavailable: nothing was taken; the evaluator tries again.
  virtual Result<void> Send(std::span<const Alert> alerts, Time now) = 0;
};

}  // namespace nines::evaluator
