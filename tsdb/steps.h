#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tsdb/packed.h"

// The one number codec of chunks: the steps from each number of a run to the next, as bits above
// their smallest ("frame of reference"), with a list of the few that would make all others wide:
// the step down at a counter reset, the step up after a gap.  Layout: tsdb/FORMAT.md, "steps".

namespace nines::tsdb {

// How a run of steps is written.  All arithmetic is modulo 2^64: a step s lies in the frame when
// s - base < 2^width as unsigned numbers.
struct StepsPlan {
  uint64_t base = 0;
  uint8_t width = 0;     // 0..64 bits a step.
  uint32_t patches = 0;  // Steps outside the frame.
  size_t bytes = 0;      // Size when written.

  // Every step is 0: the numbers are all the same.
  bool IsFlat() const { return base == 0 && width == 0 && patches == 0; }
};

// The smallest way to write `steps` among those it tries.  No steps take no bytes.
StepsPlan PlanSteps(std::span<const int64_t> steps);

// REQUIRES: `plan` is PlanSteps(steps).
void PutSteps(std::span<const int64_t> steps, const StepsPlan& plan, std::string* out);

// Reads `n` untrusted steps into `steps`, which it resizes.  Fails `in` where they are no steps,
// and then takes no memory.
void GetSteps(size_t n, PackedReader* in, std::vector<uint64_t>* steps);

}  // namespace nines::tsdb
