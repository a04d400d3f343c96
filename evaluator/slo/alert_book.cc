#include "evaluator/slo/alert_book.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace nines::evaluator {
namespace {

// A clock that runs moves with every step; otherwise the time of the last step alone is not worth a
// write.
bool NeedsWrite(const AlertState& before, const AlertState& after) {
  if (after.state == State::kPending || after.keep_since) return true;
  AlertState same_step = before;
  same_step.stepped_at = after.stepped_at;
  return same_step != after;
}

}  // namespace

Result<AlertBook> AlertBook::Open(tsdb::Records* records) {
  CHECK(records != nullptr);
  AlertBook book(records);
  if (const auto restored = book.Restore(); !restored) return restored.error();
  return book;
}

Result<void> AlertBook::Restore() {
  const auto alerts = records_->Scan(kAlertRecords);
  if (!alerts) return alerts.error();
  for (const auto& [key, value] : *alerts) {
    auto record = DecodeAlert(value);
    if (!record) return Wrap(key, record.error());
    entries_[record->key] = Entry{.state = record->state,
                                  .group_by = std::move(record->group_by),
                                  .labels = std::move(record->labels),
                                  .annotations = std::move(record->annotations),
                                  .generator_url = std::move(record->generator_url),
                                  .sent_at = std::nullopt};
  }
  const auto ended = records_->Scan(kEndedRecords);
  if (!ended) return ended.error();
  for (const auto& [key, value] : *ended) {
    auto alert = DecodeEnded(value);
    if (!alert) return Wrap(key, alert.error());
    Labels labels = alert->labels;
    ended_[std::move(labels)] = *std::move(alert);
  }
  return {};
}

Action AlertBook::Step(const AlertKey& key, const SloAlert& alert,
                       const std::vector<std::string>& group_by, Input input, Time slot) {
  Entry& entry = entries_[key];
  const AlertState before = entry.state;
  const Transition transition = evaluator::Step(alert.hysteresis, before, input, slot);
  entry.state = transition.state;
  if (transition.action == Action::kResolve) AddEnded(entry, before.fired_at.value(), slot);

  const bool renamed = entry.labels != alert.labels;
  if (renamed && before.state == State::kFiring && entry.state.state == State::kFiring) {
    AddEnded(entry, before.fired_at.value(), slot);
  }
  const bool changed = renamed || entry.annotations != alert.annotations ||
                       entry.generator_url != alert.generator_url || entry.group_by != group_by;
  if (changed) {
    entry.labels = alert.labels;
    entry.annotations = alert.annotations;
    entry.generator_url = alert.generator_url;
    entry.group_by = group_by;
    entry.sent_at.reset();
  }
  if (transition.action == Action::kFire) entry.sent_at.reset();

  if (entry.state.state == State::kInactive) {
    if (before.state != State::kInactive) changes_[RecordKey(key)] = std::nullopt;
    return transition.action;
  }
  if (entry.state.state == State::kFiring) DropEnded(entry.labels);
  if (changed || NeedsWrite(before, entry.state)) Write(key, entry);
  return transition.action;
}

AlertState AlertBook::StateOf(const AlertKey& key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? AlertState() : it->second.state;
}

std::vector<Labels> AlertBook::ActiveGroups(const std::string& slo) const {
  std::vector<Labels> groups;
  for (auto it = entries_.lower_bound(AlertKey{slo, "", {}});
       it != entries_.end() && it->first.slo == slo; ++it) {
    if (it->second.state.state != State::kInactive) groups.push_back(it->first.group);
  }
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

AlertBook::Entries::iterator AlertBook::Remove(Entries::iterator it, Time slot) {
  const Entry& entry = it->second;
  if (entry.state.state != State::kInactive) changes_[RecordKey(it->first)] = std::nullopt;
  if (entry.state.state == State::kFiring) AddEnded(entry, entry.state.fired_at.value(), slot);
  return entries_.erase(it);
}

void AlertBook::Prune(const std::string& slo, Time slot) {
  for (auto it = entries_.lower_bound(AlertKey{slo, "", {}});
       it != entries_.end() && it->first.slo == slo;) {
    const AlertState& state = it->second.state;
    const bool idle = state.state == State::kInactive && state.stepped_at != slot;
    it = idle ? entries_.erase(it) : std::next(it);
  }
}

void AlertBook::AddEnded(const Entry& entry, Time fired_at, Time slot) {
  Alert alert{.labels = entry.labels,
              .annotations = entry.annotations,
              .starts_at = fired_at,
              .ends_at = std::max(slot, fired_at),
              .generator_url = entry.generator_url};
  changes_[EndedRecordKey(alert.labels)] = EncodeEnded(alert);
  ended_[entry.labels] = std::move(alert);
}

// An alert that fires again before its end was taken: the sink merges by labels, so the end would
// only be a step back.
void AlertBook::DropEnded(const Labels& labels) {
  if (ended_.erase(labels) > 0) changes_[EndedRecordKey(labels)] = std::nullopt;
}

void AlertBook::Write(const AlertKey& key, const Entry& entry) {
  changes_[RecordKey(key)] = EncodeAlert({.key = key,
                                          .group_by = entry.group_by,
                                          .state = entry.state,
                                          .labels = entry.labels,
                                          .annotations = entry.annotations,
                                          .generator_url = entry.generator_url});
}

Result<void> AlertBook::Save() {
  if (changes_.empty()) return {};
  std::vector<tsdb::Records::Change> changes;
  changes.reserve(changes_.size());
  for (const auto& [key, value] : changes_) changes.push_back({key, value});
  if (const auto written = records_->Write(changes); !written) return written.error();
  changes_.clear();
  return {};
}

bool AlertBook::IsDue(const Entry& entry, Time now) {
  if (entry.state.state != State::kFiring) return false;
  // The second comparison: the machine's clock was set back.
  return !entry.sent_at || now - *entry.sent_at >= kResendDelay || now < *entry.sent_at;
}

Result<void> AlertBook::Deliver(AlertSink* sink, Time now) {
  if (failed_at_ && now >= *failed_at_ && now - *failed_at_ < kRetryDelay) return {};
  std::vector<Alert> alerts;
  for (const auto& [labels, alert] : ended_) alerts.push_back(alert);
  std::vector<Entry*> firing;
  for (auto& [key, entry] : entries_) {
    if (!IsDue(entry, now)) continue;
    firing.push_back(&entry);
    alerts.push_back({.labels = entry.labels,
                      .annotations = entry.annotations,
                      .starts_at = entry.state.fired_at.value(),
                      .ends_at = std::nullopt,
                      .generator_url = entry.generator_url});
  }
  if (alerts.empty()) return {};
  if (const auto sent = sink->Send(alerts, now); !sent) {
    failed_at_ = now;
    return sent.error();
  }
  failed_at_.reset();
  for (Entry* entry : firing) entry->sent_at = now;
  for (const auto& [labels, alert] : ended_) changes_[EndedRecordKey(labels)] = std::nullopt;
  ended_.clear();
  return Save();
}

std::optional<Time> AlertBook::NextDeadline(Time now) const {
  if (failed_at_ || !changes_.empty() || !ended_.empty()) return now + kRetryDelay;
  std::optional<Time> next;
  for (const auto& [key, entry] : entries_) {
    if (entry.state.state != State::kFiring) continue;
    const Time due = entry.sent_at ? *entry.sent_at + kResendDelay : now;
    if (!next || due < *next) next = due;
  }
  return next;
}

size_t AlertBook::Count(State state) const {
  return static_cast<size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [&](const auto& entry) { return entry.second.state.state == state; }));
}

}  // namespace nines::evaluator
