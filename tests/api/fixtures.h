#pragma once
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api.h"
#include "base/check.h"
#include "base/clock.h"

// An Api over sources that a test fills in.

namespace nines::api::test {

inline Time At(std::string_view text) {
  const Result<Time> time = ParseTime(text);
  CHECK(time.has_value());
  return *time;
}

class FakeClock : public Clock {
 public:
  Time Wall() const override { return wall; }
  std::chrono::nanoseconds Monotonic() const override { return monotonic; }

  Time wall = At("2026-11-28T18:42:20.000Z");
  std::chrono::nanoseconds monotonic{0};
};

// What the SLOs of most tests have in common.
inline evaluator::SloStatus Slo(std::string name) {
  evaluator::SloStatus slo;
  slo.id = name;
  slo.name = std::move(name);
  slo.service = "recommender";
  slo.objective = 0.99;
  slo.window = "30d";
  slo.alert_window = "5m";
  slo.indicator = "latency";
  slo.histogram = "model_request_latency_seconds";
  slo.selector = "route=\"/predict\"";
  slo.threshold = "500ms";
  slo.consumers = {"checkout"};
  slo.condition = evaluator::Condition::kOk;
  slo.evaluated_at = At("2026-11-28T18:42:19.000Z");
  slo.evaluation_interval = std::chrono::seconds{5};
  return slo;
}

// Every optional field is filled in.
inline evaluator::GroupStatus FiringGroup() {
  evaluator::GroupStatus group;
  group.labels = {{"job", "model"}};
  group.state = evaluator::State::kFiring;
  group.since = At("2026-11-28T18:41:00.000Z");
  group.active_since = At("2026-11-28T18:31:00.000Z");
  group.condition = evaluator::Condition::kBreached;
  group.message = "ratio 0.82 is below 0.99";
  group.good = 820;
  group.total = 1000;
  group.ratio = 0.82;
  group.error_budget = {.events = 100000,
                        .total = 1000,
                        .consumed = 1250,
                        .remaining_ratio = -0.25,
                        .remaining_events = -250};
  group.burn_rates = {{"30d", 1.25}, {"5m", 18.0}};
  evaluator::AlertStatus alert;
  alert.name = "predict-latency";
  alert.state = evaluator::State::kFiring;
  alert.active_since = group.active_since;
  alert.fired_at = group.since;
  alert.labels = {{"job", "model"}, {"severity", "warning"}};
  alert.annotations = {{"summary", "Model service latency is too high"}};
  alert.value = 0.82;
  group.alerts = {alert};
  group.complete = true;
  group.data_through = At("2026-11-28T18:42:18.500Z");
  return group;
}

// Every optional field is empty.
inline evaluator::GroupStatus EmptyGroup() {
  evaluator::GroupStatus group;
  group.labels = {{"job", "idle"}};
  return group;
}

inline notifier::Notification Owed() {
  notifier::Notification owed{};
  owed.id = 7;
  owed.receiver = "checkout";
  owed.group_key = "{}/{slo=\"predict-latency\"}:{slo=\"predict-latency\"}";
  owed.status = "firing";
  owed.reason = "first notification";
  owed.alerts = 1;
  owed.created_at = At("2026-11-28T18:41:00.000Z");
  owed.attempts = 3;
  owed.last_error = "status 503";
  owed.next_attempt = At("2026-11-28T18:42:30.000Z");
  owed.idempotency_key = "5f2a";
  return owed;
}

inline notifier::Notification Delivered() {
  notifier::Notification delivered = Owed();
  delivered.id = 6;
  delivered.receiver = "search";
  delivered.attempts = 1;
  delivered.last_error = "";
  delivered.next_attempt = std::nullopt;
  delivered.delivered_at = At("2026-11-28T18:41:01.250Z");
  return delivered;
}

// A series with all that one can have.
inline SeriesSamples Samples() {
  SeriesSamples series;
  series.labels = {{"__name__", "x"}, {"job", "a"}};
  series.values = {{At("2026-11-28T18:42:19.250Z"), 0.5},
                   {At("2026-11-28T18:42:20.000Z"), tsdb::StaleMarker()}};
  tsdb::NativeHistogram histogram;
  histogram.count = 6;
  histogram.sum = 18.5;
  histogram.zero_threshold = 0.001;
  histogram.zero_count = 1;
  histogram.positive = {.spans = {{0, 2}, {1, 1}}, .deltas = {1, 1, -1}, .counts = {}};
  histogram.negative = {.spans = {{0, 1}}, .deltas = {1}, .counts = {}};
  series.histograms = {{At("2026-11-28T18:42:19.000Z"), histogram}};
  series.starts = {{At("2026-11-28T18:40:00.000Z"), At("2026-11-28T18:42:19.000Z")}};
  return series;
}

// The sources' answers, which a test changes as it goes.
struct World {
  FakeClock clock;
  std::vector<evaluator::SloStatus> slos;
  std::vector<notifier::Notification> owed;
  std::vector<notifier::Notification> delivered;
  std::vector<ingest::HaCluster> ha_clusters;
  tsdb::StoreStats store_stats;
  Result<std::vector<SeriesSamples>> samples = std::vector<SeriesSamples>{};
  std::string asked_samples;  // The matchers and bounds of the last call.
  Result<std::vector<std::string>> texts = std::vector<std::string>{};  // Names and values.
  Result<std::vector<Labels>> series = std::vector<Labels>{};
  std::vector<tsdb::SeriesExemplars> exemplars;
  tsdb::SeriesQuery asked{};  // Of the last of these.
  std::string asked_label;
  std::vector<tsdb::MetricMetadata> metadata;
  std::string asked_metric;
  Result<void> reloaded{};
  bool ready = true;
  bool enable_admin_api = true;
  Result<std::string> snapshot = std::string("20261128T184220Z-00000000000000ff");
  ingest::WriteResponse written;
  std::vector<std::string> writes;  // "content type|content encoding|body" of each.
  net::HttpServerCounters http;
  prometheus::Registry registry;

