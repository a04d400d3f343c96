#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "tsdb/bytes.h"
#include "tsdb/partitions.h"

// What becomes of days: joining them, and dropping them.

namespace nines::tsdb {
namespace {

constexpr Duration kFinishedAfter = std::chrono::hours{1};
// How long nothing must have come for a day that is to be joined, unless a checkpoint passed.
constexpr Duration kQuiet = std::chrono::minutes{5};
// What there is beside the chunks of a joined day when it is worth joining again: the share of its
// bytes, in percent, if it is more than little; or the number of files.
constexpr uint64_t kLatePercent = 10;
constexpr uint64_t kLateBytesMin = 16 << 10;
constexpr uint64_t kLateFiles = 4 * kSlotsOfDay;
// Of a day that is not over: so many files make every look at it slow.
constexpr uint64_t kFilesMax = 2 * kSlotsOfDay;
constexpr uint8_t kJoinedVersion = 1;

// Checkpoints write to level 0, chunks are ingested below it.
struct Levels {
  uint64_t fragment_files = 0;
  uint64_t fragment_entries = 0;
  uint64_t fragment_bytes = 0;
  uint64_t chunk_bytes = 0;
};

Levels LevelsOf(rocksdb::DB* rocks, const FamilyHandle& family) {
  rocksdb::ColumnFamilyMetaData data;
  rocks->GetColumnFamilyMetaData(family.get(), &data);
  Levels levels;
  for (const rocksdb::LevelMetaData& level : data.levels) {
    for (const rocksdb::SstFileMetaData& file : level.files) {
      if (level.level > 0) {
        levels.chunk_bytes += file.size;
        continue;
      }
      ++levels.fragment_files;
      levels.fragment_entries += file.num_entries;
      levels.fragment_bytes += file.size;
    }
  }
  return levels;
}

bool HasMuchLate(const Levels& levels) {
  if (levels.fragment_files > kLateFiles) return true;
  return levels.fragment_bytes >= kLateBytesMin &&
         levels.fragment_bytes * 100 > (levels.fragment_bytes + levels.chunk_bytes) * kLatePercent;
}

int64_t EndMs(int32_t day) { return (int64_t{day} + 1) * kDayMs; }

}  // namespace

// ---- Opening.

Result<void> Partitions::Load() {
  if (const Result<void> removed = DayJoiner::RemoveLeftovers(database_); !removed) return removed;
  for (const auto& [day, families] : database_->TakeChunks()) {
    if (const Result<void> loaded = LoadDay(day, families); !loaded) return loaded;
  }
  return DropCondemned();
}

// Of two column families of a day the later one counts, if its making came to its end.
Result<void> Partitions::LoadDay(int32_t day, const std::map<uint32_t, FamilyHandle>& families) {
  std::optional<Day> counts;
  for (auto at = families.rbegin(); at != families.rend(); ++at) {
    const auto& [joins, family] = *at;
    if (!counts && at != std::prev(families.rend())) {
      std::string value;
      const rocksdb::Status status =
          database_->rocks()->Get({}, family.get(), std::string(1, kJoinedKind), &value);
      if (!status.ok() && !status.IsNotFound()) {
        return FromStatus("cannot read " + family->GetName(), status);
      }
      if (status.ok()) counts = Day{family, joins};
    } else if (!counts) {
      counts = Day{family, joins};
    }
    if (!counts || counts->family != family) condemned_.push_back(family);
  }
  const std::lock_guard lock(mutex_);
  days_.emplace(day, *std::move(counts));
  return {};
}

// ---- Dropping.

Result<void> Partitions::DropCondemned() {
  while (!condemned_.empty()) {
    if (const Result<void> dropped = database_->Drop(condemned_.back()); !dropped) return dropped;
    condemned_.pop_back();
  }
  return {};
}

Result<void> Partitions::DropDay(int32_t day) {
  if (joiner_ != nullptr && joining_ == day) EndJoin();
  // First, since of a day with two column families the other must not count in the end.
  if (const Result<void> dropped = DropCondemned(); !dropped) return dropped;
  FamilyHandle family;
  {
    const std::lock_guard lock(mutex_);
    family = days_.at(day).family;
  }
  if (const Result<void> dropped = database_->Drop(family); !dropped) return dropped;
  touched_.erase(day);
  touches_.erase(day);
  // What a failed Add() left is added again by the next.
  ClearBatch();
  const std::lock_guard lock(mutex_);
  days_.erase(day);
  return {};
}

Result<void> Partitions::DropBefore(Time oldest) {
  for (std::optional<Time> start = this->oldest(); start; start = this->oldest()) {
    const int32_t day = SlotOf(ToUnixMs(*start)).day;
    if (EndMs(day) > ToUnixMs(oldest)) break;
    if (const Result<void> dropped = DropDay(day); !dropped) return dropped;
    metrics_->AddDroppedDay(Metrics::Why::kTime);
  }
  return {};
}

uint64_t Partitions::bytes() const {
  std::vector<FamilyHandle> families;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [day, known] : days_) families.push_back(known.family);
  }
  uint64_t bytes = 0;
  for (const FamilyHandle& family : families) {
    const Levels levels = LevelsOf(database_->rocks(), family);
    bytes += levels.fragment_bytes + levels.chunk_bytes;
  }
  return bytes;
}

