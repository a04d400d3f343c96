#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/time.h"
#include "tests/support/remote_write.h"

namespace nines::test {

// A classic histogram as an instrumented program keeps it.  Not synchronised.
class HistogramCounter {
 public:
  // `base_labels` are those of every series, without `__name__` and `le`.  `bounds` are the texts
  // of `le`, ascending, without "+Inf"; they are sent as they are spelt here.
  HistogramCounter(std::string name, Labels base_labels, std::vector<std::string> bounds);

  void Observe(double value);
  void ObserveMany(double value, uint64_t times);

  // All to zero, as after a restart of the program.
  void Reset();

  uint64_t count() const { return count_; }
  double sum() const { return sum_; }

  // `<name>_bucket` for every bound and "+Inf", `<name>_sum`, `<name>_count`, each with one sample
  // of the counts so far at `time`.
  std::vector<TestSeries> At(Time time) const;

 private:
  std::string name_;
  Labels base_labels_;
  std::vector<std::string> bounds_;
  std::vector<double> limits_;    // The bounds as numbers.
  std::vector<uint64_t> counts_;  // Observations up to each bound: cumulative.
  uint64_t count_ = 0;
  double sum_ = 0;
};

}  // namespace nines::test
