#include "evaluator/slo/spec.h"

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/duration.h"
#include "base/number.h"

namespace nines::evaluator {
namespace {

// Keys that the form has, and this version has not.
Result<void> RefuseLater(const yaml::Node& node, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const auto value = node.Get(key)) {
      return value->Error(GoQuote(key) + " is not available in this version");
    }
  }
  return {};
}

Result<std::string> ReadText(const yaml::Node& node) {
  auto text = node.AsString();
  if (!text) return text.error();
  if (text->empty()) return node.Error("must not be empty");
  return text;
}

Result<std::string> ReadText(const yaml::Node& parent, std::string_view key) {
  const auto node = parent.Require(key);
  if (!node) return node.error();
  return ReadText(*node);
}

Result<std::string> ReadName(const yaml::Node& parent) {
  const auto node = parent.Require("name");
  if (!node) return node.error();
  auto name = ReadText(*node);
  if (!name) return name.error();
  const bool plain = std::all_of(name->begin(), name->end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
  if (!plain) return node->Error("only letters, digits, \"_\", \"-\" and \".\" make a name");
  if (name->size() > kSloNameMax) {
    return node->Error("longer than " + std::to_string(kSloNameMax) + " characters");
  }
  return name;
}

Result<Duration> ReadWindow(const yaml::Node& node) {
  const auto window = node.AsDuration();
  if (!window) return window.error();
  if (*window <= Duration{0}) return node.Error("must be longer than 0");
  return *window;
}

// A ratio, from a percentage when it is above 1.
Result<double> ReadRatio(const yaml::Node& node) {
  const auto number = node.AsNumber();
  if (!number) return number.error();
  if (!(*number > 0) || *number > 100) {
    return node.Error("must be a percentage above 1 and at most 100, or a ratio above 0");
  }
  if (*number <= 1) return *number;
  // 99.9 / 100 is not the double nearest to 0.999; its first 15 digits are 0.999 again.
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.15g", *number / 100);
  return ParseFloat(digits).value();
}

Result<double> ReadObjective(const yaml::Node& parent) {
  const auto node = parent.Require("objective");
  if (!node) return node.error();
  const auto ratio = ReadRatio(*node);
  if (!ratio) return ratio.error();
  if (*ratio >= 1) {
    return node->Error(
        "an objective of all events leaves no error budget; write a percentage below 100 or a "
        "ratio below 1");
  }
  return *ratio;
}

Result<std::string> ReadHistogram(const yaml::Node& parent) {
  const auto node = parent.Require("histogram");
  if (!node) return node.error();
  auto name = ReadText(*node);
  if (!name) return name.error();
  for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
    if (name->size() > suffix.size() && name->ends_with(suffix)) {
      return node->Error("write the name of the histogram without " + GoQuote(suffix) + ": " +
                         name->substr(0, name->size() - suffix.size()));
    }
  }
  if (name->find_first_of("{}") != std::string::npos) {
    return node->Error("a name only; matchers go into \"selector\"");
  }
  return name;
}

Result<void> ReadThreshold(const yaml::Node& parent, LatencyIndicator* out) {
  const auto node = parent.Require("threshold");
  if (!node) return node.error();
  const auto text = ReadText(*node);
  if (!text) return text.error();
  out->threshold = *text;
  if (const auto number = ParseFloat(*text)) {
    out->bound = *number;
  } else if (const auto duration = ParseDuration(*text)) {
    out->bound = static_cast<double>(duration->count()) / 1000;
  } else {
    return node->Error(
        "neither a duration such as 500ms (the metric is in seconds then) nor a number in the "
        "metric's own unit");
  }
  if (!(out->bound > 0) || out->bound > 1e300) return node->Error("must be above 0 and finite");
  return {};
}

Result<void> ReadGroupBy(const yaml::Node& parent, LatencyIndicator* out) {
  const auto node = parent.Get("group_by");
  if (!node) return {};
  auto names = node->AsStringList();
  if (!names) return names.error();
  if (names->size() > kGroupByMax) {
    return node->Error("more than " + std::to_string(kGroupByMax) + " labels");
  }
  std::set<std::string_view> seen;
  for (const std::string& name : *names) {
    if (name.empty() || !IsUtf8(name)) return node->Error("a label name must not be empty");
    if (name == kBucketLabel || name == kMetricName || name == kAlertNameLabel ||
        name == kSloLabel) {
      return node->Error(GoQuote(name) + " cannot be grouped by");
    }
    if (!seen.insert(name).second) return node->Error(GoQuote(name) + " stands here twice");
  }
  out->group_by = *std::move(names);
  return {};
}

