#include "app/server.h"

#include <prometheus/registry.h>

#include <atomic>
#include <mutex>

#include "api/api.h"
#include "app/config.h"
#include "app/periodic.h"
#include "app/version.h"
#include "base/log.h"
#include "evaluator/slo/slo_evaluator.h"
#include "ingest/write_handler.h"
#include "net/http_server.h"
#include "notifier/dispatcher.h"
#include "tsdb/store.h"

namespace nines::app {
namespace {

constexpr Duration kUpkeepInterval = std::chrono::seconds{5};
constexpr Duration kSyncInterval = std::chrono::seconds{1};
constexpr Duration kStopGrace = std::chrono::seconds{10};

// Binds the evaluator's alerts to the notifier.
class NotifierSink : public evaluator::AlertSink {
 public:
  explicit NotifierSink(notifier::Dispatcher* dispatcher) : dispatcher_(dispatcher) {}

  Result<void> Send(std::span<const evaluator::Alert> alerts, Time now) override {
    std::vector<notifier::Alert> posted;
    posted.reserve(alerts.size());
    for (const evaluator::Alert& alert : alerts)
      posted.push_back({.labels = alert.labels,
                        .annotations = alert.annotations,
                        .starts_at = alert.starts_at,
                        .ends_at = alert.ends_at,
                        .generator_url = alert.generator_url,
                        .updated_at = now});
    return dispatcher_->Post(posted, now);
  }

 private:
  notifier::Dispatcher* dispatcher_;
};

}  // namespace

struct Server::Impl {
  ServerOptions options;
  prometheus::Registry registry;
  net::HttpServerCounters http_counters;
  Config config;  // GUARDED_BY(reload_mutex), as is the order of reloads.
  std::mutex reload_mutex;

  // In the order of construction; each knows only what stands above it.
  std::unique_ptr<tsdb::Store> store;
  std::unique_ptr<ingest::WriteHandler> write_handler;
  std::unique_ptr<notifier::Dispatcher> dispatcher;
  std::unique_ptr<NotifierSink> sink;
  std::unique_ptr<evaluator::SloEvaluator> slo_evaluator;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<net::HttpServer> http;
  std::unique_ptr<Periodic> ticker;
  std::unique_ptr<Periodic> upkeep;
  std::unique_ptr<Periodic> syncer;  // Under storage.sync interval.
  std::atomic<bool> ready{false};
  bool is_fatal = false;  // The upkeep thread's.
  bool stopped = false;

  std::string ExternalUrl(const Config& of) const {
    if (!of.external_url.empty()) return of.external_url;
    return "http://" + (http ? http->address() : options.listen_address);
  }

  // What the evaluator is told of `of`.
  evaluator::SloEvaluator::Settings SettingsOf(const Config& of) const {
    return {.slos = of.slos,
            .evaluation_interval = of.evaluation_interval,
            .external_labels = of.external_labels,
            .external_url = ExternalUrl(of)};
  }

  // What the routes of `of` are; its errors were found by LoadConfig().
  Result<notifier::Config> Routes(const Config& of) const {
    return notifier::RoutesOf(of.consumers, of.promises(), ExternalUrl(of));
  }

