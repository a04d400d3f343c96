#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/time.h"
#include "evaluator/alert_fsm.h"

// How an SLO stands: what GET /api/v1/slos shows.  Names and meanings are DESIGN.md section 7's;
// the field names here are those of the JSON.

namespace nines::evaluator {

enum class Condition : uint8_t {
  kOk,
  kBreached,
  kNoTraffic,    // Rows but no events: ratio and burn are null.
  kNoData,       // No rows in the window.
  kNoSuchBound,  // The threshold is no bucket bound; `message` has the nearest ones.
  kWindowBeyondRetention,
  kIncomplete,  // Evaluated after the grace, without all of its inputs.
};
std::string_view ConditionName(Condition condition);  // "ok", "breached", "no_traffic", …

struct ErrorBudget {
  std::optional<double> events;  // All events of the SLO's window.
  std::optional<double> total;   // (1 - objective) * events
  std::optional<double> consumed;
  std::optional<double> remaining_ratio;  // May be negative; null without events.
  std::optional<double> remaining_events;
};

struct AlertStatus {
  std::string name;  // alertname
  State state = State::kInactive;
  std::optional<Time> active_since;  // Pending began.
  std::optional<Time> fired_at;
  std::optional<Time> keep_firing_since;  // Firing only because of keep_firing_for.
  Labels labels;
  Labels annotations;
  std::optional<double> value;  // The ratio, or the burn rate of the long window.
};

struct GroupStatus {
  Labels labels;                     // Of group_by.
  State state = State::kInactive;    // The furthest of its alerts', and the times are that one's.
  std::optional<Time> since;         // The slot at which this state began; null before a change.
  std::optional<Time> active_since;  // The slot at which pending began.
  Condition condition = Condition::kNoData;
  std::string message;
  std::optional<double> good;  // Of the alert's window.
  std::optional<double> total;
  std::optional<double> ratio;
  ErrorBudget error_budget;
  std::map<std::string, std::optional<double>> burn_rates;  // By window as text.
  std::vector<AlertStatus> alerts;
  bool complete = false;
  std::optional<Time> data_through;  // Newest row of the slowest family of the group.
};

struct SloStatus {
  std::string id;
  std::string name;
  std::string service;
  double objective = 0;      // A ratio.
  std::string window;        // "30d"
  std::string alert_window;  // "5m"
  std::string indicator;     // "latency"
  std::string histogram;
  std::string selector;
  std::string threshold;  // "500ms"
  std::vector<std::string> consumers;
  Condition condition = Condition::kNoData;  // The worst of the groups, or of the SLO without any.
  std::string message;
  std::vector<GroupStatus> groups;  // In order of labels.
  std::optional<Time> evaluated_at;
  Duration evaluation_interval{0};
};

}  // namespace nines::evaluator