Result<void> Partitions::DropToSize(uint64_t bytes, Time now) {
  const Result<uint64_t> others = database_->BytesBesideDays();
  if (!others) return others.error();
  while (*others + this->bytes() > bytes) {
    const std::optional<Time> start = oldest();
    const int32_t today = SlotOf(ToUnixMs(now)).day;
    if (!start || SlotOf(ToUnixMs(*start)).day >= today) break;
    if (Result<void> dropped = DropDay(SlotOf(ToUnixMs(*start)).day); !dropped) return dropped;
    metrics_->AddDroppedDay(Metrics::Why::kSize);
  }
  return {};
}

// ---- Joining.

bool Partitions::IsQuiet(int32_t day, Time now) const {
  const auto touch = touches_.find(day);
  return touch == touches_.end() || touch->second.generation < last_generation_ ||
         now - *touch->second.at >= kQuiet;
}

std::optional<int32_t> Partitions::NextToJoin(Time now) const {
  const int64_t finished_ms = ToUnixMs(now - kFinishedAfter);
  const std::lock_guard lock(mutex_);
  for (const auto& [day, known] : days_) {
    if (damaged_.contains(day)) continue;
    const Levels levels = LevelsOf(database_->rocks(), known.family);
    const bool has_late = levels.fragment_entries > (known.joins == 0 ? 0u : 1u);
    if (EndMs(day) > finished_ms) {
      if (levels.fragment_files > kFilesMax && levels.fragment_bytes >= levels.chunk_bytes) {
        return day;
      }
      continue;
    }
    if (!IsQuiet(day, now)) continue;
    if (known.joins == 0) {
      if (has_late || levels.chunk_bytes > 0) return day;
    } else if (has_late && HasMuchLate(levels)) {
      return day;
    }
  }
  return std::nullopt;
}

Result<void> Partitions::Join(Time now, uint64_t bytes) {
  for (auto& [day, touch] : touches_) {
    if (!touch.at) touch.at = now;
  }
  if (const Result<void> dropped = DropCondemned(); !dropped) return dropped;
  while (bytes > 0) {
    if (joiner_ == nullptr) {
      const std::optional<int32_t> day = NextToJoin(now);
      if (!day) return {};
      if (const Result<void> begun = BeginJoin(*day); !begun) return begun;
    }
    const Result<DayJoiner::Progress> step = joiner_->Step(&bytes);
    if (!step) {
      const std::string name = joiner_->from()->GetName();
      EndJoin();
      if (step.error().code != Code::kCorrupt) return step.error();
      damaged_.insert(joining_);
      quarantine_.Note(name, "", step.error().message);
    } else if (*step == DayJoiner::Progress::kMore) {
      return {};
    } else if (const Result<void> done = FinishJoin(); !done) {
      EndJoin();
      return done;
    }
  }
  return {};
}

Result<void> Partitions::BeginJoin(int32_t day) {
  // What a failed Add() left would go to the wrong column family.
  ClearBatch();
  Day known;
  {
    const std::lock_guard lock(mutex_);
    known = days_.at(day);
  }
  joiner_ = std::make_unique<DayJoiner>(database_, known.family);
  joining_ = day;
  late_.clear();
  return {};
}

// Gives up what is not finished.
void Partitions::EndJoin() {
  joiner_.reset();
  late_.clear();
}

Result<void> Partitions::FinishJoin() {
  const FamilyHandle from = joiner_->from();
  uint32_t joins = 0;
  {
    const std::lock_guard lock(mutex_);
    joins = days_.at(joining_).joins + 1;
  }
  const Result<FamilyHandle> made = joiner_->Finish(ChunksName(joining_, joins));
  if (!made) return made.error();
  if (const Result<void> moved = MoveLate(from, *made); !moved) {
    condemned_.push_back(*made);
    return moved;
  }
  // From here on the new one counts, after a crash too.
  const Levels old = LevelsOf(database_->rocks(), from);
  const uint64_t bytes = LevelsOf(database_->rocks(), *made).chunk_bytes;
  log::Info("day joined", {{"partition", (*made)->GetName()},
                           {"bytes_before", std::to_string(old.fragment_bytes + old.chunk_bytes)},
                           {"bytes", std::to_string(bytes)}});
  metrics_->AddJoinedDay(bytes);
  condemned_.push_back(from);
  {
    const std::lock_guard lock(mutex_);
    Day& day = days_.at(joining_);
    day.family = *made;
    day.joins = joins;
  }
  EndJoin();
  return DropCondemned();
}

// Takes along what came since the join began, and with it, as one, the mark that makes it count.
Result<void> Partitions::MoveLate(const FamilyHandle& from, const FamilyHandle& to) {
  rocksdb::DB* const rocks = database_->rocks();
  rocksdb::WriteBatch batch;
  for (const std::string& place : late_) {
    for (const char kind : {kDataKind, kSummaryKind}) {
      std::string value;
      const rocksdb::Status status = rocks->Get({}, from.get(), kind + place, &value);
      if (!status.ok()) return FromStatus("cannot read " + from->GetName(), status);
      batch.Put(to.get(), kind + place, value);
    }
  }
  batch.Put(to.get(), std::string(1, kJoinedKind),
            std::string(1, static_cast<char>(kJoinedVersion)));
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  const rocksdb::Status status = rocks->Write(unlogged, &batch);
  if (!status.ok()) return FromStatus("cannot write to " + to->GetName(), status);
  return database_->Flush({&to, 1});
}

}  // namespace nines::tsdb