  Result<void> OpenRooms();
  Result<void> Listen();
  void Maintain(Time now);
  void StartThreads();
  Result<void> Reload();
  Result<void> Stop();
};

Result<void> Server::Impl::OpenRooms() {
  const Time now = options.clock->Wall();
  auto opened = tsdb::Store::Open({.path = options.storage_path,
                                   .sync = config.sync,
                                   .retention = config.retention,
                                   .retention_bytes = config.retention_bytes,
                                   .out_of_order_window = config.out_of_order_window,
                                   .series_max = config.series_max,
                                   .checkpoint_interval = config.checkpoint_interval,
                                   .min_free = config.min_free,
                                   .exemplars_max = config.exemplars,
                                   .metadata_max = config.metadata,
                                   .env = options.storage_env,
                                   .registry = &registry});
  if (!opened) return Wrap("storage " + options.storage_path, opened.error());
  store = std::move(*opened);
  write_handler = std::make_unique<ingest::WriteHandler>(store.get(), config.limits, &registry);
  if (auto r = write_handler->LoadElections(now); !r) return r;
  write_handler->SetRules(config.rules);

  auto routes = Routes(config);
  if (!routes) return routes.error();
  auto notifier = notifier::Notifier::Open(*routes, &store->records(), &registry, now);
  if (!notifier) return notifier.error();
  dispatcher = std::make_unique<notifier::Dispatcher>(
      std::move(*notifier), options.clock, notifier::DispatcherOptions{.version = kVersion});
  sink = std::make_unique<NotifierSink>(dispatcher.get());
  auto evaluator = evaluator::SloEvaluator::Open({.store = store.get(),
                                                  .sink = sink.get(),
                                                  .retention = config.retention,
                                                  .registry = &registry});
  if (!evaluator) return evaluator.error();
  slo_evaluator = std::move(*evaluator);
  return {};
}

Result<void> Server::Impl::Listen() {
  api = std::make_unique<api::Api>(api::Sources{
      .clock = options.clock,
      .write = [this](const ingest::WriteRequest& request,
                      Time now) { return write_handler->Handle(request, now); },
      .slos = [this] { return slo_evaluator->Status(); },
      .owed = [this] { return dispatcher->owed(); },
      .delivered = [this] { return dispatcher->delivered(); },
      .ha_clusters = [this] { return write_handler->ha_clusters(); },
      .store_stats = [this] { return store->stats(); },
      .samples = [this](const std::vector<Matchers>& sets, Time from,
                        Time to) { return api::CollectSamples(*store, sets, from, to); },
      .series = api::SeriesOf(store.get()),
      .reload = [this] { return Reload(); },
      .enable_admin_api = options.enable_admin_api,
      .snapshot = [this](Time now) { return store->Snapshot(now); },
      .ready = [this] { return ready.load(); },
      .http = &http_counters,
      .registry = &registry,
      .version = kVersion,
  });
  auto started =
      net::HttpServer::Start({.listen_address = options.listen_address,
                              .body_bytes_max = config.limits.body_bytes_max,
                              .in_flight_bytes_max = config.in_flight_bytes_max,
                              .counters = &http_counters},
                             [this](const net::HttpRequest& r) { return api->Handle(r); });
  if (!started) return started.error();
  http = std::move(*started);
  return {};
}

void Server::Impl::Maintain(Time now) {
  const Result<void> done = store->Maintain(now);
  if (done) return;
  if (!store->needs_restart() || !options.on_fatal) {
    log::Error("storage upkeep failed, will be tried again", {{"err", done.error().message}});
    return;
  }
  if (is_fatal) return;
  is_fatal = true;
  options.on_fatal(done.error().message);
}

void Server::Impl::StartThreads() {
  ticker = std::make_unique<Periodic>(options.clock,
                                      [this](Time now) { return slo_evaluator->Tick(now); });
  upkeep = std::make_unique<Periodic>(options.clock, [this](Time now) {
    Maintain(now);
    return now + kUpkeepInterval;
  });
  if (config.sync != tsdb::SyncMode::kInterval) return;
  syncer = std::make_unique<Periodic>(options.clock, [this](Time now) {
    if (auto r = store->Sync(); !r)
      log::Error("storage sync failed, will be tried again", {{"err", r.error().message}});
    return now + kSyncInterval;
  });
}

Result<void> Server::Impl::Reload() {
  const std::lock_guard lock(reload_mutex);
  const auto reload = [this]() -> Result<void> {
    if (!ready) return Error{Code::kUnavailable, "still starting, or stopping already"};
    Result<Config> loaded = LoadConfig(options.config_file);
    if (!loaded) return loaded.error();
    if (auto r = CheckReloadable(config, *loaded); !r) return r;
    auto routes = Routes(*loaded);
    if (!routes) return routes.error();
    const Time now = options.clock->Wall();
    // The evaluator first: it refuses without having changed anything.
    if (auto r = slo_evaluator->SetSlos(SettingsOf(*loaded), now); !r) return r;
    if (auto r = dispatcher->SetConfig(*routes, now); !r) return r;
    write_handler->SetLimits(loaded->limits);
    write_handler->SetRules(loaded->rules);
    config = std::move(*loaded);
    ticker->Wake();
    return {};
  };
  Result<void> outcome = reload();
  if (outcome)
    log::Info("configuration reloaded", {{"slos", std::to_string(config.slos.size())}});
  else
    log::Error("configuration not reloaded, the old one stays", {{"err", outcome.error().message}});
  return outcome;
}

Result<void> Server::Impl::Stop() {
  if (stopped) return {};
  stopped = true;
  ready = false;
  if (http) http->Stop(kStopGrace);
  if (ticker) ticker->Stop();
  if (upkeep) upkeep->Stop();
  if (syncer) syncer->Stop();
  slo_evaluator.reset();
  dispatcher.reset();
  return store ? store->Close(options.clock->Wall()) : Result<void>{};
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() {
  if (auto r = Stop(); !r) log::Error("stopping failed", {{"err", r.error().message}});
}

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  Result<Config> config = LoadConfig(options.config_file);
  if (!config) return config.error();
  impl->config = std::move(*config);
  std::unique_ptr<Server> server(new Server(std::move(impl)));  // Stops what was started on error.
  Impl& self = *server->impl_;
  if (auto r = self.OpenRooms(); !r) return r.error();
  if (auto r = self.Listen(); !r) return r.error();

  // The external URL may hold the real port, which is known only now.
  const Time now = options.clock->Wall();
  auto routes = self.Routes(self.config);
  if (!routes) return routes.error();
  if (auto r = self.dispatcher->SetConfig(*routes, now); !r) return r.error();
  if (auto r = self.slo_evaluator->SetSlos(self.SettingsOf(self.config), now); !r) return r.error();
  self.StartThreads();
  self.ready = true;
  return server;
}

const std::string& Server::address() const { return impl_->http->address(); }
Result<void> Server::Reload() { return impl_->Reload(); }
Result<void> Server::Stop() { return impl_->Stop(); }

}  // namespace nines::app
