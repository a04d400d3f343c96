#include "tsdb/checkpoint.h"

#include <mutex>
#include <shared_mutex>

#include "base/clock.h"

namespace nines::tsdb {
namespace {

// Below the write buffer of a journal generation, which is never to be flushed.
constexpr uint64_t kJournalBytesMax = 200 << 20;
// Wide rows with few cells can take more memory than their samples tell.
constexpr uint64_t kHeadBytesMax = uint64_t{2} << 30;

}  // namespace

bool Checkpointer::IsDue(Time now) {
  if (!last_) last_ = now;
  const std::shared_lock lock(state_->head_lock);
  const Head& head = state_->head;
  if (head.frozen() != nullptr) return true;
  if (head.live_samples() == 0) return false;
  return head.live_samples() >= state_->options.checkpoint_samples ||
         now - *last_ >= state_->options.checkpoint_interval ||
         head.live_bytes() >= kHeadBytesMax || state_->journal.bytes() >= kJournalBytesMax;
}

Result<void> Checkpointer::Run(Time now) {
  const std::chrono::nanoseconds start = SystemClock().Monotonic();  // For the metric alone.
  bool has_live = false;
  bool has_frozen = false;
  const auto look = [&] {
    const std::shared_lock lock(state_->head_lock);
    has_live = state_->head.live_samples() > 0;
    has_frozen = state_->head.frozen() != nullptr;
  };
  // Twice round when an earlier run left rows set aside and others came since.
  for (look(); has_live || has_frozen; look()) {
    const bool was_frozen = has_frozen;
    if (!has_frozen) {
      if (const Result<void> switched = Switch(); !switched) return switched;
    }
    if (const Result<void> written = WriteFrozen(); !written) return written;
    if (const Result<void> dropped = DropJournal(); !dropped) return dropped;
    last_ = now;
    state_->metrics.AddCheckpoint(SystemClock().Monotonic() - start);
    if (!was_frozen) break;
  }
  if (const Result<void> dropped = DropJournal(); !dropped) return dropped;
  return state_->database->FlushSmall();
}

Result<void> Checkpointer::Switch() {
  if (Result<void> prepared = state_->journal.Prepare(); !prepared) return prepared;
  queue_->RunAlone([this] {
    const std::lock_guard lock(state_->head_lock);
    frozen_generation_ = state_->journal.Switch();
    state_->head.Freeze();
  });
  has_old_journal_ = true;
  return {};
}

Result<void> Checkpointer::WriteFrozen() {
  // Definitions are durable before the fragments that name them: an id that a power loss took would
  // be given to another series.
  if (const Result<bool> synced = state_->journal.Sync(); !synced) return synced.error();
  std::shared_ptr<const RowsByFamily> frozen;
  {
    const std::shared_lock lock(state_->head_lock);
    frozen = state_->head.frozen();
  }
  for (uint32_t i = 0; i < frozen->families.size(); ++i) {
    const Rows& rows = frozen->families[i];
    if (rows.empty()) continue;
    std::optional<uint32_t> count;
    {
      const std::shared_lock lock(state_->index_lock);
      count = state_->index.CountOf(FamilyId{i});
    }
    const Result<void> added =
        state_->partitions.Add(frozen_generation_, FamilyId{i}, rows, count.value_or(kNoOrdinal));
    if (!added) return added;
  }
  if (Result<void> synced = state_->partitions.Sync(); !synced) return synced;
  const std::lock_guard lock(state_->head_lock);
  state_->head.Forget();
  state_->metrics.SetHeadSamples(state_->head.samples());
  return {};
}

Result<void> Checkpointer::DropJournal() {
  if (!has_old_journal_) return {};
  Result<void> settled;
  queue_->RunAlone([&] { settled = committer_->Settle(); });
  if (!settled) return settled;
  if (Result<void> dropped = state_->journal.DropOld(); !dropped) return dropped;
  has_old_journal_ = false;
  return {};
}

}  // namespace nines::tsdb
