#pragma once
#include <optional>
#include <string>

#include "base/labels.h"
#include "base/time.h"

namespace nines::notifier {

// An alert as the notifier keeps it.  Identity is its label set.
struct Alert {
  Labels labels;
  Labels annotations;
  Time starts_at{};
  std::optional<Time> ends_at;  // Resolved from then on.  Our own alerts have none while they fire.
  std::string generator_url;
  Time updated_at{};

  bool ResolvedAt(Time now) const { return ends_at && *ends_at <= now; }
};

}  // namespace nines::notifier
