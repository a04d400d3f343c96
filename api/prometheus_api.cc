#include "api/prometheus_api.h"

#include <limits>
#include <utility>

#include "api/reply.h"
#include "base/json.h"
#include "base/number.h"

namespace nines::api {
namespace {

// Seconds after which a sender may come back.  Prometheus' own backoff goes up to 5 s; after 429 a
// second's worth is free again.
const char* RetryAfterSeconds(int status) { return status == 429 ? "1" : "5"; }

void WriteAlert(const evaluator::AlertStatus& alert, JsonWriter* json) {
  Labels labels = alert.labels;
  labels.Set("alertname", alert.name);
  // Prometheus has one time here, that at which pending began; without `for` it is the firing one.
  const std::optional<Time> active_at = alert.active_since ? alert.active_since : alert.fired_at;
  json->BeginObject();
  json->Key("labels").Object(labels);
  json->Key("annotations").Object(alert.annotations);
  json->Key("state").String(StateName(alert.state));
  json->Key("activeAt");
  if (active_at) {
    json->String(FormatRfc3339Go(*active_at));
  } else {
    json->Null();
  }
  // A string in every case in Prometheus; an alert that is held without data has no number.
  json->Key("value").String(
      FormatFloatExponent(alert.value.value_or(std::numeric_limits<double>::quiet_NaN())));
  json->EndObject();
}

}  // namespace

net::HttpResponse ListAlerts(const std::vector<evaluator::SloStatus>& slos) {
  JsonWriter json;
  json.BeginObject().Key("alerts").BeginArray();
  for (const evaluator::SloStatus& slo : slos) {
    for (const evaluator::GroupStatus& group : slo.groups) {
      for (const evaluator::AlertStatus& alert : group.alerts) {
        if (alert.state != evaluator::State::kInactive) WriteAlert(alert, &json);
      }
    }
  }
  json.EndArray().EndObject();
  return Success(json.text());
}

net::HttpResponse WriteReply(const ingest::WriteResponse& response) {
  net::HttpResponse reply;
  reply.status = response.status;
  if (response.status != 204) {
    reply = net::HttpResponse::Text(response.status, response.message + "\n");
  }
  if (response.retry_after)
    reply.headers.emplace_back("Retry-After", RetryAfterSeconds(response.status));
  if (response.tells_written) {
    const auto tell = [&](const char* name, uint64_t count) {
      reply.headers.emplace_back(name, std::to_string(count));
    };
    tell("X-Prometheus-Remote-Write-Samples-Written", response.samples_written);
    tell("X-Prometheus-Remote-Write-Histograms-Written", response.histograms_written);
    tell("X-Prometheus-Remote-Write-Exemplars-Written", response.exemplars_written);
  }
  return reply;
}

std::optional<uint64_t> Throttle::Pass(std::chrono::nanoseconds now) {
  const std::lock_guard lock(mutex_);
  if (last_ && now - *last_ < interval_) {
    ++held_back_;
    return std::nullopt;
  }
  last_ = now;
  return std::exchange(held_back_, 0);
}

}  // namespace nines::api
