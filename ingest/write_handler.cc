#include "ingest/write_handler.h"

#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "ingest/batch.h"
#include "ingest/content.h"
#include "ingest/metrics.h"
#include "ingest/refusals.h"
#include "ingest/series_rate.h"
#include "ingest/snappy_body.h"
#include "tsdb/lock.h"

namespace nines::ingest {
namespace {

// What one request needs, kept for the next one.
struct Workspace {
  BodyBuffer decoded;
  Batch batch;
  Refusals refusals;
};

// Workspaces that wait for a request.  One big request must not hold its memory for ever: such a
// workspace is freed.  So the pool keeps at most 128 MiB.
class WorkspacePool {
 public:
  static constexpr size_t kKeptMax = 16;
  static constexpr size_t kKeptBytesMax = size_t{8} << 20;

  WorkspacePool() { free_.reserve(kKeptMax); }

  std::unique_ptr<Workspace> Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto workspace = std::move(free_.back());
        free_.pop_back();
        return workspace;
      }
    }
    return std::make_unique<Workspace>();
  }

  void Return(std::unique_ptr<Workspace> workspace) {
    const size_t bytes = workspace->decoded.capacity() + workspace->batch.capacity_bytes();
    if (bytes > kKeptBytesMax) return;
    const std::lock_guard lock(mutex_);
    if (free_.size() < kKeptMax) free_.push_back(std::move(workspace));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> free_;  // Guarded by mutex_.
};

SampleRefusal FromStore(tsdb::Refusal refusal) {
  switch (refusal) {
    case tsdb::Refusal::kDuplicate:
      return SampleRefusal::kDuplicate;
    case tsdb::Refusal::kTooOld:
      return SampleRefusal::kTooOld;
    case tsdb::Refusal::kBeyondRetention:
      return SampleRefusal::kBeyondRetention;
    case tsdb::Refusal::kTooFarAhead:
      break;
  }
  return SampleRefusal::kTooFarAhead;
}

ExemplarRefusal FromStore(tsdb::ExemplarRefusal refusal) {
  switch (refusal) {
    case tsdb::ExemplarRefusal::kOutOfOrder:
      return ExemplarRefusal::kOutOfOrder;
    case tsdb::ExemplarRefusal::kTooLong:
      return ExemplarRefusal::kTooLong;
    case tsdb::ExemplarRefusal::kBeyondRetention:
      return ExemplarRefusal::kBeyondRetention;
    case tsdb::ExemplarRefusal::kTooFarAhead:
      break;
  }
  return ExemplarRefusal::kTooFarAhead;
}

}  // namespace

struct WriteHandler::Impl {
  Impl(tsdb::Store* store_, const Limits& limits_, prometheus::Registry* registry)
      : store(store_), metrics(registry), ha(&store_->records()), limits(limits_) {
    series_rate.SetPerSecond(limits.new_series_per_second_max);
  }

  WriteResponse Answer(const WriteRequest& request, Time now);
  std::optional<WriteResponse> CheckBody(const WriteRequest& request, const Limits& current);
  WriteResponse Take(Protocol protocol, const WriteRequest& request, Time now);
  WriteResponse Write(Protocol protocol, std::string_view body, const Limits& current, Time now,
                      Workspace* workspace);
  Result<void> Read(Protocol protocol, std::string_view body, const Limits& current, Time now,
                    Workspace* workspace);
  WriteResponse Store(Time now, Workspace* workspace);
  WriteResponse Refuse(RequestRefusal why, int status, std::string message);
  WriteResponse RefuseUnavailable(const Error& error);

  tsdb::Store* const store;
  Metrics metrics;
  WorkspacePool pool;
  HaTracker ha;
  SeriesRate series_rate;
  // Held while columns are looked up, so that no alias is made by rules that are no longer.
  tsdb::FairSharedMutex rules_mutex;
  Rules rules;  // Guarded by rules_mutex.
  std::mutex mutex;
  Limits limits;  // Guarded by mutex.
};

WriteResponse WriteHandler::Impl::Refuse(RequestRefusal why, int status, std::string message) {
  metrics.RequestRefused(why);
  return {.status = status, .message = std::move(message)};
}

