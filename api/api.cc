#include "api/api.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/admin_api.h"
#include "api/http_metrics.h"
#include "api/ingest_api.h"
#include "api/notification_api.h"
#include "api/page.h"
#include "api/process_metrics.h"
#include "api/prometheus_api.h"
#include "api/reply.h"
#include "api/slo_api.h"
#include "base/check.h"
#include "base/log.h"

namespace nines::api {
namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr std::chrono::seconds kRefusalLogInterval{10};

// Seconds.
const prometheus::Histogram::BucketBoundaries kDurationBounds = {0.001, 0.005, 0.01, 0.025, 0.05,
                                                                 0.1,   0.25,  0.5,  1,     5};

// What an operator asks of a running server.
HttpResponse Line(int status, std::string_view text) {
  return HttpResponse::Text(status, std::string(text) + "\n");
}

prometheus::Gauge& AddGauge(prometheus::Registry* registry, const std::string& name,
                            const std::string& help, const prometheus::Labels& labels = {}) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*registry).Add(labels);
}

}  // namespace

struct Api::Impl {
  explicit Impl(Sources given);

  void AddRoutes();
  void AddAdminRoutes();
  HttpResponse Write(const HttpRequest& request);
  HttpResponse Reload();
  HttpResponse Metrics();
  void Count(std::string_view handler, int status, std::chrono::nanoseconds took);

  const Sources sources;
  Router router;
  Throttle refusals{kRefusalLogInterval};
  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Family<prometheus::Histogram>& durations;
  prometheus::Gauge& store_families;  // Read when it is asked for.
};

Api::Impl::Impl(Sources given)
    : sources(std::move(given)),
      requests(prometheus::BuildCounter()
                   .Name("nines_http_requests_total")
                   .Help("HTTP requests answered, by status code and route.")
                   .Register(*sources.registry)),
      durations(prometheus::BuildHistogram()
                    .Name("nines_http_request_duration_seconds")
                    .Help("Time from a whole request to its response, by route.")
                    .Register(*sources.registry)),
      store_families(AddGauge(sources.registry, "nines_tsdb_families",
                              "Histogram families and single series in the index.")) {
  AddGauge(sources.registry, "nines_build_info", "Always 1; the labels tell what was built.",
           {{"version", sources.version}})
      .Set(1);
  AddRoutes();
  AddAdminRoutes();
}

void Api::Impl::AddRoutes() {
  const auto page = [this](const char* file) {
    return [this, file](const HttpRequest&, const PathParameters&) {
      return ServeWebFile(file, sources.version);
    };
  };
  router.Add("GET", "/", page("index.html"));
  router.Add("GET", "/style.css", page("style.css"));
  router.Add("GET", "/app.js", page("app.js"));

  router.Add("GET", "/api/v1/slos", [this](const HttpRequest& request, const PathParameters&) {
    return ListSlos(sources.slos(), request.query, sources.clock->Wall());
  });
  router.Add("GET", "/api/v1/slos/{name}", [this](const HttpRequest&, const PathParameters& path) {
    return GetSlo(sources.slos(), path.find("name")->second, sources.clock->Wall());
  });
  router.Add("GET", "/api/v1/notifications",
             [this](const HttpRequest& request, const PathParameters&) {
               return ListNotifications(sources.owed(), sources.delivered(), request.query);
             });
  router.Add("GET", "/api/v1/alerts", [this](const HttpRequest&, const PathParameters&) {
    return ListAlerts(sources.slos());
  });
  router.Add("GET", "/api/v1/status/ha", [this](const HttpRequest&, const PathParameters&) {
    return ListHaClusters(sources.ha_clusters());
  });
  router.Add("GET", "/api/v1/samples", [this](const HttpRequest& request, const PathParameters&) {
    return ListSamples(request.query, sources.samples);
  });
  router.Add("POST", "/api/v1/write",
             [this](const HttpRequest& request, const PathParameters&) { return Write(request); });

  AddSeriesRoutes(&sources.series, &router);

  router.Add("GET", "/-/healthy", [](const HttpRequest&, const PathParameters&) {
    return Line(200, "Nines is healthy.");
  });
  router.Add("GET", "/-/ready", [this](const HttpRequest&, const PathParameters&) {
    return sources.ready() ? Line(200, "Nines is ready.") : Line(503, "Nines is not ready.");
  });
  for (const char* method : {"POST", "PUT"}) {
    router.Add(method, "/-/reload",
               [this](const HttpRequest&, const PathParameters&) { return Reload(); });
  }
  router.Add("GET", "/metrics",
             [this](const HttpRequest&, const PathParameters&) { return Metrics(); });
}

