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
#include "tsdb/day_joiner.h"
#include "tsdb/family.h"
#include "tsdb/place.h"
#include "tsdb/quarantine.h"
#include "tsdb/rows.h"

namespace rocksdb {
class Snapshot;
}

namespace nines::tsdb {

// Rows on disk: a column family a day, fragments in it.  Keys: tsdb/FORMAT.md.  Safe for concurrent
// use; what writes and drops has one caller at a time.
//
// A day that is over is joined (day_joiner.h) into a new column family, which then takes the place
// of the old one.  What comes later stands beside it in fragments, until there is enough of that to
// join the day again.
class Partitions {
 public:
  class View;

  // Both must outlive this.
  Partitions(Database* database, Metrics* metrics);
  ~Partitions();

  // Takes over what the database has, and finishes or undoes what a crash left half done.  Before
  // anything else.
  Result<void> Load();

  // Adds the rows of a family to fragments of that generation; split by slot, and by
  // kFragmentRowsMax.  Durable, and out of memory, after Sync().  The same rows may be added again
  // after a failure.  `count_ordinal` is the place of the family's count, or kNoOrdinal.
  Result<void> Add(uint64_t generation, FamilyId family, const Rows& rows, uint32_t count_ordinal);
  Result<void> Sync();

  // What is there now, and stays the same for whoever reads from it.
  std::unique_ptr<View> Look() const;

  // Drops the days that end at or before `oldest`.
  Result<void> DropBefore(Time oldest);
  // Drops the oldest days until all files of the database have at most so many bytes; never that of
  // `now`, nor later ones.
  Result<void> DropToSize(uint64_t bytes, Time now);
  // Bytes of the files of all days.
  uint64_t bytes() const;

  // Joins days until so many bytes of them were read; the next call goes on from there.  A day is
  // joined an hour after its end, when a checkpoint, or kQuiet, has passed that brought nothing for
  // it; a joined day when there is much beside its chunks; a day of which there are very many files
  // even before its end.  One whose data are damaged is left as it is.
  Result<void> Join(Time now, uint64_t bytes);

  // Start of the oldest day.
  std::optional<Time> oldest() const;
  bool empty() const;

 private:
  struct Batch;
  struct Day {
    FamilyHandle family;
    uint32_t joins = 0;  // How often it was joined.
  };
  // When rows came into a day.
  struct Touch {
    uint64_t generation = 0;
    std::optional<Time> at;  // Unknown until the next Join().
  };
  Result<FamilyHandle> DayFor(int32_t day);
  Result<void> PutFragment(uint64_t generation, FamilyId family, SlotId slot, uint8_t part,
                           const Block& block);
  Result<void> WriteBatch();
  void ClearBatch();
  Result<void> LoadDay(int32_t day, const std::map<uint32_t, FamilyHandle>& families);
  Result<void> DropCondemned();
  Result<void> DropDay(int32_t day);
  std::optional<int32_t> NextToJoin(Time now) const;
  bool IsQuiet(int32_t day, Time now) const;
  Result<void> BeginJoin(int32_t day);
  void EndJoin();
  Result<void> FinishJoin();
  Result<void> MoveLate(const FamilyHandle& from, const FamilyHandle& to);

  Database* database_;
  Metrics* metrics_;
  mutable Quarantine quarantine_;
  mutable std::mutex mutex_;
  std::map<int32_t, Day> days_;  // Guarded by mutex_.
  // The writer's alone.
  std::unique_ptr<Batch> batch_;
  std::set<int32_t> touched_;            // Days with rows that are in memory only.
  std::map<int32_t, Touch> touches_;     // Of the days that rows came into since the start.
  uint64_t last_generation_ = 0;         // Of the last Add().
  std::set<int32_t> damaged_;            // Days that are not joined.
  std::vector<FamilyHandle> condemned_;  // Column families that count no more, to be dropped.
  std::unique_ptr<DayJoiner> joiner_;
  int32_t joining_ = 0;            // The day at which joiner_ is.
  std::vector<std::string> late_;  // Places that came into it meanwhile.
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

  // Whether the family has a fragment whose first to last row [from_ms, to_ms] touches.
  Result<bool> HasFragment(FamilyId family, int64_t from_ms, int64_t to_ms);

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
  // The first slot of the unit: where what is in one fragment with that slot may stand.
  SlotId UnitOf(SlotId slot) const;
  // The last unit of a family before that of `before` that has fragments, with them; none when it
  // is over.
  Result<std::vector<Fragment>> UnitBefore(FamilyId family, SlotId before);

  rocksdb::DB* rocks_;
  Quarantine* quarantine_;
  std::map<int32_t, Day> days_;
  const rocksdb::Snapshot* snapshot_ = nullptr;
};

}  // namespace nines::tsdb
