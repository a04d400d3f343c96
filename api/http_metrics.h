#pragma once
#include <prometheus/metric_family.h>

#include <vector>

#include "net/http_server.h"

namespace nines::api {

// What the server does with connections and bodies before a request has a handler: nines_http_*.
std::vector<prometheus::MetricFamily> CollectHttpMetrics(const net::HttpServerCounters& counters);

}  // namespace nines::api
