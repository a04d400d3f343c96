#include "tsdb/store.h"

#include <mutex>
#include <shared_mutex>
#include <utility>

#define XXH_STATIC_LINKING_ONLY  // XXH3_generateSecret() in xxHash 0.8.1.
#include <xxhash.h>

#include "base/check.h"
#include "tsdb/checkpoint.h"
#include "tsdb/commit_queue.h"
#include "tsdb/committer.h"
#include "tsdb/reader.h"
#include "tsdb/series_finder.h"
#include "tsdb/snapshot.h"
#include "tsdb/starts.h"
#include "tsdb/state.h"
#include "tsdb/stored_records.h"

namespace nines::tsdb {
namespace {

constexpr size_t kHashSecretBytes = XXH3_SECRET_DEFAULT_SIZE;
static_assert(kHashSecretBytes >= XXH3_SECRET_SIZE_MIN);

}  // namespace

struct Store::Impl {
  Impl(const Options& options, std::unique_ptr<Database> database, uint64_t seed)
      : state(options, std::move(database), seed),
        committer(&state),
        queue([this](std::span<CommitQueue::Request* const> group) { committer.Commit(group); }),
        checkpointer(&state, &committer, &queue),
        reader(&state),
        finder(&state),
        records(state.database.get(), [this] { state.is_sick = true; }) {
    const std::string& secret = state.database->secret();
    CHECK(XXH3_generateSecret(hash_secret, sizeof(hash_secret), secret.data(), secret.size()) ==
          XXH_OK);
  }

  Result<void> Load();
  void PutAlias(const Fingerprint& alias, ColumnId column);

