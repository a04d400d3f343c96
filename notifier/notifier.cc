#include "notifier/notifier.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "base/log.h"
#include "notifier/group.h"
#include "notifier/metrics.h"
#include "notifier/outbox.h"
#include "notifier/route.h"
#include "notifier/state.h"

namespace nines::notifier {
namespace {

// How long an alert that has ended, and that no group has to tell of any more, is remembered: as
// long as Prometheus repeats it, so that a repeat is not taken for news.
constexpr Duration kResolvedRetention = std::chrono::minutes{15};

// After a write that failed.
constexpr Duration kWriteRetry = std::chrono::seconds{1};

// `a` says nothing that `b` does not.
bool SameNews(const Alert& a, const Alert& b) {
  return std::tie(a.annotations, a.starts_at, a.ends_at, a.generator_url) ==
         std::tie(b.annotations, b.starts_at, b.ends_at, b.generator_url);
}

bool SameRecord(const Group& a, const Group& b) {
  return std::tie(a.next_flush, a.members) == std::tie(b.next_flush, b.members);
}

const Receiver* FindReceiver(const Config& config, const std::string& name) {
  for (const Receiver& receiver : config.receivers) {
    if (receiver.name == name) return &receiver;
  }
  return nullptr;
}

// The longest that a timer of the route runs: what is further ahead comes of a clock that was set
// back.
Duration LongestTimer(const Route& route) {
  return std::max(route.group_wait, route.group_interval);
}

// The group of a route that alerts with these labels fall into, with no members yet.
Group GroupOf(const RouteMatch& match, const Labels& labels) {
  Group group;
  group.receiver = match.route->receiver;
  group.labels = GroupLabels(*match.route, labels);
  group.key = GroupKey(match.key, group.labels);
  group.route = match.route;
  return group;
}

// What one call wants to change.  Nothing of it holds before its records are written.
struct Plan {
  StateChange change;
  // Of no weight after a restart, so not worth a write of their own.
  std::map<uint64_t, Time> seen;        // Alerts that were repeated.
  std::map<std::string, Time> timers;   // Groups that had nothing to say.
  std::map<std::string, size_t> added;  // More in the outbox than before, by receiver.
  // For metrics: receivers, one entry each time.
  std::vector<std::string> made;
  std::vector<std::string> postponed;
};

// The members of a group at one moment.
struct Snapshot {
  std::vector<Alert> alerts;  // As they are told, in order.
  std::set<uint64_t> firing;
  std::set<uint64_t> resolved;
};

}  // namespace

struct Notifier::Impl {
  Impl(tsdb::Records* records_arg, prometheus::Registry* registry)
      : records(records_arg), metrics(registry) {}

  // What is wanted.  None of these changes the state, but for ids being used up.
  void PlanAlert(const Alert& posted, Time now, Plan* plan) const;
  void PlanMembership(uint64_t fingerprint, const Alert& alert, Time now, Plan* plan) const;
  std::map<std::string, Group> PlanRoutes(const Config& next, Time now) const;
  void PlanFlush(const std::string& id, const Group& group, Time now, Plan* plan);
  void PlanGarbage(Time now, Plan* plan) const;
  void Owe(const std::string& id, const Group& group, Reason reason, std::vector<Alert> alerts,
           Time now, Plan* plan);
  void MakeRoom(const std::string& id, uint32_t max_alerts, Plan* plan) const;

  Snapshot SnapshotOf(const Group& group, Time now) const;
  bool WasToldFiring(const std::string& id, uint64_t fingerprint) const;
  size_t QueueSize(const std::string& id) const;
  bool IsFull(const std::string& receiver, const std::string& id, const Plan& plan) const;
  bool IsGarbage(uint64_t fingerprint, const Alert& alert, Time now) const;
  Time GarbageAt(const Alert& alert) const { return alert.updated_at + kResolvedRetention; }

  // How changes come to hold.
  Result<void> Commit(const Plan& plan);
  void Remember(const StateChange& change, Time now);
  Result<void> WriteOut();
  void Apply(const StateChange& change);
  void ApplyGroup(const std::string& id, const std::optional<Group>& group);
  void ApplyOwed(uint64_t id, const std::optional<Owed>& owed);
  void WriteFailed(const Error& error, Time now);
  void ShowMetrics();

  void ClampTimers(Time now);
  void FlushDue(Time now);
  std::vector<Delivery> DueDeliveries(Time now);

