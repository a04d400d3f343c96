#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "tsdb/change.h"
#include "tsdb/index.h"
#include "tsdb/store.h"

namespace nines::tsdb {

inline constexpr size_t kExemplarsAFamilyMax = 64;
// Of the names and values of its labels together: OpenMetrics' limit.
inline constexpr size_t kExemplarCharactersMax = 128;

// The exemplars that are kept, in memory and as records of the column family `exemplars`
// (tsdb/FORMAT.md).  Bounded twice: kExemplarsAFamilyMax of a family, and `max` in all.
//
// Where a family is full, the column that has most gives its oldest, so that the exemplars of rare
// slow requests are not pushed out by those of the many fast ones.  Where all is full, the oldest
// of all goes.  Safe for concurrent use; Add() has one caller at a time.
class Exemplars {
 public:
  // `max` is the most that are kept; 0 keeps none.  `index` must outlive this.
  Exemplars(uint32_t max, const Index* index);

  // Puts back a record.  kCorrupt: it is none.  One of a series that is gone, and those beyond
  // `max`, are left out, and Trim() says so.
  Result<void> Load(std::string_view key, std::string_view value);
  // After the last Load(): deletes what was left out.
  void Trim(std::vector<Change>* changes);

  // Decides all of a request, keeps those that are taken and adds what must be written to
  // `changes`.  Rules of tsdb/exemplar.go of Prometheus 3: of one series they come in order of
  // time, value and labels; one that is kept already is taken without effect. REQUIRES: the index
  // is locked, shared at least.
  void Add(std::span<const ExemplarOf> exemplars, int64_t oldest_ms, int64_t latest_ms,
           AppendReport* report, std::vector<Change>* changes);

  // Those of each column in [from_ms, to_ms] in order of time; columns without one are left out.
  std::vector<std::pair<ColumnId, std::vector<Exemplar>>> Find(std::span<const ColumnId> columns,
                                                               int64_t from_ms,
                                                               int64_t to_ms) const;

  // Forgets those of columns for which `is_gone` and adds what must be written to `changes`.
  template <class IsGone>
  void Remove(IsGone&& is_gone, std::vector<Change>* changes) {
    const std::lock_guard lock(mutex_);
    for (auto at = order_.begin(); at != order_.end();) {
      const uint32_t slot = (at++)->second;
      if (is_gone(slots_[slot]->kept.column)) Free(slot, changes);
    }
  }

  uint64_t size() const;

 private:
  struct Entry {
    uint64_t sequence;  // Order of arrival.
    FamilyId family;
    ExemplarOf kept;
  };
  using Verdict = std::optional<ExemplarRefusal>;

  // Nullopt: to keep.  Sets `is_repeated` where it is kept already.
  Verdict Judge(const ExemplarOf& offered, int64_t oldest_ms, int64_t latest_ms,
                bool* is_repeated) const;
  // The slot for one more of the family: that of what has to go for it, or one that is free.
  uint32_t MakeRoom(FamilyId family);
  uint32_t VictimOf(const std::vector<uint32_t>& slots) const;
  void Keep(uint32_t slot, Entry entry);
  void Forget(uint32_t slot);
  void Free(uint32_t slot, std::vector<Change>* changes);

  const uint32_t max_;
  const Index* const index_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.  A slot is the key of a record; one that is free is used again.
  std::vector<std::optional<Entry>> slots_;
  std::vector<uint32_t> free_;
  std::map<uint64_t, uint32_t> order_;                             // By sequence: the oldest first.
  std::unordered_map<FamilyId, std::vector<uint32_t>> by_family_;  // Slots, likewise.
  uint64_t sequence_ = 0;                                          // Of the next.
  std::vector<std::string> left_out_;                              // Keys that Load() passed over.
};

// The bytes of a record; layout in tsdb/FORMAT.md.
std::string ExemplarKey(uint32_t slot);
std::string EncodeExemplar(uint64_t sequence, const ExemplarOf& exemplar);

}  // namespace nines::tsdb