Result<LatencyIndicator> ReadLatency(const yaml::Node& node) {
  if (const auto later = RefuseLater(node, {"bracket"}); !later) return later.error();
  if (const auto known = node.AllowOnly({"histogram", "selector", "threshold", "group_by"}); !known)
    return known.error();
  LatencyIndicator latency;
  auto histogram = ReadHistogram(node);
  if (!histogram) return histogram.error();
  latency.histogram = *std::move(histogram);
  if (const auto selector = node.Get("selector")) {
    auto text = selector->AsString();
    if (!text) return text.error();
    auto matchers = ParseMatchers(*text);
    if (!matchers) return selector->Error(matchers.error().message);
    for (const Matcher& matcher : *matchers) {
      if (matcher.name() == kBucketLabel) {
        return selector->Error("the bucket is chosen by \"threshold\", not by a matcher of \"le\"");
      }
      if (matcher.name() == kMetricName) {
        return selector->Error("the metric is chosen by \"histogram\"");
      }
    }
    latency.selector = *std::move(text);
    latency.matchers = *std::move(matchers);
  }
  if (const auto read = ReadThreshold(node, &latency); !read) return read.error();
  if (const auto read = ReadGroupBy(node, &latency); !read) return read.error();
  return latency;
}

Result<LatencyIndicator> ReadIndicator(const yaml::Node& parent) {
  const auto node = parent.Require("indicator");
  if (!node) return node.error();
  const auto later =
      RefuseLater(*node, {"ratio", "availability", "native_latency", "composite", "promql"});
  if (!later) return later.error();
  if (const auto known = node->AllowOnly({"latency"}); !known) return known.error();
  const auto latency = node->Require("latency");
  if (!latency) return latency.error();
  return ReadLatency(*latency);
}

// Labels or annotations of alerts.
Result<Labels> ReadLabels(const yaml::Node& parent, std::string_view key) {
  const auto node = parent.Get(key);
  if (!node) return Labels();
  const auto map = node->AsStringMap();
  if (!map) return map.error();
  std::vector<Label> labels;
  for (const auto& [name, value] : *map) {
    if (name.empty() || name == kMetricName || !IsUtf8(name)) {
      return node->Error(GoQuote(name) + " is no valid name");
    }
    if (!IsUtf8(value)) return node->Error("the value of " + GoQuote(name) + " is not UTF-8");
    labels.push_back({name, value});
  }
  return Labels(std::move(labels));
}

Result<void> CheckAlertLabels(const yaml::Node& node, const Labels& labels,
                              const std::vector<std::string>& group_by) {
  for (const Label& label : labels) {
    const auto at = node.Get("labels");
    if (label.name == kAlertNameLabel || label.name == kSloLabel || label.name == kServiceLabel) {
      return at->Error(GoQuote(label.name) + " is set by the SLO itself");
    }
    if (label.name == kLongWindowLabel || label.name == kShortWindowLabel) {
      return at->Error(GoQuote(label.name) + " is set by burn_rate_alerts");
    }
    if (std::find(group_by.begin(), group_by.end(), label.name) != group_by.end()) {
      return at->Error(GoQuote(label.name) +
                       " is in group_by too: one value would make all groups one alert");
    }
  }
  return {};
}

Result<OnNoData> ReadOnNoData(const yaml::Node& parent) {
  const auto node = parent.Get("on_no_data");
  if (!node) return OnNoData::kHold;
  const auto text = node->AsString();
  if (!text) return text.error();
  if (*text == "hold") return OnNoData::kHold;
  if (*text == "ok") return OnNoData::kOk;
  if (*text == "bad") return OnNoData::kBad;
  if (*text == "alert") return node->Error("\"alert\" is not available in this version");
  return node->Error("must be hold, ok or bad");
}

