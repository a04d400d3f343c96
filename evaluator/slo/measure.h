#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "evaluator/slo/budget.h"
#include "evaluator/slo/spec.h"
#include "tsdb/store.h"

// Reads what one evaluation of an SLO needs: good and all events of every window, for each group.

namespace nines::evaluator {

// The windows that an SLO is evaluated over.
struct WindowPlan {
  std::vector<Duration> windows;  // Ascending, unique.
  Duration primary{0};            // Of the group's good, total and ratio: the alert's.
  Duration budget{0};             // The SLO's.

  // REQUIRES: `window` is one of `windows`.
  size_t Index(Duration window) const;
};
WindowPlan PlanOf(const Slo& slo);

struct WindowMeasure {
  bool within_retention = true;
  uint32_t samples_max = 0;  // Of the total, in the series that has most of them.
  // Sums of increases over the series that have two samples of the bucket and of the total; empty
  // where none has.
  Counts counts;
};

struct GroupMeasure {
  Labels labels;
  std::vector<WindowMeasure> windows;  // As the plan's.
  // Why a series that has data in the primary window cannot be counted (no bucket at the
  // threshold); empty where each can.  No window is counted then.
  std::string no_such_bound;
  uint32_t left_out = 0;  // Series with data in longer windows only, without the bucket.
  bool reached = true;    // All of its series have reached the slot.
  std::optional<Time> data_through;
};

// A family has reached `slot` when its newest row is not further behind than its usual spacing, or
// it is marked stale, or it has been silent for three spacings and for one evaluation interval
// (senders batch: with rows every second and a batch every five, three spacings are no silence).
// The interval also stands for the spacing of a family that has too few rows to tell.
bool HasReached(const tsdb::FamilyView& family, Time slot, Duration interval);

struct MeasureRequest {
  const Slo* slo = nullptr;
  const WindowPlan* plan = nullptr;
  Time slot{};
  Duration interval{0};  // Of evaluation.
  Duration retention{0};
};

// The groups of the families that have rows in the longest window, in order of labels.  All counts
// are of one state of the store.  Errors are the store's.
Result<std::vector<GroupMeasure>> Measure(const tsdb::Store& store,
                                          const std::vector<tsdb::FamilyView>& families,
                                          const MeasureRequest& request);

}  // namespace nines::evaluator
