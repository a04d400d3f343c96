#pragma once
#include <span>
#include <vector>

#include "tsdb/family.h"
#include "tsdb/sample.h"

namespace nines::tsdb {

// What the range functions need to know of one column in a left-open window (from, to]: Prometheus
// 3's window.  Stale markers are not samples here, and do not break a series that goes on.
// Combines: the window of two adjoining ranges is Append() of theirs.
struct Window {
  uint32_t count = 0;  // Samples; `first` and `last` mean something when it is > 0.
  Sample first{};
  Sample last{};
  std::vector<double> resets;  // The value before each drop (next < previous), in time order.

  // Adds one sample.  REQUIRES: `sample.at` is after `last.at`.
  void Add(const Sample& sample);
  // Adds a later window whole.
  void Append(const Window& later);

  bool operator==(const Window&) const;
};

struct WindowQuery {
  ColumnId column;
  Time from;  // Exclusive.
  Time to;    // Inclusive.
};

}  // namespace nines::tsdb