  std::unique_ptr<Api> MakeApi() {
    Sources sources;
    sources.clock = &clock;
    sources.write = [this](const ingest::WriteRequest& request, Time) {
      writes.push_back(std::string(request.content_type) + "|" +
                       std::string(request.content_encoding) + "|" + std::string(request.body));
      return written;
    };
    sources.slos = [this] { return slos; };
    sources.owed = [this] { return owed; };
    sources.delivered = [this] { return delivered; };
    sources.ha_clusters = [this] { return ha_clusters; };
    sources.store_stats = [this] { return store_stats; };
    sources.samples = [this](const std::vector<Matchers>& sets, Time from, Time to) {
      asked_samples.clear();
      for (const Matchers& matchers : sets) {
        for (const Matcher& matcher : matchers) asked_samples += matcher.ToString() + " ";
        asked_samples += "| ";
      }
      asked_samples += std::to_string(ToUnixMs(from)) + " " + std::to_string(ToUnixMs(to));
      return samples;
    };
    const auto ask = [this](const tsdb::SeriesQuery& query) { asked = query; };
    sources.series.label_names = [this, ask](const tsdb::SeriesQuery& query) {
      ask(query);
      return texts;
    };
    sources.series.label_values = [this, ask](std::string_view name,
                                              const tsdb::SeriesQuery& query) {
      ask(query);
      asked_label = name;
      return texts;
    };
    sources.series.series = [this, ask](const tsdb::SeriesQuery& query) {
      ask(query);
      return series;
    };
    sources.series.exemplars = [this, ask](const tsdb::SeriesQuery& query) {
      ask(query);
      return exemplars;
    };
    sources.series.metadata = [this](std::string_view name) {
      asked_metric = name;
      return metadata;
    };
    sources.reload = [this] { return reloaded; };
    sources.enable_admin_api = enable_admin_api;
    sources.snapshot = [this](Time) { return snapshot; };
    sources.ready = [this] { return ready; };
    sources.http = &http;
    sources.registry = &registry;
    sources.version = "1.2.3-test";
    return std::make_unique<Api>(std::move(sources));
  }
};

// Splits the query off.
inline net::HttpRequest Request(std::string method, std::string_view target) {
  net::HttpRequest request;
  request.method = std::move(method);
  request.path = std::string(target.substr(0, target.find('?')));
  if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
  request.remote = "127.0.0.1:40312";
  return request;
}

}  // namespace nines::api::test
