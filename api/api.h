#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/router.h"
#include "api/samples_api.h"
#include "api/series_api.h"
#include "base/clock.h"
#include "evaluator/slo/status.h"
#include "ingest/write_handler.h"
#include "net/http_server.h"
#include "notifier/notifier.h"
#include "tsdb/store.h"

namespace nines::api {

// What the front door reads.  Functions, so that a test needs no whole process; each must be set,
// and be safe for concurrent use.  Pointers must outlive the Api.
struct Sources {
  const Clock* clock = nullptr;
  // Of an ingest::WriteHandler.
  std::function<ingest::WriteResponse(const ingest::WriteRequest&, Time now)> write;
  std::function<std::vector<evaluator::SloStatus>()> slos;
  std::function<std::vector<notifier::Notification>()> owed;       // Oldest first.
  std::function<std::vector<notifier::Notification>()> delivered;  // Newest first.
  std::function<std::vector<ingest::HaCluster>()> ha_clusters;     // In order of name.
  std::function<tsdb::StoreStats()> store_stats;
  SamplesSource samples;
  SeriesSource series;
  std::function<Result<void>()> reload;                   // The error is the reply's body.
  bool enable_admin_api = false;                          // Else what follows is never called.
  std::function<Result<std::string>(Time now)> snapshot;  // Gives its name.
  std::function<bool()> ready;
  const net::HttpServerCounters* http = nullptr;
  prometheus::Registry* registry = nullptr;  // Rendered at /metrics; ours are added to it.
  std::string version;
};

// The whole HTTP interface as one function of a request; what there is stands in openapi.yaml, and
// a test holds that against the router.  Safe for concurrent use; blocks where its sources do.
class Api {
 public:
  explicit Api(Sources sources);
  ~Api();

  net::HttpResponse Handle(const net::HttpRequest& request);

  std::vector<Router::Route> routes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nines::api
