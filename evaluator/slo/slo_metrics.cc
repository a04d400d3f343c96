#include "evaluator/slo/slo_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <string>

namespace nines::evaluator {
namespace {

prometheus::Counter& MakeCounter(prometheus::Registry& registry, const std::string& name,
                                 const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge& MakeAlertGauge(prometheus::Registry& registry, const std::string& state) {
  return prometheus::BuildGauge()
      .Name("nines_slo_alerts")
      .Help("Alerts of SLOs by state.")
      .Register(registry)
      .Add({{"state", state}});
}

}  // namespace

struct SloMetrics::Impl {
  explicit Impl(prometheus::Registry& registry)
      : evaluations(MakeCounter(registry, "nines_slo_evaluations_total", "SLOs evaluated.")),
        failures(MakeCounter(registry, "nines_slo_evaluation_failures_total",
                             "Evaluations of SLOs that the store failed.")),
        missed(MakeCounter(registry, "nines_slo_slots_missed_total",
                           "Slots that were skipped because the evaluation came too late.")),
        incomplete(MakeCounter(registry, "nines_slo_incomplete_total",
                               "Evaluations after the grace without all of their data.")),
        save_failures(MakeCounter(registry, "nines_slo_record_failures_total",
                                  "Writes of alert states that failed.")),
        send_failures(MakeCounter(registry, "nines_slo_send_failures_total",
                                  "Sends of alerts to the notifier that failed.")),
        pending(MakeAlertGauge(registry, "pending")),
        firing(MakeAlertGauge(registry, "firing")) {}

  prometheus::Counter& evaluations;
  prometheus::Counter& failures;
  prometheus::Counter& missed;
  prometheus::Counter& incomplete;
  prometheus::Counter& save_failures;
  prometheus::Counter& send_failures;
  prometheus::Gauge& pending;
  prometheus::Gauge& firing;
};

SloMetrics::SloMetrics(prometheus::Registry* registry) {
  // One for all who have none; its metrics are seen by nobody.
  static prometheus::Registry unseen;
  impl_ = std::make_unique<Impl>(registry != nullptr ? *registry : unseen);
}

SloMetrics::~SloMetrics() = default;

void SloMetrics::Evaluated() { impl_->evaluations.Increment(); }
void SloMetrics::Failed() { impl_->failures.Increment(); }
void SloMetrics::Missed(int64_t slots) { impl_->missed.Increment(static_cast<double>(slots)); }
void SloMetrics::Incomplete() { impl_->incomplete.Increment(); }
void SloMetrics::SaveFailed() { impl_->save_failures.Increment(); }
void SloMetrics::SendFailed() { impl_->send_failures.Increment(); }

void SloMetrics::SetAlerts(size_t pending, size_t firing) {
  impl_->pending.Set(static_cast<double>(pending));
  impl_->firing.Set(static_cast<double>(firing));
}

}  // namespace nines::evaluator
