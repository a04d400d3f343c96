#include "evaluator/slo/slo_evaluator.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "base/duration.h"
#include "base/log.h"
#include "evaluator/slo/alert_book.h"
#include "evaluator/slo/diagnose.h"
#include "evaluator/slo/judge.h"
#include "evaluator/slo/measure.h"
#include "evaluator/slo/slo_alerts.h"
#include "evaluator/slo/slo_metrics.h"

namespace nines::evaluator {
namespace {

// One SLO between its evaluations.
struct Running {
  Slo slo;
  WindowPlan plan;
  Time next_slot{};
  std::shared_ptr<const SloStatus> status;
};

Time FloorSlot(Time at, Duration interval) {
  return Time(at.time_since_epoch() - at.time_since_epoch() % interval);
}

std::vector<std::string> Sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

// What of a status the specification says.
void Describe(const Slo& slo, const WindowPlan& plan, Duration interval, SloStatus* status) {
  status->id = slo.name;
  status->name = slo.name;
  status->service = slo.service;
  status->objective = slo.objective;
  status->window = FormatDuration(slo.window);
  status->alert_window = FormatDuration(plan.primary);
  status->indicator = "latency";
  status->histogram = slo.latency.histogram;
  status->selector = slo.latency.selector;
  status->threshold = slo.latency.threshold;
  status->consumers = slo.consumers;
  status->evaluation_interval = interval;
}

AlertStatus StatusOf(const SloAlert& alert, const AlertState& state, std::optional<double> value) {
  return {.name = alert.name,
          .state = state.state,
          .active_since = state.active_since,
          .fired_at = state.fired_at,
          .keep_firing_since = state.keep_since,
          .labels = alert.labels,
          .annotations = alert.annotations,
          .value = value};
}

// The condition of an SLO is that of its worst group; the message says which one it is.
void SummariseGroups(SloStatus* status) {
  const GroupStatus* worst = nullptr;
  for (const GroupStatus& group : status->groups) {
    if (!worst || Worse(group.condition, worst->condition)) worst = &group;
  }
  if (!worst) return;
  status->condition = worst->condition;
  status->message = worst->message;
  if (!worst->message.empty() && status->groups.size() > 1) {
    status->message = worst->labels.ToString() + ": " + worst->message;
  }
}

}  // namespace

struct SloEvaluator::Impl {
  Impl(const Options& o, AlertBook b) : options(o), book(std::move(b)), metrics(o.registry) {}

  Running Start(Slo slo, const Settings& next, Time now) const;
  Time Advance(Running& running, Time now);
  void SkipMissed(Running& running, Time now);
  Result<void> Evaluate(Running& running, const std::vector<tsdb::FamilyView>& families, Time slot);
  GroupStatus EvaluateGroup(const Running& running, const GroupMeasure& measure, Time slot);
  void AddVanished(const Running& running, std::vector<GroupMeasure>* groups) const;
  void ReportFailure(Running& running, const Error& error, Time slot);
  void SaveAndDeliver(Time now);
  void Publish();

  const Options options;

  // Guards what Tick() and SetSlos() change; held while they read the store and call the sink.
  std::mutex mutex;
  AlertBook book;
  Settings settings;             // Its slos have been moved into `running`.
  std::vector<Running> running;  // In order of names.
  SloMetrics metrics;