// Every failure of the store answers 503: the sender keeps the samples and comes again, and with
// any 4xx they would be lost.
WriteResponse WriteHandler::Impl::RefuseUnavailable(const Error& error) {
  WriteResponse response = Refuse(RequestRefusal::kUnavailable, 503, error.message);
  response.retry_after = true;
  return response;
}

// What is known before the body is looked into.
std::optional<WriteResponse> WriteHandler::Impl::CheckBody(const WriteRequest& request,
                                                           const Limits& current) {
  if (request.body.empty()) return Refuse(RequestRefusal::kEmptyBody, 400, "empty body");
  if (request.body.size() > current.body_bytes_max) {
    return Refuse(RequestRefusal::kBodyBytesMax, 413,
                  "body has " + std::to_string(request.body.size()) + " bytes, above " +
                      std::to_string(current.body_bytes_max) + " (body_bytes_max)");
  }
  return std::nullopt;
}

WriteResponse WriteHandler::Impl::Answer(const WriteRequest& request, Time now) {
  const auto protocol = CheckContentType(request.content_type);
  if (!protocol) return Refuse(RequestRefusal::kContentType, 415, protocol.error().message);
  const auto encoding = CheckContentEncoding(request.content_encoding);
  if (!encoding) return Refuse(RequestRefusal::kContentEncoding, 415, encoding.error().message);
  WriteResponse response = Take(*protocol, request, now);
  response.tells_written = *protocol == Protocol::kV2;
  return response;
}

WriteResponse WriteHandler::Impl::Take(Protocol protocol, const WriteRequest& request, Time now) {
  Limits current;
  {
    const std::lock_guard lock(mutex);
    current = limits;
  }
  if (auto refused = CheckBody(request, current)) return std::move(*refused);
  auto workspace = pool.Take();
  WriteResponse response = Write(protocol, request.body, current, now, workspace.get());
  pool.Return(std::move(workspace));
  return response;
}

WriteResponse WriteHandler::Impl::Write(Protocol protocol, std::string_view body,
                                        const Limits& current, Time now, Workspace* workspace) {
  const auto decoded = DecodeSnappy(body, current.decoded_bytes_max, &workspace->decoded);
  if (!decoded) {
    if (decoded.error().code == Code::kExhausted) {
      return Refuse(RequestRefusal::kDecodedBytesMax, 400,
                    "body " + decoded.error().message + " (decoded_bytes_max)");
    }
    return Refuse(RequestRefusal::kSnappy, 400, "body is " + decoded.error().message);
  }
  workspace->refusals.Clear();
  const auto read = Read(protocol, *decoded, current, now, workspace);
  if (read) return Store(now, workspace);
  switch (read.error().code) {
    case Code::kInvalid:
      return Refuse(RequestRefusal::kProtobuf, 400, "body is " + read.error().message);
    case Code::kExhausted:
      if (workspace->batch.wire().exceeded == WireLimit::kSymbols) {
        return Refuse(RequestRefusal::kSymbolsMax, 400,
                      "request has " + read.error().message + " (symbols_max)");
      }
      return Refuse(RequestRefusal::kSamplesMax, 400,
                    "request has " + read.error().message + " (samples_max)");
    default:
      return RefuseUnavailable(read.error());
  }
}

Result<void> WriteHandler::Impl::Read(Protocol protocol, std::string_view body,
                                      const Limits& current, Time now, Workspace* workspace) {
  Batch& batch = workspace->batch;
  Result<void> read;
  {
    const std::shared_lock lock(rules_mutex);
    read = batch.Read(protocol, body,
                      {.limits = current,
                       .rules = rules,
                       .store = store,
                       .ha = &ha,
                       .series_rate = &series_rate,
                       .now = now},
                      &workspace->refusals);
  }
  if (batch.elections() > 0) metrics.Elected(batch.elections(), ha.clusters().size());
  return read;
}

