#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "tsdb/chunk.h"
#include "tsdb/database.h"
#include "tsdb/family.h"
#include "tsdb/quarantine.h"
#include "tsdb/rows.h"

namespace rocksdb {
class Snapshot;
}

namespace nines::tsdb {

// Half an hour: no fragment holds rows of two.
inline constexpr Duration kSlot = std::chrono::minutes{30};
// Rows of a fragment; a slot with more has several parts.
inline constexpr uint32_t kFragmentRowsMax = 8192;

// A slot of a UTC day; they are in order of time.
struct SlotId {
  int32_t day;    // Since 1970.
  uint16_t slot;  // Of the day, from 0.
  auto operator<=>(const SlotId&) const = default;
};
SlotId SlotOf(int64_t time_ms);

// Rows on disk: a column family a day, fragments in it.  Keys: tsdb/FORMAT.md.  Safe for concurrent
// use; what writes and drops has one caller at a time.
class Partitions {
 public:
  class View;

  // Both must outlive this.
  Partitions(Database* database, Metrics* metrics);
  ~Partitions();

  // Adds the rows of a family to fragments of that generation; split by slot, and by
  // kFragmentRowsMax.  Durable, and out of memory, after Sync().  The same rows may be added again
  // after a failure.  `count_ordinal` is the place of the family's count, or kNoOrdinal.
  Result<void> Add(uint64_t generation, FamilyId family, const Rows& rows, uint32_t count_ordinal);
  Result<void> Sync();

  // What is there now, and stays the same for whoever reads from it.
  std::unique_ptr<View> Look() const;

  // Drops the days that end at or before `oldest`.
  Result<void> DropBefore(Time oldest);
  // Puts the files of one finished day together, where it has more than one.  A day counts as
  // finished an hour after its end.  One with damage is left as it is: RocksDB would fail at it and
  // write no more.
  Result<void> CompactOne(Time now);

  // Start of the oldest day.
  std::optional<Time> oldest() const;
  bool empty() const;

 private:
  struct Batch;
  Result<FamilyHandle> DayFor(int32_t day);
  Result<void> PutFragment(uint64_t generation, FamilyId family, SlotId slot, uint8_t part,
                           const Block& block);
  Result<void> WriteBatch();

  Database* database_;
  mutable Quarantine quarantine_;
  mutable std::mutex mutex_;
  std::map<int32_t, FamilyHandle> days_;  // Guarded by mutex_.
  // The writer's alone.
  std::unique_ptr<Batch> batch_;
  std::set<int32_t> touched_;  // Days with rows that are in memory only.
  std::set<int32_t> damaged_;  // Days that are not compacted.
};

// One fragment of a family.
struct Fragment {
  SlotId slot;
  std::string place;  // Its key but for the first byte.
  Summary summary;
};

// Partitions as of one instant.  One thread at a time.  Must be gone before the Partitions are.
// What is damaged goes to the quarantine, and the answer is that of the rest.
class Partitions::View {
 public:
  ~View();
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  // The fragments of a family with rows in [from_ms, to_ms], in order of slots.
  Result<std::vector<Fragment>> Fragments(FamilyId family, int64_t from_ms, int64_t to_ms);

  // Samples of a column of a fragment.
  Result<std::vector<Sample>> ReadColumn(const Fragment& fragment, uint32_t ordinal);
  // Likewise of a column of native histograms.
  Result<std::vector<EncodedHistogram>> ReadHistograms(const Fragment& fragment, uint32_t ordinal);
  // All of it.
  Result<Block> ReadBlock(const Fragment& fragment);

  // The rows of a family in a slot.
  Result<Rows> SlotRows(FamilyId family, SlotId slot);

  // The newest sample of each column of a family by ordinal, as far as there is one.  `width`: how
  // many columns to look for.
  Result<std::vector<std::optional<Sample>>> Newest(FamilyId family, uint32_t width);
  // The newest rows of a family: those of its last slots, `rows` at least where there are so many.
  Result<Rows> NewestRows(FamilyId family, uint32_t rows);

 private:
  friend class Partitions;
  struct Day;
  explicit View(const Partitions& partitions);
  Day& At(int32_t day);
  void Note(int32_t day, const std::string& key, const std::string& what) const;
  Result<std::map<std::string, std::string>> SalvageDay(int32_t day, const std::string& from,
                                                        const std::string& to) const;
  Result<void> ScanDay(int32_t day, const std::string& from, const std::string& to,
                       std::vector<Fragment>* found);
  std::optional<Fragment> Parse(int32_t day, std::string_view key, std::string_view value) const;
  // Nothing where it is damaged.
  Result<std::optional<std::string>> Data(const Fragment& fragment);
  void NoteData(const Fragment& fragment, const Error& error) const;
  Result<void> AddTo(const Fragment& fragment, Rows* rows);
  // The last slot of a family before `before` that has fragments, with them; none when it is over.
  Result<std::vector<Fragment>> SlotBefore(FamilyId family, SlotId before);

  rocksdb::DB* rocks_;
  Quarantine* quarantine_;
  std::map<int32_t, Day> days_;
  const rocksdb::Snapshot* snapshot_ = nullptr;
};

}  // namespace nines::tsdb