void Api::Impl::AddAdminRoutes() {
  for (const char* method : {"POST", "PUT"}) {
    router.Add(method, "/api/v1/admin/tsdb/snapshot",
               [this](const HttpRequest& request, const PathParameters&) {
                 if (!sources.enable_admin_api) return AdminDisabled();
                 return TakeSnapshot(sources.snapshot, request, sources.clock->Wall());
               });
  }
}

HttpResponse Api::Impl::Write(const HttpRequest& request) {
  const ingest::WriteRequest write{net::FindHeader(request.headers, "Content-Type"),
                                   net::FindHeader(request.headers, "Content-Encoding"),
                                   request.body};
  const ingest::WriteResponse response = sources.write(write, sources.clock->Wall());
  if (response.status >= 400) {
    if (const auto held_back = refusals.Pass(sources.clock->Monotonic())) {
      log::Warn("remote write refused", {{"remote", request.remote},
                                         {"status", std::to_string(response.status)},
                                         {"reason", response.message},
                                         {"not_logged_before", std::to_string(*held_back)}});
    }
  }
  return WriteReply(response);
}

HttpResponse Api::Impl::Reload() {
  const Result<void> reloaded = sources.reload();
  if (!reloaded) {
    return Line(500, "failed to reload the configuration: " + reloaded.error().message);
  }
  return Line(200, "The configuration was reloaded.");
}

HttpResponse Api::Impl::Metrics() {
  store_families.Set(static_cast<double>(sources.store_stats().families));
  std::vector<prometheus::MetricFamily> families = sources.registry->Collect();
  for (prometheus::MetricFamily& family : CollectProcessMetrics()) {
    families.push_back(std::move(family));
  }
  for (prometheus::MetricFamily& family : CollectHttpMetrics(*sources.http)) {
    families.push_back(std::move(family));
  }
  HttpResponse response;
  response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}};
  response.body = prometheus::TextSerializer().Serialize(families);
  return response;
}

void Api::Impl::Count(std::string_view handler, int status, std::chrono::nanoseconds took) {
  const std::string label(handler.empty() ? "other" : handler);
  requests.Add({{"code", std::to_string(status)}, {"handler", label}}).Increment();
  durations.Add({{"handler", label}}, kDurationBounds)
      .Observe(std::chrono::duration<double>(took).count());
}

Api::Api(Sources sources) {
  CHECK(sources.clock != nullptr);
  CHECK(sources.registry != nullptr);
  CHECK(sources.http != nullptr);
  CHECK(sources.write && sources.slos && sources.owed && sources.delivered);
  CHECK(sources.series.is_set());
  CHECK(sources.ha_clusters && sources.store_stats && sources.reload && sources.ready);
  CHECK(sources.snapshot || !sources.enable_admin_api);
  CHECK(sources.samples);
  impl_ = std::make_unique<Impl>(std::move(sources));
}

Api::~Api() = default;

HttpResponse Api::Handle(const HttpRequest& request) {
  const std::chrono::nanoseconds begin = impl_->sources.clock->Monotonic();
  Router::Answer answer = impl_->router.Handle(request);
  // An error that repeats what was asked must not be taken for markup.
  answer.response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  impl_->Count(answer.pattern, answer.response.status, impl_->sources.clock->Monotonic() - begin);
  return std::move(answer.response);
}

std::vector<Router::Route> Api::routes() const { return impl_->router.routes(); }

}  // namespace nines::api