  // Guards what readers see; never held for long.
  mutable std::mutex published_mutex;
  std::vector<std::shared_ptr<const SloStatus>> published;
};

Running SloEvaluator::Impl::Start(Slo slo, const Settings& next, Time now) const {
  Running fresh;
  fresh.plan = PlanOf(slo);
  fresh.next_slot = FloorSlot(now, next.evaluation_interval);
  SloStatus status;
  status.message = "not evaluated yet";
  const auto old = std::find_if(running.begin(), running.end(), [&](const Running& candidate) {
    return candidate.slo.name == slo.name;
  });
  if (old != running.end()) {
    status = *old->status;
    if (status.evaluated_at) {
      fresh.next_slot =
          FloorSlot(*status.evaluated_at, next.evaluation_interval) + next.evaluation_interval;
    }
  }
  Describe(slo, fresh.plan, next.evaluation_interval, &status);
  fresh.status = std::make_shared<const SloStatus>(std::move(status));
  fresh.slo = std::move(slo);
  return fresh;
}

// A slot that still waits when its successor has waited in full has been missed.
void SloEvaluator::Impl::SkipMissed(Running& run, Time now) {
  const Duration interval = settings.evaluation_interval;
  const Time newest = FloorSlot(now, interval);
  if (run.next_slot > newest + interval) {
    run.next_slot = newest + interval;  // The machine's clock was set back.
  }
  if (now - run.next_slot < 2 * interval) return;
  metrics.Missed((newest - run.next_slot) / interval);
  run.next_slot = newest;
}

// Evaluates the slots of one SLO that are due, and returns when the next one is.
Time SloEvaluator::Impl::Advance(Running& run, Time now) {
  const Duration interval = settings.evaluation_interval;
  SkipMissed(run, now);
  while (run.next_slot <= now) {
    const Time slot = run.next_slot;
    const auto families =
        options.store->Families(run.slo.latency.histogram, run.slo.latency.matchers);
    if (families) {
      const bool reached = std::all_of(
          families->begin(), families->end(),
          [&](const tsdb::FamilyView& family) { return HasReached(family, slot, interval); });
      const Time grace_ends = slot + interval;
      if (!reached && now < grace_ends) return std::min(now + kPollInterval, grace_ends);
      if (!reached) metrics.Incomplete();
    }
    const Result<void> evaluated =
        families ? Evaluate(run, *families, slot) : Result<void>(families.error());
    if (!evaluated) ReportFailure(run, evaluated.error(), slot);
    run.next_slot = slot + interval;
  }
  return run.next_slot;
}

// The states of alerts are left as they are.
void SloEvaluator::Impl::ReportFailure(Running& run, const Error& error, Time slot) {
  metrics.Failed();
  log::Error("an SLO could not be evaluated",
             {{"slo", run.slo.name}, {"slot", FormatRfc3339Ms(slot)}, {"error", error.message}});
  SloStatus status = *run.status;
  status.message = "not evaluated at " + FormatRfc3339Ms(slot) + ": " + error.message;
  run.status = std::make_shared<const SloStatus>(std::move(status));
}

Result<void> SloEvaluator::Impl::Evaluate(Running& run,
                                          const std::vector<tsdb::FamilyView>& families,
                                          Time slot) {
  auto measured = Measure(*options.store, families,
                          {.slo = &run.slo,
                           .plan = &run.plan,
                           .slot = slot,
                           .interval = settings.evaluation_interval,
                           .retention = options.retention});
  if (!measured) return measured.error();
  std::vector<GroupMeasure> groups = *std::move(measured);
  AddVanished(run, &groups);

  SloStatus status;
  Describe(run.slo, run.plan, settings.evaluation_interval, &status);
  status.evaluated_at = slot;
  if (groups.empty()) {
    if (families.empty()) {
      auto message = ExplainNoFamily(*options.store, run.slo.latency);
      if (!message) return message.error();
      status.message = *std::move(message);
    } else {
      status.message = "no samples of " + run.slo.latency.histogram + " in the last " +
                       FormatDuration(run.plan.windows.back());
    }
  }
  for (const GroupMeasure& group : groups) {
    status.groups.push_back(EvaluateGroup(run, group, slot));
  }
  SummariseGroups(&status);
  book.Prune(run.slo.name, slot);
  run.status = std::make_shared<const SloStatus>(std::move(status));
  metrics.Evaluated();
  return {};
}

// An alert does not end, and is not lost from sight, because its series are gone.
void SloEvaluator::Impl::AddVanished(const Running& run, std::vector<GroupMeasure>* groups) const {
  const auto before = [](const GroupMeasure& a, const Labels& b) { return a.labels < b; };
  for (Labels& labels : book.ActiveGroups(run.slo.name)) {
    const auto at = std::lower_bound(groups->begin(), groups->end(), labels, before);
    if (at != groups->end() && at->labels == labels) continue;
    groups->insert(at, VanishedGroup(run.plan, std::move(labels), options.retention));
  }
}

GroupStatus SloEvaluator::Impl::EvaluateGroup(const Running& run, const GroupMeasure& measure,
                                              Time slot) {
  GroupStatus group = FiguresOf(run.slo, run.plan, measure);
  for (const SloAlert& alert :
       AlertsOf(run.slo, measure.labels, settings.external_labels, settings.external_url)) {
    const AlertKey key{run.slo.name, alert.kind, measure.labels};
    const AlertState before = book.StateOf(key);
    const AlertInput input = InputOf(run.slo, run.plan, measure, alert, before.state);
    book.Step(key, alert, run.slo.latency.group_by, input.input, slot);
    const AlertState state = book.StateOf(key);
    if (group.alerts.empty() || state.state > group.state) {
      group.state = state.state;
      group.since = state.since;
      group.active_since = state.active_since;
    }
    group.alerts.push_back(StatusOf(alert, state, input.value));
  }
  return group;
}

void SloEvaluator::Impl::SaveAndDeliver(Time now) {
  if (const auto saved = book.Save(); !saved) {
    // The alerts are sent all the same: a page that a restart repeats is better than none.
    metrics.SaveFailed();
    log::Error("alert states could not be written", {{"error", saved.error().message}});
  }
  if (const auto sent = book.Deliver(options.sink, now); !sent) {
    metrics.SendFailed();
    log::Error("alerts could not be sent", {{"error", sent.error().message}});
  }
  metrics.SetAlerts(book.Count(State::kPending), book.Count(State::kFiring));
}

void SloEvaluator::Impl::Publish() {
  std::vector<std::shared_ptr<const SloStatus>> statuses;
  statuses.reserve(running.size());
  for (const Running& run : running) statuses.push_back(run.status);
  const std::lock_guard lock(published_mutex);
  published = std::move(statuses);
}

SloEvaluator::SloEvaluator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SloEvaluator::~SloEvaluator() = default;

Result<std::unique_ptr<SloEvaluator>> SloEvaluator::Open(const Options& options) {
  CHECK(options.store != nullptr);
  CHECK(options.sink != nullptr);
  CHECK(options.retention > Duration{0});
  auto book = AlertBook::Open(&options.store->records());
  if (!book) return book.error();
  return std::unique_ptr<SloEvaluator>(
      new SloEvaluator(std::make_unique<Impl>(options, *std::move(book))));
}

Result<void> SloEvaluator::SetSlos(Settings settings, Time now) {
  if (settings.evaluation_interval <= Duration{0}) {
    return Error{Code::kInvalid, "the evaluation interval must be longer than 0"};
  }
  auto slos = CheckUnique(std::move(settings.slos));
  if (!slos) return slos.error();

  const std::lock_guard lock(impl_->mutex);
  std::vector<Running> running;
  for (Slo& slo : *slos) running.push_back(impl_->Start(std::move(slo), settings, now));
  std::sort(running.begin(), running.end(),
            [](const Running& a, const Running& b) { return a.slo.name < b.slo.name; });

  // Which alerts there are from now on, and the labels that make their groups.
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> kinds;
  for (const Running& run : running) {
    for (std::string& kind : AlertKindsOf(run.slo)) {
      kinds[{run.slo.name, std::move(kind)}] = Sorted(run.slo.latency.group_by);
    }
  }
  impl_->book.Retain(
      [&](const AlertKey& key, const std::vector<std::string>& group_by) {
        const auto it = kinds.find({key.slo, key.kind});
        return it != kinds.end() && it->second == Sorted(group_by);
      },
      FloorSlot(now, settings.evaluation_interval));
  impl_->settings = std::move(settings);
  impl_->running = std::move(running);
  impl_->Publish();
  return {};
}

Time SloEvaluator::Tick(Time now) {
  const std::lock_guard lock(impl_->mutex);
  Time next =
      FloorSlot(now, impl_->settings.evaluation_interval) + impl_->settings.evaluation_interval;
  for (Running& running : impl_->running) next = std::min(next, impl_->Advance(running, now));
  impl_->SaveAndDeliver(now);
  impl_->Publish();
  if (const auto deadline = impl_->book.NextDeadline(now)) next = std::min(next, *deadline);
  return std::max(next, now + Duration{1});
}

std::vector<SloStatus> SloEvaluator::Status() const {
  std::vector<std::shared_ptr<const SloStatus>> statuses;
  {
    const std::lock_guard lock(impl_->published_mutex);
    statuses = impl_->published;
  }
  std::vector<SloStatus> copies;
  copies.reserve(statuses.size());
  for (const auto& status : statuses) copies.push_back(*status);
  return copies;
}

std::vector<AlertStatus> SloEvaluator::ActiveAlerts() const {
  std::vector<AlertStatus> active;
  for (const SloStatus& status : Status()) {
    for (const GroupStatus& group : status.groups) {
      for (const AlertStatus& alert : group.alerts) {
        if (alert.state != State::kInactive) active.push_back(alert);
      }
    }
  }
  return active;
}

}  // namespace nines::evaluator
