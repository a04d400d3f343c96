#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/result.h"
#include "base/time.h"
#include "base/yaml.h"
#include "evaluator/slo/burn_rate.h"

// An SLO as its file says it.  The native form:
//
//   name: predict-latency          letters, digits, `_`, `-`, `.`; unique over all files
//   service: recommender
//   objective: 99                  percent above 1, else a ratio
//   window: 30d                    rolling
//   counting: promql               the default of this version
//   indicator:
//     latency:
//       histogram: model_request_latency_seconds     the name without _bucket
//       selector: 'route="/predict"'                 optional
//       threshold: 500ms           a duration is in seconds of the metric, a number in its own unit
//       group_by: [job]            optional
//   alert:                         optional, and all of it too
//     name: ModelSlow              alertname; the SLO's name by default
//     window: 5m
//     for: 10m                     0 by default
//     keep_firing_for: 5m          0 by default
//     clear_above: 99.2            the objective by default
//     on_no_data: hold             hold | ok | bad
//     labels: {severity: warning}
//     annotations: {summary: …}
//   burn_rate_alerts: google       or a list of {long, short, factor, severity}
//   consumers: [checkout]

namespace nines::evaluator {

struct LatencyIndicator {
  std::string histogram;
  std::string selector;   // As written.
  Matchers matchers;      // Its meaning; never of `__name__` or `le`.
  std::string threshold;  // As written.
  double bound = 0;       // The threshold in the metric's unit.
  std::vector<std::string> group_by;
};

// What an alert does while its group has no data.
enum class OnNoData : uint8_t {
  kHold,  // Stay, with all clocks standing still.
  kOk,    // As if the objective were met.
  kBad,   // As if it were breached.
};

struct AlertSpec {
  std::string name;
  Duration window = std::chrono::minutes{5};
  Duration hold{0};        // for
  Duration keep{0};        // keep_firing_for
  double clear_above = 0;  // A ratio, at least the objective.
  OnNoData on_no_data = OnNoData::kHold;
  Labels labels;
  Labels annotations;
};

struct Slo {
  std::string name;
  std::string service;
  double objective = 0;  // A ratio in (0, 1).
  Duration window{0};
  LatencyIndicator latency;
  std::optional<AlertSpec> alert;
  std::vector<BurnRateRow> burn_rates;
  std::vector<std::string> consumers;
  std::string place;  // "slos.yml:12", for messages.
};

inline constexpr size_t kSloNameMax = 128;
inline constexpr size_t kGroupByMax = 16;
inline constexpr size_t kBurnRatesMax = 16;

// Labels that every alert of an SLO carries, and those that its burn-rate alerts carry as well.
inline constexpr std::string_view kAlertNameLabel = "alertname";
inline constexpr std::string_view kSloLabel = "slo";
inline constexpr std::string_view kServiceLabel = "service";
inline constexpr std::string_view kSeverityLabel = "severity";
inline constexpr std::string_view kLongWindowLabel = "long_window";
inline constexpr std::string_view kShortWindowLabel = "short_window";

// Reads one entry of `slos`.  kInvalid: anything that is not of that form; the message has file,
// line and the path of the key.  A key that belongs to a later version says so.
Result<Slo> ParseSlo(const yaml::Node& node);

// `slos` as they are, or kInvalid where two have one name; the message has both places.
Result<std::vector<Slo>> CheckUnique(std::vector<Slo> slos);

}  // namespace nines::evaluator