WriteResponse WriteHandler::Impl::Store(Time now, Workspace* workspace) {
  Batch& batch = workspace->batch;
  ExemplarRefusals& exemplar_refusals = batch.exemplar_refusals();
  const size_t offered = batch.writes().exemplars.size();
  uint64_t metadata_refused = 0;
  uint64_t metadata_kept = batch.metadata_counts().known;
  Refusals& refusals = workspace->refusals;
  WriteResponse response;
  if (!batch.writes().empty()) {
    const auto report = store->Append(batch.writes(), now);
    if (!report) return RefuseUnavailable(report.error());
    for (const auto& refused : report->refused) {
      refusals.Add(FromStore(refused.reason), tsdb::RefusalName(refused.reason), 1,
                   [&] { return batch.Place(refused.index); });
    }
    for (const auto& refused : report->refused_histograms) {
      refusals.Add(FromStore(refused.reason), tsdb::RefusalName(refused.reason), 1,
                   [&] { return batch.HistogramPlace(refused.index); });
    }
    for (const auto& refused : report->refused_exemplars) {
      exemplar_refusals.Add(FromStore(refused.reason), tsdb::RefusalName(refused.reason), 1,
                            [&] { return batch.ExemplarPlace(refused.index); });
    }
    metadata_kept += report->metadata;
    metadata_refused = report->metadata_refused;
    metrics.Exemplars(report->exemplars,
                      offered - report->exemplars - report->refused_exemplars.size());
    response.exemplars_written = report->exemplars;
    response.samples_written = report->stored + report->repeated;
    response.histograms_written = report->histograms_stored + report->histograms_repeated;
  }
  const uint64_t stored = response.samples_written + response.histograms_written;
  metrics.SamplesWritten(response.samples_written);
  metrics.HistogramsWritten(response.histograms_written);
  const Drops& drops = batch.drops();
  response.samples_written += drops.total() - drops.histograms;
  response.histograms_written += drops.histograms;
  metrics.Dropped(drops);
  response.exemplars_written += batch.dropped_exemplars();
  metrics.ExemplarsRefused(exemplar_refusals);
  metrics.Metadata(metadata_kept, batch.metadata_counts().invalid, batch.metadata_counts().too_long,
                   metadata_refused);
  // 1.0 has no word for exemplars, and a sender that reads 400 counts its samples as lost.
  const bool tells_exemplars = batch.wire().protocol == Protocol::kV2 && !exemplar_refusals.empty();
  if (refusals.empty() && !tells_exemplars) return response;
  metrics.SamplesRefused(refusals);
  response.retry_after = refusals.count(SampleRefusal::kNewSeriesPerSecond) > 0;
  response.status = response.retry_after ? 429 : 400;
  response.message = std::to_string(stored) + " of " +
                     std::to_string(batch.wire().samples.size() + batch.wire().histograms.size()) +
                     " samples were stored";
  if (drops.total() > 0) {
    response.message += "; " + std::to_string(drops.total()) + " were dropped by rules";
  }
  if (!refusals.empty()) response.message += "; " + refusals.Text();
  if (tells_exemplars) response.message += "; " + exemplar_refusals.Text();
  return response;
}

WriteHandler::WriteHandler(tsdb::Store* store, const Limits& limits, prometheus::Registry* registry)
    : impl_(std::make_unique<Impl>(store, limits, registry)) {}

WriteHandler::~WriteHandler() = default;

WriteResponse WriteHandler::Handle(const WriteRequest& request, Time now) {
  WriteResponse response = impl_->Answer(request, now);
  impl_->metrics.Request(response.status, request.body.size());
  return response;
}

Result<void> WriteHandler::LoadElections(Time now) {
  auto loaded = impl_->ha.Load(now);
  if (loaded) impl_->metrics.Elected(0, impl_->ha.clusters().size());
  return loaded;
}

void WriteHandler::SetLimits(const Limits& limits) {
  const std::lock_guard lock(impl_->mutex);
  impl_->limits = limits;
  impl_->series_rate.SetPerSecond(limits.new_series_per_second_max);
}

void WriteHandler::SetRules(const Rules& rules) {
  const std::lock_guard lock(impl_->rules_mutex);
  if (rules == impl_->rules) return;
  impl_->rules = rules;
  impl_->store->ForgetAliases();
}

std::vector<HaCluster> WriteHandler::ha_clusters() const { return impl_->ha.clusters(); }

}  // namespace nines::ingest
