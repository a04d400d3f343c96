#pragma once
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "evaluator/slo/spec.h"
#include "tsdb/store.h"

// Says in words why an SLO has nothing to count.

namespace nines::evaluator {

// "the threshold 500ms (0.5) is no bucket bound of x{…}: the nearest bounds are 0.4 and 0.6".
// REQUIRES: `family` lacks the bucket at the threshold, or both _count and the +Inf bucket.
std::string ExplainNoSuchBound(const LatencyIndicator& latency, const tsdb::FamilyView& family);

// The bucket is known but the window has too few samples of it, although the histogram goes on.
std::string ExplainLostBucket(const LatencyIndicator& latency, Duration window);

// No family matches: what was looked for, and what there is of that name with other labels, or
// under a name that is near it.  Errors are the store's.
Result<std::string> ExplainNoFamily(const tsdb::Store& store, const LatencyIndicator& latency);

}  // namespace nines::evaluator