Result<AlertSpec> ReadAlert(const yaml::Node& node, const Slo& slo) {
  const auto known = node.AllowOnly({"name", "window", "for", "keep_firing_for", "clear_above",
                                     "on_no_data", "labels", "annotations"});
  if (!known) return known.error();
  AlertSpec alert;
  alert.name = slo.name;
  alert.clear_above = slo.objective;
  if (const auto name = node.Get("name")) {
    auto text = ReadText(*name);
    if (!text) return text.error();
    alert.name = *std::move(text);
  }
  if (const auto window = node.Get("window")) {
    const auto read = ReadWindow(*window);
    if (!read) return read.error();
    alert.window = *read;
  }
  for (const auto& [key, field] :
       {std::pair{"for", &alert.hold}, {"keep_firing_for", &alert.keep}}) {
    if (const auto value = node.Get(key)) {
      const auto read = value->AsDuration();
      if (!read) return read.error();
      *field = *read;
    }
  }
  if (const auto clear = node.Get("clear_above")) {
    const auto ratio = ReadRatio(*clear);
    if (!ratio) return ratio.error();
    if (*ratio < slo.objective) return clear->Error("must not be below the objective");
    alert.clear_above = *ratio;
  }
  const auto on_no_data = ReadOnNoData(node);
  if (!on_no_data) return on_no_data.error();
  alert.on_no_data = *on_no_data;
  auto labels = ReadLabels(node, "labels");
  if (!labels) return labels.error();
  alert.labels = *std::move(labels);
  const auto checked = CheckAlertLabels(node, alert.labels, slo.latency.group_by);
  if (!checked) return checked.error();
  auto annotations = ReadLabels(node, "annotations");
  if (!annotations) return annotations.error();
  alert.annotations = *std::move(annotations);
  return alert;
}

Result<BurnRateRow> ReadRow(const yaml::Node& node) {
  if (const auto known = node.AllowOnly({"long", "short", "factor", "severity"}); !known) {
    return known.error();
  }
  BurnRateRow row;
  for (const auto& [key, field] :
       {std::pair{"long", &row.long_window}, {"short", &row.short_window}}) {
    const auto value = node.Require(key);
    if (!value) return value.error();
    const auto window = ReadWindow(*value);
    if (!window) return window.error();
    *field = *window;
  }
  if (row.short_window >= row.long_window) return node.Error("\"short\" must be below \"long\"");
  const auto factor = node.Require("factor");
  if (!factor) return factor.error();
  const auto number = factor->AsNumber();
  if (!number) return number.error();
  if (!(*number > 0)) return factor->Error("must be above 0");
  row.factor = *number;
  auto severity = ReadText(node, "severity");
  if (!severity) return severity.error();
  row.severity = *std::move(severity);
  return row;
}

// A burn can be 1 / (1 - objective) at most, when every event is bad.
Result<void> CheckReachable(const yaml::Node& node, const BurnRateRow& row, double objective) {
  if (row.factor * (1 - objective) < 1) return {};
  return node.Error("the factor " + FormatFloat(row.factor) + " of " + RowName(row) +
                    " can never be exceeded: with every event bad the burn is 1 / (1 - " +
                    FormatFloat(objective) + ")");
}

Result<std::vector<BurnRateRow>> ReadRows(const yaml::Node& node, const Slo& slo) {
  std::vector<BurnRateRow> rows;
  if (node.IsScalar()) {
    const auto text = node.AsString();
    if (!text) return text.error();
    if (*text != "google") {
      return node.Error("must be google, or a list of {long, short, factor, severity}");
    }
    if (slo.window < kGoogleWindowMin) {
      return node.Error("google needs a window of at least " + FormatDuration(kGoogleWindowMin) +
                        "; list rows of your own");
    }
    rows = GoogleRows(slo.window);
    for (const BurnRateRow& row : rows) {
      if (const auto fires = CheckReachable(node, row, slo.objective); !fires) return fires.error();
    }
    return rows;
  }
  if (!node.IsSequence()) {
    return node.Error("must be google, or a list of {long, short, factor, severity}");
  }
  const auto items = node.Items();
  if (items.size() > kBurnRatesMax) {
    return node.Error("more than " + std::to_string(kBurnRatesMax) + " rows");
  }
  for (const yaml::Node& item : items) {
    auto row = ReadRow(item);
    if (!row) return row.error();
    if (const auto fires = CheckReachable(item, *row, slo.objective); !fires) return fires.error();
    for (const BurnRateRow& other : rows) {
      if (RowName(other) == RowName(*row) && other.severity == row->severity) {
        return item.Error(RowName(*row) + " with severity " + GoQuote(row->severity) +
                          " stands here twice");
      }
    }
    rows.push_back(*std::move(row));
  }
  return rows;
}