  std::unique_ptr<const Config> config = std::make_unique<const Config>();
  tsdb::Records* const records;
  Metrics metrics;

  State state;
  // Indices of `state`.
  std::map<std::string, std::set<uint64_t>> queues;  // Outbox ids by group id.
  std::map<std::string, size_t> owed_by_receiver;
  std::map<uint64_t, uint32_t> memberships;  // In how many groups an alert is.

  std::set<uint64_t> in_flight;
  uint64_t next_id = 1;

  // Records of what holds already and could not be written yet: results of deliveries.
  std::map<std::string, std::optional<std::string>> unwritten;
  std::optional<Time> write_retry_at;  // Set while writing fails.
};

// ---- Intake.

void Notifier::Impl::PlanAlert(const Alert& posted, Time now, Plan* plan) const {
  const uint64_t fingerprint = posted.labels.Fingerprint();
  const Alert* old = Find(state.alerts, plan->change.alerts, fingerprint);
  Alert alert = old != nullptr ? Merge(*old, posted) : posted;
  alert.updated_at = now;
  if (old != nullptr && SameNews(*old, alert)) {
    plan->seen[fingerprint] = now;
    return;
  }
  PlanMembership(fingerprint, alert, now, plan);
  plan->change.alerts[fingerprint] = std::move(alert);
}

void Notifier::Impl::PlanMembership(uint64_t fingerprint, const Alert& alert, Time now,
                                    Plan* plan) const {
  for (const RouteMatch& match : MatchRoutes(config->root, alert.labels)) {
    if (match.route->receiver.empty()) continue;
    Group fresh = GroupOf(match, alert.labels);
    const std::string id = GroupId(fresh.receiver, fresh.key);
    const Group* group = Find(state.groups, plan->change.groups, id);
    if (group != nullptr && group->members.contains(fingerprint)) continue;
    if (group == nullptr) {
      // Of an alert that is over before anybody heard of it, nobody hears.
      if (alert.ResolvedAt(now) && !WasToldFiring(id, fingerprint)) continue;
      fresh.next_flush = FirstFlush(alert, match.route->group_wait, now);
    }
    const auto changed = plan->change.groups.find(id);
    if (changed == plan->change.groups.end() || !changed->second) {
      plan->change.groups[id] = group != nullptr ? *group : std::move(fresh);
    }
    plan->change.groups[id]->members.insert(fingerprint);
  }
}

bool Notifier::Impl::WasToldFiring(const std::string& id, uint64_t fingerprint) const {
  const auto entry = state.log.find(id);
  return entry != state.log.end() && entry->second.firing.contains(fingerprint);
}

// ---- Routes.

// The groups as the routes of `next` make them of the alerts that are held.
std::map<std::string, Group> Notifier::Impl::PlanRoutes(const Config& next, Time now) const {
  std::map<std::string, Group> groups;
  for (const auto& [fingerprint, alert] : state.alerts) {
    for (const RouteMatch& match : MatchRoutes(next.root, alert.labels)) {
      if (match.route->receiver.empty()) continue;
      Group fresh = GroupOf(match, alert.labels);
      const std::string id = GroupId(fresh.receiver, fresh.key);
      const auto old = state.groups.find(id);
      const bool member = old != state.groups.end() && old->second.members.contains(fingerprint);
      if (alert.ResolvedAt(now) && !member && !WasToldFiring(id, fingerprint)) continue;
      const Time latest = old != state.groups.end()
                              ? old->second.next_flush
                              : FirstFlush(alert, match.route->group_wait, now);
      const auto [it, is_new] = groups.try_emplace(id, std::move(fresh));
      Group& group = it->second;
      if (is_new) group.next_flush = now + LongestTimer(*match.route);
      group.next_flush = std::min(group.next_flush, latest);
      group.members.insert(fingerprint);
    }
  }
  return groups;
}

// ---- Flush.

Snapshot Notifier::Impl::SnapshotOf(const Group& group, Time now) const {
  Snapshot snapshot;
  for (uint64_t fingerprint : group.members) {
    const auto it = state.alerts.find(fingerprint);
    if (it == state.alerts.end()) continue;
    Alert alert = it->second;
    if (alert.ResolvedAt(now)) {
      snapshot.resolved.insert(fingerprint);
    } else {
      snapshot.firing.insert(fingerprint);
      alert.ends_at.reset();  // An end that lies ahead is not told.
    }
    snapshot.alerts.push_back(std::move(alert));
  }
  std::stable_sort(snapshot.alerts.begin(), snapshot.alerts.end(), ComesBefore);
  return snapshot;
}

void Notifier::Impl::PlanFlush(const std::string& id, const Group& group, Time now, Plan* plan) {
  const Webhook& webhook = FindReceiver(*config, group.receiver)->webhook;
  const Route& route = *group.route;
  const auto last = state.log.find(id);
  Snapshot now_told = SnapshotOf(group, now);
  const Reason reason = Decide({.last = last == state.log.end() ? nullptr : &last->second,
                                .firing = now_told.firing,
                                .resolved = now_told.resolved,
                                .send_resolved = webhook.send_resolved,
                                .repeat_interval = route.repeat_interval},
                               now);
  const bool sends = reason != Reason::kNone && (webhook.send_resolved || !now_told.firing.empty());
  const bool postponed = sends && IsFull(group.receiver, id, *plan);
  if (postponed) plan->postponed.push_back(group.receiver);
  if (postponed || (reason == Reason::kNone && now_told.resolved.empty())) {
    plan->timers[id] = now + route.group_interval;
    return;
  }

  if (sends) {
    std::vector<Alert> alerts = std::move(now_told.alerts);
    if (!webhook.send_resolved) {
      std::erase_if(alerts, [](const Alert& alert) { return alert.ends_at.has_value(); });
    }
    Owe(id, group, reason, std::move(alerts), now, plan);
  }
  Group next = group;
  next.next_flush = now + route.group_interval;
  for (uint64_t fingerprint : now_told.resolved) next.members.erase(fingerprint);
  const bool ends = next.members.empty();
  if (reason != Reason::kNone) {
    plan->change.log[id] = LogEntry{.at = now,
                                    .expires_at = now + 2 * route.repeat_interval,
                                    .firing = std::move(now_told.firing),
                                    .resolved = std::move(now_told.resolved)};
  }
  if (!ends) {
    plan->change.groups[id] = std::move(next);
    return;
  }
  plan->change.groups[id] = std::nullopt;
  // An entry in which nothing fires decides as none would, for a group that begins anew.
  const LogEntry* entry = Find(state.log, plan->change.log, id);
  if (entry != nullptr && entry->firing.empty()) plan->change.log[id] = std::nullopt;
}

void Notifier::Impl::Owe(const std::string& id, const Group& group, Reason reason,
                         std::vector<Alert> alerts, Time now, Plan* plan) {
  const uint32_t max_alerts = FindReceiver(*config, group.receiver)->webhook.max_alerts;
  if (QueueSize(id) >= kQueueMax) {
    MakeRoom(id, max_alerts, plan);
  } else {
    ++plan->added[group.receiver];
  }
  Owed owed;
  owed.about.id = next_id++;
  owed.about.receiver = group.receiver;
  owed.about.group_key = group.key;
  owed.about.reason = ReasonText(reason);
  owed.about.created_at = now;
  owed.about.next_attempt = now;
  owed.group_id = id;
  owed.group_labels = group.labels;
  owed.alerts = std::move(alerts);
  Render(*config, max_alerts, &owed);
  plan->made.push_back(group.receiver);
  plan->change.outbox[owed.about.id] = std::move(owed);
}

// Takes the first of the two that wait behind the head out of the queue.
void Notifier::Impl::MakeRoom(const std::string& id, uint32_t max_alerts, Plan* plan) const {
  auto waiting = std::next(queues.at(id).begin());
  const uint64_t superseded = *waiting;
  const uint64_t newer = *++waiting;
  Owed merged = state.outbox.at(newer);
  TakeOver(state.outbox.at(superseded), &merged);
  Render(*config, max_alerts, &merged);
  plan->change.outbox[newer] = std::move(merged);
  plan->change.outbox[superseded] = std::nullopt;
}

size_t Notifier::Impl::QueueSize(const std::string& id) const {
  const auto queue = queues.find(id);
  return queue == queues.end() ? 0 : queue->second.size();
}

bool Notifier::Impl::IsFull(const std::string& receiver, const std::string& id,
                            const Plan& plan) const {
  if (QueueSize(id) >= kQueueMax) return false;  // It will replace one of its own.
  const auto owed = owed_by_receiver.find(receiver);
  const auto added = plan.added.find(receiver);
  return (owed == owed_by_receiver.end() ? 0 : owed->second) +
             (added == plan.added.end() ? 0 : added->second) >=
         kOwedMax;
}

bool Notifier::Impl::IsGarbage(uint64_t fingerprint, const Alert& alert, Time now) const {
  return alert.ResolvedAt(now) && GarbageAt(alert) <= now && !memberships.contains(fingerprint);
}

void Notifier::Impl::PlanGarbage(Time now, Plan* plan) const {
  for (const auto& [fingerprint, alert] : state.alerts) {
    if (IsGarbage(fingerprint, alert, now)) plan->change.alerts[fingerprint] = std::nullopt;
  }
  for (const auto& [id, entry] : state.log) {
    if (entry.expires_at <= now && !state.groups.contains(id)) {
      plan->change.log[id] = std::nullopt;
    }
  }
}

// ---- How changes come to hold.

// Writes what was left over and the plan in one change; nothing holds when that fails.
Result<void> Notifier::Impl::Commit(const Plan& plan) {
  std::map<std::string, std::optional<std::string>> before = unwritten;
  for (tsdb::Records::Change& row : Encode(plan.change)) {
    unwritten.insert_or_assign(std::move(row.key), std::move(row.value));
  }
  if (Result<void> written = WriteOut(); !written) {
    unwritten = std::move(before);
    return written;
  }
  Apply(plan.change);
  for (const auto& [fingerprint, at] : plan.seen) {
    if (const auto it = state.alerts.find(fingerprint); it != state.alerts.end()) {
      it->second.updated_at = at;
    }
  }
  for (const auto& [id, at] : plan.timers) state.groups.at(id).next_flush = at;
  for (const std::string& receiver : plan.made) metrics.NotificationMade(receiver);
  for (const std::string& receiver : plan.postponed) metrics.FlushPostponed(receiver);
  return {};
}

// For what has happened already, whether it can be written or not.
void Notifier::Impl::Remember(const StateChange& change, Time now) {
  for (tsdb::Records::Change& row : Encode(change)) {
    unwritten.insert_or_assign(std::move(row.key), std::move(row.value));
  }
  Apply(change);
  if (write_retry_at && now < *write_retry_at) return;
  if (Result<void> written = WriteOut(); !written) WriteFailed(written.error(), now);
}

Result<void> Notifier::Impl::WriteOut() {
  if (unwritten.empty()) return {};
  std::vector<tsdb::Records::Change> rows;
  rows.reserve(unwritten.size());
  for (const auto& [key, value] : unwritten) rows.push_back({key, value});
  if (Result<void> written = records->Write(rows); !written) {
    return Wrap("notifier state", written.error());
  }
  unwritten.clear();
  write_retry_at.reset();
  return {};
}

void Notifier::Impl::WriteFailed(const Error& error, Time now) {
  if (!write_retry_at) {
    log::Warn("notifier cannot write its state; nothing new is sent until it can",
              {{"error", error.message}});
  }
  write_retry_at = now + kWriteRetry;
}

void Notifier::Impl::Apply(const StateChange& change) {
  for (const auto& [fingerprint, alert] : change.alerts) {
    if (alert) {
      state.alerts[fingerprint] = *alert;
    } else {
      state.alerts.erase(fingerprint);
    }
  }
  for (const auto& [id, group] : change.groups) ApplyGroup(id, group);
  for (const auto& [id, entry] : change.log) {
    if (entry) {
      state.log[id] = *entry;
    } else {
      state.log.erase(id);
    }
  }
  for (const auto& [id, owed] : change.outbox) ApplyOwed(id, owed);
  for (const auto& [id, about] : change.delivered) {
    if (about) {
      state.delivered[id] = *about;
    } else {
      state.delivered.erase(id);
    }
  }
  ShowMetrics();
}

void Notifier::Impl::ApplyGroup(const std::string& id, const std::optional<Group>& group) {
  if (const auto old = state.groups.find(id); old != state.groups.end()) {
    for (uint64_t fingerprint : old->second.members) {
      const auto count = memberships.find(fingerprint);
      if (--count->second == 0) memberships.erase(count);
    }
    state.groups.erase(old);
  }
  if (!group) return;
  for (uint64_t fingerprint : group->members) ++memberships[fingerprint];
  state.groups.emplace(id, *group);
}

void Notifier::Impl::ApplyOwed(uint64_t id, const std::optional<Owed>& owed) {
  if (const auto old = state.outbox.find(id); old != state.outbox.end()) {
    const auto queue = queues.find(old->second.group_id);
    queue->second.erase(id);
    if (queue->second.empty()) queues.erase(queue);
    const auto count = owed_by_receiver.find(old->second.about.receiver);
    if (--count->second == 0) owed_by_receiver.erase(count);
    state.outbox.erase(old);
  }
  if (!owed) return;
  queues[owed->group_id].insert(id);
  ++owed_by_receiver[owed->about.receiver];
  state.outbox.emplace(id, *owed);
}

void Notifier::Impl::ShowMetrics() {
  metrics.SetAlerts(state.alerts.size());
  std::map<std::string, size_t> owed = owed_by_receiver;
  for (const Receiver& receiver : config->receivers) owed.try_emplace(receiver.name, 0);
  metrics.SetOwed(owed);
}

// ---- Time.

// After the clock was set back nothing may lie further ahead than it could have been put.
void Notifier::Impl::ClampTimers(Time now) {
  for (auto& [id, group] : state.groups) {
    group.next_flush = std::min(group.next_flush, now + LongestTimer(*group.route));
  }
  for (auto& [id, owed] : state.outbox) {
    owed.about.next_attempt = std::min(*owed.about.next_attempt, now + kRetryAfterMax);
  }
  if (write_retry_at) write_retry_at = std::min(*write_retry_at, now + kWriteRetry);
}

void Notifier::Impl::FlushDue(Time now) {
  if (write_retry_at && now < *write_retry_at) return;
  Plan plan;
  for (const auto& [id, group] : state.groups) {
    if (group.next_flush <= now) PlanFlush(id, group, now, &plan);
  }
  PlanGarbage(now, &plan);
  if (Result<void> committed = Commit(plan); !committed) WriteFailed(committed.error(), now);
}

std::vector<Delivery> Notifier::Impl::DueDeliveries(Time now) {
  std::vector<Delivery> due;
  for (const auto& [group_id, ids] : queues) {
    const uint64_t head = *ids.begin();
    const Owed& owed = state.outbox.at(head);
    if (*owed.about.next_attempt > now || !in_flight.insert(head).second) continue;
    const Webhook& webhook = FindReceiver(*config, owed.about.receiver)->webhook;
    due.push_back({.id = head,
                   .receiver = owed.about.receiver,
                   .url = webhook.url,
                   .body = owed.body,
                   .idempotency_key = owed.about.idempotency_key,
                   .signing_secret_file = webhook.signing_secret_file,
                   .timeout = webhook.timeout,
                   .attempt = owed.about.attempts + 1});
  }
  std::sort(due.begin(), due.end(),
            [](const Delivery& a, const Delivery& b) { return a.id < b.id; });
  return due;
}

// ---- The public face.

Notifier::Notifier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Notifier::~Notifier() = default;

Result<std::unique_ptr<Notifier>> Notifier::Open(const Config& config, tsdb::Records* records,
                                                 prometheus::Registry* registry, Time now) {
  Result<State> loaded = Load(*records);
  if (!loaded) return loaded.error();
  auto impl = std::make_unique<Impl>(records, registry);
  for (const auto& [id, about] : loaded->delivered) impl->next_id = std::max(impl->next_id, id + 1);
  for (const auto& [id, owed] : loaded->outbox) {
    impl->next_id = std::max(impl->next_id, id + 1);
    impl->ApplyOwed(id, owed);
  }
  for (const auto& [id, group] : loaded->groups) impl->ApplyGroup(id, group);
  impl->state.alerts = std::move(loaded->alerts);
  impl->state.log = std::move(loaded->log);
  impl->state.delivered = std::move(loaded->delivered);
  auto notifier = std::unique_ptr<Notifier>(new Notifier(std::move(impl)));
  if (Result<void> set = notifier->SetConfig(config, now); !set) return set.error();
  return notifier;
}

Result<void> Notifier::SetConfig(const Config& config, Time now) {
  if (Result<void> checked = CheckReceivers(config); !checked) return checked;
  auto next = std::make_unique<const Config>(config);
  const std::map<std::string, Group> groups = impl_->PlanRoutes(*next, now);
  Plan plan;
  for (const auto& [id, group] : impl_->state.groups) {
    if (!groups.contains(id)) plan.change.groups[id] = std::nullopt;
  }
  for (const auto& [id, group] : groups) {
    const auto old = impl_->state.groups.find(id);
    if (old == impl_->state.groups.end() || !SameRecord(old->second, group)) {
      plan.change.groups[id] = group;
    }
  }
  for (const auto& [id, owed] : impl_->state.outbox) {
    if (FindReceiver(*next, owed.about.receiver) == nullptr) {
      plan.change.outbox[id] = std::nullopt;
    }
  }
  if (Result<void> committed = impl_->Commit(plan); !committed) return committed;
  for (auto& [id, group] : impl_->state.groups) group.route = groups.at(id).route;
  impl_->config = std::move(next);
  impl_->ShowMetrics();
  return {};
}

Result<void> Notifier::Post(std::span<const Alert> alerts, Time now) {
  Plan plan;
  for (const Alert& alert : alerts) impl_->PlanAlert(alert, now, &plan);
  return impl_->Commit(plan);
}

std::vector<Delivery> Notifier::Poll(Time now) {
  impl_->ClampTimers(now);
  impl_->FlushDue(now);
  return impl_->DueDeliveries(now);
}

void Notifier::OnResult(uint64_t id, const DeliveryResult& result, Time now) {
  impl_->in_flight.erase(id);
  const auto it = impl_->state.outbox.find(id);
  if (it == impl_->state.outbox.end()) return;  // Its receiver is gone meanwhile.
  StateChange change;
  Owed owed = it->second;
  ++owed.about.attempts;
  if (!IsDelivered(result)) {
    impl_->metrics.AttemptFailed(owed.about.receiver, FailureReason(result));
    owed.about.last_error =
        result.error.empty() ? "status " + std::to_string(result.status) : result.error;
    owed.about.next_attempt = now + RetryDelay(owed.about.attempts, result);
    change.outbox[id] = std::move(owed);
    impl_->Remember(change, now);
    return;
  }
  owed.about.next_attempt.reset();
  owed.about.delivered_at = now;
  change.outbox[id] = std::nullopt;
  change.delivered[id] = std::move(owed.about);
  const auto& delivered = impl_->state.delivered;
  if (delivered.size() >= kDeliveredMax) {
    const auto oldest =
        std::min_element(delivered.begin(), delivered.end(), [](const auto& a, const auto& b) {
          return *a.second.delivered_at < *b.second.delivered_at;
        });
    change.delivered[oldest->first] = std::nullopt;
  }
  impl_->Remember(change, now);
}

std::optional<Time> Notifier::NextDeadline() const {
  std::optional<Time> next;
  const auto consider = [&next](Time at) { next = next ? std::min(*next, at) : at; };
  for (const auto& [id, group] : impl_->state.groups) consider(group.next_flush);
  for (const auto& [fingerprint, alert] : impl_->state.alerts) {
    if (!alert.ends_at || impl_->memberships.contains(fingerprint)) continue;
    consider(std::max(*alert.ends_at, impl_->GarbageAt(alert)));
  }
  for (const auto& [id, entry] : impl_->state.log) {
    if (!impl_->state.groups.contains(id)) consider(entry.expires_at);
  }
  // None of these can be done before writing is tried again.
  if (impl_->write_retry_at) {
    if (next) next = std::max(*next, *impl_->write_retry_at);
    if (!impl_->unwritten.empty()) consider(*impl_->write_retry_at);
  }
  for (const auto& [group_id, ids] : impl_->queues) {
    if (impl_->in_flight.contains(*ids.begin())) continue;
    consider(*impl_->state.outbox.at(*ids.begin()).about.next_attempt);
  }
  return next;
}

std::vector<Alert> Notifier::alerts() const {
  std::vector<Alert> out;
  for (const auto& [fingerprint, alert] : impl_->state.alerts) out.push_back(alert);
  return out;
}

std::vector<Notification> Notifier::owed() const {
  std::vector<Notification> out;
  for (const auto& [id, owed] : impl_->state.outbox) out.push_back(owed.about);
  return out;
}

std::vector<Notification> Notifier::delivered() const {
  std::vector<Notification> out;
  for (const auto& [id, about] : impl_->state.delivered) out.push_back(about);
  std::stable_sort(out.begin(), out.end(), [](const Notification& a, const Notification& b) {
    return std::tie(*a.delivered_at, a.id) > std::tie(*b.delivered_at, b.id);
  });
  return out;
}

}  // namespace nines::notifier
