#pragma once
#include <cstdint>
#include <memory>

namespace prometheus {
class Registry;
}

namespace nines::evaluator {

// The evaluator's own metrics, nines_slo_*.  Thread-safe.
class SloMetrics {
 public:
  // Keeps them to itself where `registry` is null.
  explicit SloMetrics(prometheus::Registry* registry);
  ~SloMetrics();

  void Evaluated();                               // nines_slo_evaluations_total
  void Failed();                                  // nines_slo_evaluation_failures_total
  void Missed(int64_t slots);                     // nines_slo_slots_missed_total
  void Incomplete();                              // nines_slo_incomplete_total
  void SaveFailed();                              // nines_slo_record_failures_total
  void SendFailed();                              // nines_slo_send_failures_total
  void SetAlerts(size_t pending, size_t firing);  // nines_slo_alerts{state}

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nines::evaluator