Result<void> ReadBurnRates(const yaml::Node& parent, Slo* slo) {
  const auto node = parent.Get("burn_rate_alerts");
  if (!node) return {};
  auto rows = ReadRows(*node, *slo);
  if (!rows) return rows.error();
  for (const std::string_view name : {kSeverityLabel, kLongWindowLabel, kShortWindowLabel}) {
    const auto& group_by = slo->latency.group_by;
    if (!rows->empty() && std::find(group_by.begin(), group_by.end(), name) != group_by.end()) {
      return node->Error("they set the label " + GoQuote(name) + ", which is in group_by");
    }
  }
  slo->burn_rates = *std::move(rows);
  return {};
}

Result<void> ReadConsumers(const yaml::Node& parent, Slo* slo) {
  const auto node = parent.Get("consumers");
  if (!node) return {};
  auto names = node->AsStringList();
  if (!names) return names.error();
  std::set<std::string_view> seen;
  for (const std::string& name : *names) {
    if (name.empty()) return node->Error("a name must not be empty");
    if (!seen.insert(name).second) return node->Error(GoQuote(name) + " stands here twice");
  }
  slo->consumers = *std::move(names);
  return {};
}

Result<void> CheckCounting(const yaml::Node& parent) {
  const auto node = parent.Get("counting");
  if (!node) return {};
  const auto text = node->AsString();
  if (!text) return text.error();
  if (*text == "promql") return {};
  if (*text == "events") {
    return node->Error("\"events\" is not available in this version; write promql");
  }
  return node->Error("must be promql");
}

}  // namespace

Result<Slo> ParseSlo(const yaml::Node& node) {
  const auto later = RefuseLater(node, {"calendar", "time_zone", "exclude"});
  if (!later) return later.error();
  const auto known = node.AllowOnly({"name", "service", "objective", "window", "counting",
                                     "indicator", "alert", "burn_rate_alerts", "consumers"});
  if (!known) return known.error();
  Slo slo;
  slo.place = node.file() + ":" + std::to_string(node.line());
  auto name = ReadName(node);
  if (!name) return name.error();
  slo.name = *std::move(name);
  auto service = ReadText(node, "service");
  if (!service) return service.error();
  slo.service = *std::move(service);
  const auto objective = ReadObjective(node);
  if (!objective) return objective.error();
  slo.objective = *objective;
  const auto window_node = node.Require("window");
  if (!window_node) return window_node.error();
  const auto window = ReadWindow(*window_node);
  if (!window) return window.error();
  slo.window = *window;
  if (const auto counting = CheckCounting(node); !counting) return counting.error();
  auto latency = ReadIndicator(node);
  if (!latency) return latency.error();
  slo.latency = *std::move(latency);
  if (const auto alert_node = node.Get("alert")) {
    auto alert = ReadAlert(*alert_node, slo);
    if (!alert) return alert.error();
    slo.alert = *std::move(alert);
  }
  if (const auto read = ReadBurnRates(node, &slo); !read) return read.error();
  if (const auto read = ReadConsumers(node, &slo); !read) return read.error();
  return slo;
}

Result<std::vector<Slo>> CheckUnique(std::vector<Slo> slos) {
  std::map<std::string_view, const Slo*> first;
  for (const Slo& slo : slos) {
    const auto [it, fresh] = first.emplace(slo.name, &slo);
    if (fresh) continue;
    return Error{Code::kInvalid, slo.place + ": the SLO " + GoQuote(slo.name) +
                                     " is already defined at " + it->second->place};
  }
  return slos;
}

}  // namespace nines::evaluator
