#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "evaluator/alert.h"
#include "evaluator/slo/spec.h"
#include "evaluator/slo/status.h"
#include "tsdb/store.h"

namespace prometheus {
class Registry;
}

namespace nines::evaluator {

// Evaluates SLOs on their slots and keeps their alerts.  The maths: evaluator/SLO.md.
//
// A slot is a whole multiple of the evaluation interval, and everything that an evaluation computes
// is for its slot: windows end there, alerts pend, fire and end there.  `now` only decides when it
// is done: once every series of the SLO has reached the slot, at the latest one interval after it
// (the groups that lack data then say so).  Slots missed in a stall are skipped and counted.
//
// Durable: the state of alerts is in the store's records before the sink hears of it, and what
// ended stays there until the sink has taken it.
//
// Thread-safe: one thread calls Tick(); SetSlos(), Status() and ActiveAlerts() may be called by
// any. Tick() and SetSlos() read and write the store and call the sink, which must not call back.
class SloEvaluator {
 public:
  struct Options {
    tsdb::Store* store = nullptr;              // Not owned.
    AlertSink* sink = nullptr;                 // Not owned.
    Duration retention{0};                     // The store's.
    prometheus::Registry* registry = nullptr;  // nines_slo_*.  Not owned; may be null.
  };

  // What a reload can change.
  struct Settings {
    std::vector<Slo> slos;
    Duration evaluation_interval = std::chrono::seconds{15};
    Labels external_labels;    // Added to alerts where there is none of that name.
    std::string external_url;  // Begins the generator URL; without a slash at its end.
  };

  // While a slot waits for its data, Tick() asks to be called again after this.
  static constexpr Duration kPollInterval = std::chrono::milliseconds{100};

  // Restores the alerts.  They stay as they are until the first SetSlos().  kCorrupt: a record
  // cannot be read; kUnavailable: the store.
  static Result<std::unique_ptr<SloEvaluator>> Open(const Options& options);
  ~SloEvaluator();

  // Replaces the settings.  SLOs are the same by name, and keep the state of their alerts; an
  // alert whose SLO, kind or group_by is gone ends, which the sink is told at the next Tick().
  // kInvalid: two SLOs of one name, an interval that is not positive; nothing is changed then.
  Result<void> SetSlos(Settings settings, Time now);

  // Evaluates what is due and tells the sink.  Returns when to call it next: after `now`.  Failures
  // of the store and of the sink are logged, counted, and tried again.
  Time Tick(Time now);

  // As of the last Tick(), in order of names.
  std::vector<SloStatus> Status() const;

  // Alerts of that status that are pending or fire.
  std::vector<AlertStatus> ActiveAlerts() const;

 private:
  struct Impl;
  explicit SloEvaluator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nines::evaluator
