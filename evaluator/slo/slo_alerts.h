#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "evaluator/alert_fsm.h"
#include "evaluator/slo/burn_rate.h"
#include "evaluator/slo/spec.h"

// The alerts that an SLO stands for: that of `alert`, and one for each burn-rate row.  Pure.

namespace nines::evaluator {

struct SloAlert {
  std::string kind;  // Unique within the SLO: "threshold", "burn-1h-5m-page".
  std::string name;  // alertname
  Hysteresis hysteresis;
  OnNoData on_no_data = OnNoData::kHold;
  std::optional<BurnRateRow> burn;  // Empty for the threshold alert.
  // Those of the group, then of the alert and its row, then alertname and slo; service and the
  // external labels where there is none of that name and it is not grouped by (a group that lacks
  // the label must not become equal to one that has it).
  Labels labels;
  Labels annotations;  // As given; a summary in words where none is.
  std::string generator_url;
};

// The threshold alert first.  `group` are the labels of one group.
std::vector<SloAlert> AlertsOf(const Slo& slo, const Labels& group, const Labels& external_labels,
                               const std::string& external_url);

// The kinds of those alerts.
std::vector<std::string> AlertKindsOf(const Slo& slo);

}  // namespace nines::evaluator
