#include "evaluator/slo/slo_alerts.h"

#include <algorithm>
#include <cstdio>

#include "base/duration.h"
#include "base/number.h"

namespace nines::evaluator {
namespace {

constexpr char kThresholdKind[] = "threshold";

std::string BurnKind(const BurnRateRow& row) {
  return "burn-" + FormatDuration(row.long_window) + "-" + FormatDuration(row.short_window) + "-" +
         row.severity;
}

// Ten digits: 0.9995 * 100 is 99.95000000000000284 in binary.
std::string Percent(double ratio) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", ratio * 100);
  return std::string(text) + "%";
}

std::string ThresholdSummary(const Slo& slo) {
  std::string summary = slo.service + ": less than " + Percent(slo.objective) +
                        " of requests within " + slo.latency.threshold + " over the last " +
                        FormatDuration(slo.alert->window);
  if (slo.alert->hold > Duration{0}) summary += ", for " + FormatDuration(slo.alert->hold);
  return summary;
}

std::string BurnSummary(const Slo& slo, const BurnRateRow& row) {
  return slo.service + ": the error budget of " + slo.name + " burns more than " +
         FormatFloat(row.factor) + " times as fast as " + FormatDuration(slo.window) +
         " allow, over the last " + FormatDuration(row.long_window) + " and " +
         FormatDuration(row.short_window);
}

void AddWhereAbsent(std::string_view name, std::string_view value,
                    const std::vector<std::string>& group_by, Labels* labels) {
  if (labels->Has(name)) return;
  if (std::find(group_by.begin(), group_by.end(), name) != group_by.end()) return;
  labels->Set(name, value);
}

}  // namespace

std::vector<SloAlert> AlertsOf(const Slo& slo, const Labels& group, const Labels& external_labels,
                               const std::string& external_url) {
  SloAlert base;
  base.name = slo.alert ? slo.alert->name : slo.name;
  base.labels = group;
  if (slo.alert) {
    base.on_no_data = slo.alert->on_no_data;
    base.annotations = slo.alert->annotations;
    for (const Label& label : slo.alert->labels) base.labels.Set(label.name, label.value);
  }
  base.generator_url = external_url + "/?slo=" + slo.name;
  base.labels.Set(kAlertNameLabel, base.name);
  base.labels.Set(kSloLabel, slo.name);
  const auto& group_by = slo.latency.group_by;

  std::vector<SloAlert> alerts;
  if (slo.alert) {
    SloAlert alert = base;
    alert.kind = kThresholdKind;
    alert.hysteresis = {.hold = slo.alert->hold, .keep = slo.alert->keep};
    if (alert.annotations.empty()) alert.annotations.Set("summary", ThresholdSummary(slo));
    alerts.push_back(std::move(alert));
  }
  for (const BurnRateRow& row : slo.burn_rates) {
    SloAlert alert = base;
    alert.kind = BurnKind(row);
    alert.burn = row;
    alert.labels.Set(kSeverityLabel, row.severity);
    alert.labels.Set(kLongWindowLabel, FormatDuration(row.long_window));
    alert.labels.Set(kShortWindowLabel, FormatDuration(row.short_window));
    if (alert.annotations.empty()) alert.annotations.Set("summary", BurnSummary(slo, row));
    alerts.push_back(std::move(alert));
  }
  for (SloAlert& alert : alerts) {
    AddWhereAbsent(kServiceLabel, slo.service, group_by, &alert.labels);
    for (const Label& label : external_labels) {
      AddWhereAbsent(label.name, label.value, group_by, &alert.labels);
    }
  }
  return alerts;
}

std::vector<std::string> AlertKindsOf(const Slo& slo) {
  std::vector<std::string> kinds;
  if (slo.alert) kinds.push_back(kThresholdKind);
  for (const BurnRateRow& row : slo.burn_rates) kinds.push_back(BurnKind(row));
  return kinds;
}

}  // namespace nines::evaluator
