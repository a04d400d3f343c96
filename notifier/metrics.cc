#include "notifier/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

namespace nines::notifier {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::Counter;
using prometheus::Gauge;

struct Metrics::Impl {
  explicit Impl(prometheus::Registry* registry)
      : made(BuildCounter()
                 .Name("nines_notifier_notifications_total")
                 .Help("Notifications that were put into the outbox.")
                 .Register(*registry)),
        failed(BuildCounter()
                   .Name("nines_notifier_attempts_failed_total")
                   .Help("Attempts to deliver a notification that were not answered with 2xx.")
                   .Register(*registry)),
        postponed(BuildCounter()
                      .Name("nines_notifier_flushes_postponed_total")
                      .Help("Flushes put off because the receiver is owed as much as it may be.")
                      .Register(*registry)),
        owed(BuildGauge()
                 .Name("nines_notifier_owed")
                 .Help("Notifications that are not delivered yet.")
                 .Register(*registry)),
        alerts(BuildGauge()
                   .Name("nines_notifier_alerts")
                   .Help("Alerts held, those that ended a short while ago included.")
                   .Register(*registry)
                   .Add({})) {}

  prometheus::Family<Counter>& made;
  prometheus::Family<Counter>& failed;
  prometheus::Family<Counter>& postponed;
  prometheus::Family<Gauge>& owed;
  Gauge& alerts;
  std::map<std::string, Gauge*> owed_gauges;
};

Metrics::Metrics(prometheus::Registry* registry)
    : impl_(registry == nullptr ? nullptr : std::make_unique<Impl>(registry)) {}
Metrics::~Metrics() = default;

void Metrics::NotificationMade(const std::string& receiver) {
  if (impl_) impl_->made.Add({{"receiver", receiver}}).Increment();
}

void Metrics::AttemptFailed(const std::string& receiver, std::string_view reason) {
  if (!impl_) return;
  impl_->failed.Add({{"receiver", receiver}, {"reason", std::string(reason)}}).Increment();
}

void Metrics::FlushPostponed(const std::string& receiver) {
  if (impl_) impl_->postponed.Add({{"receiver", receiver}}).Increment();
}

void Metrics::SetAlerts(size_t count) {
  if (impl_) impl_->alerts.Set(static_cast<double>(count));
}

void Metrics::SetOwed(const std::map<std::string, size_t>& by_receiver) {
  if (!impl_) return;
  auto& gauges = impl_->owed_gauges;
  for (auto it = gauges.begin(); it != gauges.end();) {
    if (by_receiver.contains(it->first)) {
      ++it;
      continue;
    }
    impl_->owed.Remove(it->second);
    it = gauges.erase(it);
  }
  for (const auto& [receiver, count] : by_receiver) {
    Gauge*& gauge = gauges[receiver];
    if (gauge == nullptr) gauge = &impl_->owed.Add({{"receiver", receiver}});
    gauge->Set(static_cast<double>(count));
  }
}

}  // namespace nines::notifier
