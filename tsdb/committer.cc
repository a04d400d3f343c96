#include "tsdb/committer.h"

#include <mutex>
#include <shared_mutex>

#include "base/check.h"
#include "base/log.h"
#include "tsdb/bytes.h"

namespace nines::tsdb {

namespace {

// Of one generation; a checkpoint begins at a fifth of it.  What a sample takes is bounded, what a
// native histogram takes is not.
constexpr uint64_t kJournalBytesFull = uint64_t{1} << 30;

// What is damaged counts as not there: a column's next start begins its record anew.
Result<std::string> FindStarts(const Database& database, const std::string& key) {
  Result<std::string> record = database.Get(Table::kStarts, key);
  const bool is_readable = record && (record->empty() || DecodeStarts(*record));
  if (is_readable || (!record && record.error().code != Code::kCorrupt)) return record;
  const Error error = record ? DecodeStarts(*record).error() : record.error();
  log::Error("damaged start timestamps are replaced",
             {{"key", HexText(key)}, {"err", error.message}});
  return std::string();
}

// Gives each start with the sample it came with to `take`, but for samples that were refused.
template <class T, class Take>
Result<void> ForEachStart(std::span<const T> samples, std::span<const Start> starts,
                          const std::vector<AppendReport::Refused>& refused, Take take) {
  auto next = refused.begin();
  for (const Start& start : starts) {
    while (next != refused.end() && next->index < start.index) ++next;
    if (next != refused.end() && next->index == start.index) continue;
    const T& sample = samples[start.index];
    if (Result<void> taken = take(sample.column, sample.time_ms, start.start_ms); !taken) {
      return taken;
    }
  }
  return {};
}

}  // namespace

struct Committer::Stored {
  std::shared_ptr<const RowsByFamily> frozen;
  std::unique_ptr<Partitions::View> view;
  std::map<std::pair<FamilyId, SlotId>, Rows> slots;
};

Committer::Committer(State* state)
    : state_(state),
      admission_(
          {.retention = state->options.retention,
           .out_of_order_window = state->options.out_of_order_window,
           .future_max = state->options.future_max},
          &state->index,
          {.find = [this](ColumnId column, int64_t time_ms) { return FindStored(column, time_ms); },
           .find_histogram = [this](
                                 ColumnId column,
                                 int64_t time_ms) { return FindStoredHistogram(column, time_ms); },
           .newest = [this](FamilyId family) { return NewestStored(family); }}),
      starts_([state](const std::string& key) { return FindStarts(*state->database, key); }) {}

Committer::~Committer() = default;

Result<void> Committer::Replay() {
  const auto take = [this](const Writes& writes) { return Replay(writes); };
  if (const Result<void> replayed = state_->journal.Replay(take); !replayed) return replayed;
  state_->families_at_open =
      state_->partitions.empty() ? 0 : static_cast<uint32_t>(state_->index.families());
  admission_.SetFamiliesOnDisk(state_->families_at_open);
  return {};
}

Result<void> Committer::Replay(const Writes& writes) {
  const Index& index = state_->index;
  const auto check = [&](ColumnId column, bool is_histogram) -> Result<void> {
    if (static_cast<uint32_t>(column) >= index.columns()) {
      return Error{Code::kCorrupt, "names a series that is not defined"};
    }
    if ((index.RoleOf(column) == Role::kHistogram) == is_histogram) return {};
    return Error{Code::kCorrupt, "names a series of another kind"};
  };
  for (const tsdb::Append& sample : writes.samples) {
    if (const Result<void> known = check(sample.column, false); !known) return known;
    const Index::Place place = index.PlaceOf(sample.column);
    state_->head.Apply(sample, place, index.WidthOf(place.family));
    admission_.Observe(sample.column, sample.time_ms, sample.value);
  }
  for (const AppendHistogram& histogram : writes.histograms) {
    if (const Result<void> known = check(histogram.column, true); !known) return known;
    const Index::Place place = index.PlaceOf(histogram.column);
    state_->head.Apply(histogram, place, index.WidthOf(place.family));
    admission_.Observe(histogram.column, histogram.time_ms, 0);
  }
  return {};
}

bool Committer::IsFull() const {
  const std::shared_lock lock(state_->head_lock);
  return state_->head.samples() > 4 * state_->options.checkpoint_samples + 10'000'000 ||
         state_->journal.bytes() > kJournalBytesFull;
}

void Committer::Commit(std::span<CommitQueue::Request* const> group) {
  if (state_->is_closed || IsFull()) {
    const Error refused{Code::kUnavailable, state_->is_closed
                                                ? "the store is closed"
                                                : "checkpoints do not keep up with what arrives"};
    for (CommitQueue::Request* request : group) request->result = refused;
    return;
  }
  if (const Result<void> room = state_->space.Check(group.front()->now); !room) {
    for (CommitQueue::Request* request : group) request->result = room.error();
    return;
  }
  {
    const std::shared_lock lock(state_->index_lock);
    for (CommitQueue::Request* request : group) {
      request->result = admission_.Decide(request->writes, request->now);
    }
  }
  stored_.reset();
  Result<void> written;
  for (const CommitQueue::Request* request : group) {
    if (written && request->result) written = TakeStarts(*request);
  }
  if (written) written = WriteAccepted(TakeOther(group));
  if (!written) {
    admission_.TakeBack();
    for (CommitQueue::Request* request : group) {
      if (request->result) request->result = written.error();
    }
    return;
  }
  Apply();
  admission_.Accept();
}

Result<void> Committer::TakeStarts(const CommitQueue::Request& request) {
  const auto take = [this](ColumnId column, int64_t time_ms, int64_t start_ms) {
    return starts_.Take(column, time_ms, start_ms);
  };
  const Writes& writes = request.writes;
  const AppendReport& report = *request.result;
  Result<void> taken = ForEachStart(writes.samples, writes.sample_starts, report.refused, take);
  if (!taken) return taken;
  return ForEachStart(writes.histograms, writes.histogram_starts, report.refused_histograms, take);
}

std::vector<Change> Committer::TakeOther(std::span<CommitQueue::Request* const> group) {
  std::vector<Change> changes;
  const std::shared_lock lock(state_->index_lock);
  for (CommitQueue::Request* request : group) {
    const Writes& writes = request->writes;
    if (!request->result || (writes.exemplars.empty() && writes.metadata.empty())) continue;
    state_->exemplars.Add(writes.exemplars, ToUnixMs(request->now - state_->options.retention),
                          ToUnixMs(request->now + state_->options.future_max), &*request->result,
                          &changes);
    state_->metadata.Add(writes.metadata, &*request->result, &changes);
    state_->metrics.SetExemplars(state_->exemplars.size());
    state_->metrics.SetMetadata(state_->metadata.size());
  }
  return changes;
}

Result<void> Committer::WriteAccepted(std::vector<Change> changes) {
  {
    const std::lock_guard lock(state_->index_lock);
    // What a failed write left behind may be of the same records and came before.
    changes.insert(changes.begin(), std::make_move_iterator(state_->pending.begin()),
                   std::make_move_iterator(state_->pending.end()));
    state_->pending.clear();
  }
  const size_t pending = changes.size();
  starts_.AddChanges(&changes);
  const Writes accepted = admission_.accepted();
  if (changes.empty() && accepted.empty()) return {};
  Result<void> written = state_->journal.Write(changes, accepted);
  if (state_->options.sync == SyncMode::kAlways) state_->metrics.AddSync();
  if (written) {
    starts_.Settle();
    return written;
  }
  state_->is_sick = true;
  changes.resize(pending);  // Starts are given again.
  const std::lock_guard lock(state_->index_lock);
  PutBack(std::move(changes), &state_->pending);
  return written;
}

void Committer::Apply() {
  const std::shared_lock index_lock(state_->index_lock);
  const std::lock_guard head_lock(state_->head_lock);
  const Index& index = state_->index;
  const Writes accepted = admission_.accepted();
  for (const tsdb::Append& sample : accepted.samples) {
    CHECK(index.RoleOf(sample.column) != Role::kHistogram);
    const Index::Place place = index.PlaceOf(sample.column);
    state_->head.Apply(sample, place, index.WidthOf(place.family));
  }
  for (const AppendHistogram& histogram : accepted.histograms) {
    CHECK(index.RoleOf(histogram.column) == Role::kHistogram);
    const Index::Place place = index.PlaceOf(histogram.column);
    state_->head.Apply(histogram, place, index.WidthOf(place.family));
  }
  state_->metrics.AddAppended(accepted.samples.size() + accepted.histograms.size());
  state_->metrics.SetSeries(state_->index.columns());
  state_->metrics.SetHeadSamples(state_->head.samples());
}

Result<void> Committer::Settle() {
  Result<void> settled = state_->journal.Write({}, {});
  if (!settled) state_->is_sick = true;
  return settled;
}

// Frozen rows and partitions of one instant: a checkpoint may move rows from one to the other while
// a commit is being decided.
Committer::Stored& Committer::Look() {
  if (stored_ == nullptr) {
    const std::shared_lock lock(state_->head_lock);
    stored_ = std::make_unique<Stored>(
        Stored{.frozen = state_->head.frozen(), .view = state_->partitions.Look(), .slots = {}});
  }
  return *stored_;
}

Result<std::optional<double>> Committer::FindStored(ColumnId column, int64_t time_ms) {
  const Index::Place place = state_->index.PlaceOf(column);
  // Live rows are changed by this thread only.
  std::optional<double> found = state_->head.FindLive(place, time_ms);
  if (found) return found;
  Stored& stored = Look();
  if (stored.frozen != nullptr) found = stored.frozen->Find(place, time_ms);
  if (found) return found;
  const Result<const Rows*> slot = StoredSlot(place.family, time_ms);
  if (!slot) return slot.error();
  return (*slot)->Find(time_ms, place.ordinal);
}

Result<std::optional<std::string_view>> Committer::FindStoredHistogram(ColumnId column,
                                                                       int64_t time_ms) {
  const Index::Place place = state_->index.PlaceOf(column);
  std::optional<std::string_view> found = state_->head.FindLiveHistogram(place, time_ms);
  if (found) return found;
  const std::shared_ptr<const RowsByFamily>& frozen = Look().frozen;
  if (frozen != nullptr) found = frozen->FindHistogram(place, time_ms);
  if (found) return found;
  const Result<const Rows*> slot = StoredSlot(place.family, time_ms);
  if (!slot) return slot.error();
  return (*slot)->FindHistogram(time_ms, place.ordinal);
}

// What is on disk of a family in the slot of a time.
Result<const Rows*> Committer::StoredSlot(FamilyId family, int64_t time_ms) {
  Stored& stored = Look();
  const std::pair key(family, SlotOf(time_ms));
  auto at = stored.slots.find(key);
  if (at == stored.slots.end()) {
    Result<Rows> rows = stored.view->SlotRows(key.first, key.second);
    if (!rows) return rows.error();
    at = stored.slots.emplace(key, *std::move(rows)).first;
  }
  return &at->second;
}

Result<std::vector<std::optional<Sample>>> Committer::NewestStored(FamilyId family) {
  return Look().view->Newest(family, state_->index.WidthOf(family));
}

}  // namespace nines::tsdb
