#include "api/http_metrics.h"

#include <utility>

namespace nines::api {

std::vector<prometheus::MetricFamily> CollectHttpMetrics(const net::HttpServerCounters& counters) {
  using prometheus::MetricType;
  std::vector<prometheus::MetricFamily> families;
  const auto gauge = [&families](const char* name, const char* help, uint64_t value) {
    prometheus::ClientMetric metric;
    metric.gauge.value = static_cast<double>(value);
    families.push_back({name, help, MetricType::Gauge, {metric}});
  };
  gauge("nines_http_connections", "Connections that are open.", counters.connections);
  gauge("nines_http_in_flight_bytes",
        "Bytes of bodies that are being read, wait or are being handled.",
        counters.in_flight_bytes);
  prometheus::MetricFamily refused{
      "nines_http_refused_total",
      "Connections and requests refused before they had a handler, by limit.",
      MetricType::Counter,
      {}};
  const std::pair<const char*, uint64_t> reasons[] = {
      {"connections", counters.refused_connections},
      {"in_flight_bytes", counters.refused_in_flight},
      {"queue", counters.refused_queue},
      {"client_queue", counters.refused_client_queue}};
  for (const auto& [limit, count] : reasons) {
    prometheus::ClientMetric metric;
    metric.label = {{"limit", limit}};
    metric.counter.value = static_cast<double>(count);
    refused.metric.push_back(std::move(metric));
  }
  families.push_back(std::move(refused));
  return families;
}

}  // namespace nines::api
