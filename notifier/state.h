#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "notifier/alert.h"
#include "notifier/group.h"
#include "notifier/notifier.h"
#include "tsdb/records.h"

// What the notifier knows, and how it lies in records.
//
//   notifier/alert/<fingerprint>   an alert
//   notifier/group/<group id>      a group that has alerts: its members and its timer
//   notifier/log/<group id>        what its receiver was last told
//   notifier/outbox/<id>           a notification that is owed, with its body
//   notifier/delivered/<id>        one of the last that were delivered
//
// Fingerprints and ids are 16 hex digits.  A value is a version byte (1) and then the fields of the
// struct in their order: integers and lengths as LEB128 varints, times as zigzag varints of Unix
// milliseconds, an optional as 0, or 1 and the value.  Other versions are kCorrupt.

namespace nines::notifier {

struct Group {
  std::string key;
  std::string receiver;
  Labels labels;
  Time next_flush{};
  std::set<uint64_t> members;    // Fingerprints.  Never empty.
  const Route* route = nullptr;  // In the current configuration; not stored.
};

// An entry of the outbox.
struct Owed {
  Notification about;  // about.next_attempt is always there.
  std::string group_id;
  Labels group_labels;
  std::vector<Alert> alerts;  // All that it tells, as in WebhookMessage: to merge superseded ones.
  std::string body;
};

struct State {
  std::map<uint64_t, Alert> alerts;     // By fingerprint.
  std::map<std::string, Group> groups;  // By GroupId().
  std::map<std::string, LogEntry> log;  // By GroupId().
  std::map<uint64_t, Owed> outbox;
  std::map<uint64_t, Notification> delivered;
};

// A change of State, in the same shape: nullopt deletes.
struct StateChange {
  std::map<uint64_t, std::optional<Alert>> alerts;
  std::map<std::string, std::optional<Group>> groups;
  std::map<std::string, std::optional<LogEntry>> log;
  std::map<uint64_t, std::optional<Owed>> outbox;
  std::map<uint64_t, std::optional<Notification>> delivered;
};

// What stands at `key` once `change` is made; null where nothing does.
template <class K, class V>
const V* Find(const std::map<K, V>& state, const std::map<K, std::optional<V>>& change,
              const K& key) {
  if (const auto changed = change.find(key); changed != change.end()) {
    return changed->second ? &*changed->second : nullptr;
  }
  const auto it = state.find(key);
  return it == state.end() ? nullptr : &it->second;
}

std::vector<tsdb::Records::Change> Encode(const StateChange& change);

// kCorrupt names the key; else the error of Scan().
Result<State> Load(const tsdb::Records& records);

}  // namespace nines::notifier