  State state;
  Committer committer;
  CommitQueue queue;
  Checkpointer checkpointer;  // Guarded by upkeep_lock.
  Reader reader;
  SeriesFinder finder;
  StoredRecords records;
  std::mutex upkeep_lock;
  uint8_t hash_secret[kHashSecretBytes];  // Constant after construction.
};

Result<void> Store::Impl::Load() {
  if (auto loaded = state.partitions.Load(); !loaded) return loaded;
  const auto load_family = [this](std::string_view key, std::string_view value) {
    return state.index.LoadFamily(key, value);
  };
  const auto load_column = [this](std::string_view key, std::string_view value) {
    return state.index.LoadColumn(key, value);
  };
  // A column names its family, so families go first, though their keys sort behind.
  if (auto loaded = state.database->Scan(Table::kSeries, "f", load_family); !loaded) return loaded;
  if (auto loaded = state.database->Scan(Table::kSeries, "c", load_column); !loaded) return loaded;
  const auto load_exemplar = [this](std::string_view key, std::string_view value) {
    return state.exemplars.Load(key, value);
  };
  if (auto loaded = state.database->Scan(Table::kExemplars, "", load_exemplar); !loaded) {
    return loaded;
  }
  state.exemplars.Trim(&state.pending);
  const auto load_metadata = [this](std::string_view key, std::string_view value) {
    return state.metadata.Load(key, value);
  };
  if (auto loaded = state.database->Scan(Table::kMetadata, "", load_metadata); !loaded) {
    return loaded;
  }
  state.metadata.Trim(&state.pending);
  return committer.Replay();
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::Open(const Options& options) {
  Result<std::unique_ptr<Database>> database =
      Database::Open(options.path, options.env, options.sync);
  if (!database) return database.error();
  const std::string& secret = (*database)->secret();
  const uint64_t seed = XXH3_64bits(secret.data(), secret.size());
  auto impl = std::make_unique<Impl>(options, *std::move(database), seed);
  if (const Result<void> loaded = impl->Load(); !loaded) {
    return Wrap("data directory " + options.path, loaded.error());
  }
  impl->state.metrics.SetMetadata(impl->state.metadata.size());
  impl->state.metrics.SetExemplars(impl->state.exemplars.size());
  impl->state.metrics.SetSeries(impl->state.index.columns());
  impl->state.metrics.SetHeadSamples(impl->state.head.samples());
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

std::string_view RefusalName(ExemplarRefusal refusal) {
  switch (refusal) {
    case ExemplarRefusal::kOutOfOrder:
      return "out of order exemplar";
    case ExemplarRefusal::kTooLong:
      return "labels of an exemplar above 128 characters";
    case ExemplarRefusal::kBeyondRetention:
      return "exemplar is older than the retention";
    case ExemplarRefusal::kTooFarAhead:
      return "exemplar is too far in the future";
  }
  return "unknown";
}

std::string_view RefusalName(Refusal refusal) {
  switch (refusal) {
    case Refusal::kDuplicate:
      return "duplicate sample for timestamp";
    case Refusal::kTooOld:
      return "too old sample";
    case Refusal::kBeyondRetention:
      return "sample is older than the retention";
    case Refusal::kTooFarAhead:
      return "sample is too far in the future";
  }
  return "unknown";
}

// ---- Writing.

Fingerprint Store::Hash(std::string_view raw_labels) const {
  const XXH128_hash_t hash = XXH3_128bits_withSecret(raw_labels.data(), raw_labels.size(),
                                                     impl_->hash_secret, kHashSecretBytes);
  return {hash.low64, hash.high64};
}

void Store::Find(std::span<const Fingerprint> fingerprints, std::span<ColumnId> columns) const {
  const std::shared_lock lock(impl_->state.index_lock);
  impl_->state.aliases.Find(fingerprints, columns);
}

Result<ColumnId> Store::Register(const Fingerprint& alias, const Labels& series) {
  State& state = impl_->state;
  const std::lock_guard lock(state.index_lock);
  const Result<ColumnId> column = state.index.Register(series, &state.pending);
  if (column) impl_->PutAlias(alias, *column);
  return column;
}

Result<ColumnId> Store::RegisterHistogram(const Fingerprint& alias, const Labels& series) {
  State& state = impl_->state;
  const std::lock_guard lock(state.index_lock);
  const Result<ColumnId> column = state.index.RegisterHistogram(series, &state.pending);
  if (column) impl_->PutAlias(alias, *column);
  return column;
}

bool Store::Has(const Labels& series) const {
  const std::shared_lock lock(impl_->state.index_lock);
  return impl_->state.index.Has(series);
}

bool Store::HasHistogram(const Labels& series) const {
  const std::shared_lock lock(impl_->state.index_lock);
  return impl_->state.index.HasHistogram(series);
}

void Store::Drop(const Fingerprint& alias) {
  const std::lock_guard lock(impl_->state.index_lock);
  impl_->PutAlias(alias, kDroppedColumn);
}

void Store::ForgetAliases() {
  const std::lock_guard lock(impl_->state.index_lock);
  impl_->state.aliases = AliasTable();
}

// REQUIRES: index_lock is held.
void Store::Impl::PutAlias(const Fingerprint& alias, ColumnId column) {
  // A series can be written in many ways.  Aliases are found again by their labels, so the table
  // can be begun anew when somebody makes them up.
  if (state.aliases.size() > 2 * size_t{state.options.series_max} + 1024) {
    state.aliases = AliasTable();
  }
  state.aliases.Put(alias, column);
}

Result<AppendReport> Store::Append(const Writes& writes, Time now) {
  CommitQueue::Request request{.writes = writes, .now = now};
  impl_->queue.Run(&request);
  return std::move(request.result);
}

// ---- Reading.

Labels Store::LabelsOf(ColumnId column) const {
  const std::shared_lock lock(impl_->state.index_lock);
  CHECK(static_cast<uint32_t>(column) < impl_->state.index.columns());
  return impl_->state.index.LabelsOf(column);
}

Result<std::vector<Series>> Store::Select(const Matchers& matchers, Time from, Time to) const {
  return impl_->reader.Select(matchers, from, to);
}

Result<std::vector<std::vector<Sample>>> Store::Read(std::span<const ColumnId> columns, Time from,
                                                     Time to) const {
  return impl_->reader.Read(columns, from, to);
}

Result<std::vector<std::vector<HistogramSample>>> Store::ReadHistograms(
    std::span<const ColumnId> columns, Time from, Time to) const {
  return impl_->reader.ReadHistograms(columns, from, to);
}

Result<std::vector<StartTime>> Store::Starts(ColumnId column) const {
  const auto record = impl_->state.database->Get(Table::kStarts, StartsKey(column));
  if (!record) return record.error();
  if (record->empty()) return std::vector<StartTime>{};
  return DecodeStarts(*record);
}

Result<std::vector<FamilyView>> Store::Families(std::string_view base,
                                                const Matchers& matchers) const {
  return impl_->reader.Families(base, matchers);
}

Result<std::vector<Window>> Store::Windows(std::span<const WindowQuery> queries) const {
  return impl_->reader.Windows(queries);
}

Result<std::vector<std::string>> Store::LabelNames(const SeriesQuery& query) const {
  return impl_->finder.LabelNames(query);
}

Result<std::vector<std::string>> Store::LabelValues(std::string_view name,
                                                    const SeriesQuery& query) const {
  return impl_->finder.LabelValues(name, query);
}

Result<std::vector<Labels>> Store::FindSeries(const SeriesQuery& query) const {
  return impl_->finder.Series(query);
}

std::vector<SeriesExemplars> Store::FindExemplars(const SeriesQuery& query) const {
  return impl_->finder.FindExemplars(query);
}

bool Store::KnowsMetadata(const MetadataOf& metadata) const {
  return impl_->state.metadata.Knows(metadata);
}

std::vector<MetricMetadata> Store::FindMetadata(std::string_view name) const {
  return impl_->state.metadata.Find(name);
}

Records& Store::records() { return impl_->records; }

// ---- Upkeep.

Result<void> Store::Maintain(Time now) {
  State& state = impl_->state;
  const std::lock_guard lock(impl_->upkeep_lock);
  // For the metric too, when nobody appends.
  const Result<void> room = state.space.Check(now);
  if (state.is_sick) {
    if (Result<void> resumed = state.database->Resume(); !resumed) return resumed;
    state.is_sick = false;
  }
  Result<void> done;
  if (impl_->checkpointer.IsDue(now)) done = impl_->checkpointer.Run(now);
  if (done) done = state.partitions.DropBefore(now - state.options.retention);
  if (done && state.options.retention_bytes > 0) {
    done = state.partitions.DropToSize(state.options.retention_bytes, now);
  }
  // Joining needs room for what it writes until it drops what it read.
  if (done && room) done = state.partitions.Join(now, state.options.join_bytes);
  state.metrics.SetPartitionBytes(state.partitions.bytes());
  state.metrics.SetTableBytesWritten(state.database->table_bytes_written());
  if (!done) state.is_sick = true;
  return done;
}

bool Store::needs_restart() const { return impl_->state.database->needs_restart(); }

Result<void> Store::Sync() {
  State& state = impl_->state;
  const Result<bool> synced = state.journal.Sync();
  if (!synced) {
    state.is_sick = true;
    return synced.error();
  }
  if (*synced) state.metrics.AddSync();
  return {};
}

Result<std::string> Store::Snapshot(Time now) {
  State& state = impl_->state;
  const std::lock_guard lock(impl_->upkeep_lock);
  if (const Result<void> room = state.space.Check(now); !room) return room.error();
  return MakeSnapshot(*state.database, state.options.path, now);
}

Result<void> Store::Close(Time now) {
  const std::lock_guard lock(impl_->upkeep_lock);
  // When its turn has come, nobody is at work who saw the store open.
  impl_->queue.RunAlone([this] { impl_->state.is_closed = true; });
  return impl_->checkpointer.Run(now);
}

StoreStats Store::stats() const {
  const State& state = impl_->state;
  StoreStats stats;
  {
    const std::shared_lock lock(state.index_lock);
    stats.families = state.index.families();
    stats.series = state.index.columns();
  }
  {
    const std::shared_lock lock(state.head_lock);
    stats.head_samples = state.head.samples();
  }
  stats.exemplars = state.exemplars.size();
  stats.metadata = state.metadata.size();
  stats.oldest = state.partitions.oldest();
  return stats;
}

}  // namespace nines::tsdb
