#include "api/slo_api.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>

#include "api/reply.h"
#include "base/json.h"
#include "base/labels.h"

namespace nines::api {
namespace {

using evaluator::Condition;
using evaluator::GroupStatus;
using evaluator::SloStatus;
using evaluator::State;

constexpr std::array kStates = {State::kInactive, State::kPending, State::kFiring};
constexpr std::array kConditions = {Condition::kOk,          Condition::kBreached,
                                    Condition::kNoTraffic,   Condition::kNoData,
                                    Condition::kNoSuchBound, Condition::kWindowBeyondRetention,
                                    Condition::kIncomplete};

template <class T>
bool Contains(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void WriteNumber(const std::optional<double>& value, JsonWriter* json) {
  if (value) {
    json->Number(*value);
  } else {
    json->Null();
  }
}

void WriteBudget(const evaluator::ErrorBudget& budget, JsonWriter* json) {
  json->BeginObject();
  WriteNumber(budget.events, &json->Key("events"));
  WriteNumber(budget.total, &json->Key("total"));
  WriteNumber(budget.consumed, &json->Key("consumed"));
  WriteNumber(budget.remaining_ratio, &json->Key("remaining_ratio"));
  WriteNumber(budget.remaining_events, &json->Key("remaining_events"));
  json->EndObject();
}

void WriteAlert(const evaluator::AlertStatus& alert, JsonWriter* json) {
  json->BeginObject();
  json->Key("name").String(alert.name);
  json->Key("state").String(StateName(alert.state));
  json->Key("active_since").TimeMs(alert.active_since);
  json->Key("fired_at").TimeMs(alert.fired_at);
  json->Key("labels").Object(alert.labels);
  json->Key("annotations").Object(alert.annotations);
  WriteNumber(alert.value, &json->Key("value"));
  json->EndObject();
}

void WriteGroup(const SloStatus& slo, const GroupStatus& group, Time now, JsonWriter* json) {
  json->BeginObject();
  json->Key("labels").Object(group.labels);
  json->Key("state").String(StateName(group.state));
  json->Key("since").TimeMs(group.since);
  json->Key("active_since").TimeMs(group.active_since);
  json->Key("condition").String(ConditionName(group.condition));
  json->Key("message").String(group.message);
  WriteNumber(group.good, &json->Key("good"));
  WriteNumber(group.total, &json->Key("total"));
  WriteNumber(group.ratio, &json->Key("ratio"));
  WriteBudget(group.error_budget, &json->Key("error_budget"));
  json->Key("burn_rates").BeginObject();
  for (const auto& [window, rate] : group.burn_rates) WriteNumber(rate, &json->Key(window));
  json->EndObject();
  json->Key("alerts").BeginArray();
  for (const evaluator::AlertStatus& alert : group.alerts) WriteAlert(alert, json);
  json->EndArray();
  json->Key("complete").Bool(group.complete);
  json->Key("data_through").TimeMs(group.data_through);
  std::optional<double> age;
  if (group.data_through) age = Seconds(now - *group.data_through);
  WriteNumber(age, &json->Key("data_age_seconds"));
  json->Key("evaluated_at").TimeMs(slo.evaluated_at);
  json->EndObject();
}

void WriteSlo(const SloStatus& slo, Time now, JsonWriter* json) {
  json->BeginObject();
  json->Key("id").String(slo.id);
  json->Key("name").String(slo.name);
  json->Key("service").String(slo.service);
  json->Key("objective").Number(slo.objective);
  json->Key("window").String(slo.window);
  json->Key("alert_window").String(slo.alert_window);
  json->Key("indicator").BeginObject();
  json->Key("type").String(slo.indicator);
  json->Key("histogram").String(slo.histogram);
  json->Key("selector").String(slo.selector);
  json->Key("threshold").String(slo.threshold);
  json->EndObject();
  json->Key("consumers").BeginArray();
  for (const std::string& consumer : slo.consumers) json->String(consumer);
  json->EndArray();
  json->Key("condition").String(ConditionName(slo.condition));
  json->Key("message").String(slo.message);
  json->Key("groups").BeginArray();
  for (const GroupStatus& group : slo.groups) WriteGroup(slo, group, now, json);
  json->EndArray();
  json->Key("evaluated_at").TimeMs(slo.evaluated_at);
  json->Key("evaluation_interval_seconds").Number(Seconds(slo.evaluation_interval));
  json->EndObject();
}

// The value of `known` that `name_of` gives the name `text`.
template <class T>
Result<T> ParseName(std::string_view parameter, std::string_view text, std::span<const T> known,
                    std::string_view (*name_of)(T)) {
  std::string names;
  for (const T value : known) {
    if (name_of(value) == text) return value;
    names += (names.empty() ? "" : ", ") + std::string(name_of(value));
  }
  return Error{Code::kInvalid, "parameter " + std::string(parameter) + ": " + GoQuote(text) +
                                   " is none of " + names};
}

}  // namespace

bool SloFilter::Matches(const SloStatus& slo) const {
  if (!services.empty() && !Contains(services, slo.service)) return false;
  const auto some_group = [&slo](auto predicate) {
    return std::any_of(slo.groups.begin(), slo.groups.end(), predicate);
  };
  if (!states.empty() &&
      !some_group([this](const GroupStatus& group) { return Contains(states, group.state); })) {
    return false;
  }
  return conditions.empty() || Contains(conditions, slo.condition) ||
         some_group(
             [this](const GroupStatus& group) { return Contains(conditions, group.condition); });
}

Result<SloFilter> ParseSloFilter(std::string_view query) {
  SloFilter filter;
  filter.services = QueryValues(query, "service");
  for (const std::string& text : QueryValues(query, "state")) {
    const auto state = ParseName<State>("state", text, kStates, evaluator::StateName);
    if (!state) return state.error();
    filter.states.push_back(*state);
  }
  for (const std::string& text : QueryValues(query, "condition")) {
    const auto condition =
        ParseName<Condition>("condition", text, kConditions, evaluator::ConditionName);
    if (!condition) return condition.error();
    filter.conditions.push_back(*condition);
  }
  return filter;
}

std::string SloJson(const SloStatus& slo, Time now) {
  JsonWriter json;
  WriteSlo(slo, now, &json);
  return json.Take();
}

net::HttpResponse ListSlos(const std::vector<SloStatus>& slos, std::string_view query, Time now) {
  const Result<SloFilter> filter = ParseSloFilter(query);
  if (!filter) return Failure(400, "bad_data", filter.error().message);
  JsonWriter json;
  json.BeginArray();
  for (const SloStatus& slo : slos) {
    if (filter->Matches(slo)) WriteSlo(slo, now, &json);
  }
  json.EndArray();
  return Success(json.text());
}

net::HttpResponse GetSlo(const std::vector<SloStatus>& slos, std::string_view id, Time now) {
  for (const SloStatus& slo : slos) {
    if (slo.id == id) return Success(SloJson(slo, now));
  }
  return Failure(404, "not_found", "no SLO named " + GoQuote(id));
}

}  // namespace nines::api
