#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tsdb/family.h"
#include "tsdb/index.h"
#include "tsdb/rows.h"
#include "tsdb/store.h"

namespace nines::tsdb {

// Before every time.
inline constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

// What stays in memory of a family when its rows are gone: when the newest ones were.
struct Tail {
  static constexpr size_t kDistances = 5;

  int64_t newest_ms = kNever;
  std::array<uint32_t, kDistances> distances_ms{};  // Between its last rows, oldest first.
  uint8_t distances = 0;                            // How many are known.
  bool ended = false;   // Every cell of the newest row is a stale marker.
  bool loaded = false;  // What is on disk from before this run has been looked at.

  // Takes a cell into account.  A row that arrives late changes no distance.
  void Add(int64_t time_ms, bool is_stale);
  // Of two tails of the same family, each of which may have seen what the other has not.
  void Merge(const Tail& other);
  // Median of the distances (the lower of two); 0 when there is none.
  int64_t SpacingMs() const;
};

// The tail of rows.
Tail TailOf(const Rows& rows);

// The rows of one journal generation, by family.
struct RowsByFamily {
  std::vector<Rows> families;  // Shorter than the index where the last families have none.
  uint64_t samples = 0;
  uint64_t bytes = 0;

  const Rows* Of(FamilyId family) const {
    const size_t i = static_cast<uint32_t>(family);
    return i < families.size() && !families[i].empty() ? &families[i] : nullptr;
  }
  std::optional<double> Find(const Index::Place& place, int64_t time_ms) const {
    const Rows* rows = Of(place.family);
    return rows == nullptr ? std::nullopt : rows->Find(time_ms, place.ordinal);
  }
  std::optional<std::string_view> FindHistogram(const Index::Place& place, int64_t time_ms) const {
    const Rows* rows = Of(place.family);
    return rows == nullptr ? std::nullopt : rows->FindHistogram(time_ms, place.ordinal);
  }
};

// The rows that are in the journal and not yet in fragments: those being collected, and those that
// a checkpoint is writing out.  Not synchronised: what changes it needs the store's head lock
// exclusively, the rest needs it shared.
class Head {
 public:
  // Adds a sample that is in the journal.  One that is there already stays as it is.
  void Apply(const tsdb::Append& sample, const Index::Place& place, uint32_t width);
  void Apply(const AppendHistogram& histogram, const Index::Place& place, uint32_t width);

  // Sets the rows aside for a checkpoint and starts anew.  REQUIRES: frozen() is null.
  void Freeze();
  // The rows set aside are in fragments.
  void Forget() { frozen_.reset(); }
  // Rows set aside; never changed, so they can be read without the lock.  Null when there are none.
  std::shared_ptr<const RowsByFamily> frozen() const { return frozen_; }

  // Samples of a column in [from_ms, to_ms], in order of time, each once.
  void Collect(const Index::Place& place, int64_t from_ms, int64_t to_ms,
               std::vector<Sample>* out) const;
  void Collect(const Index::Place& place, int64_t from_ms, int64_t to_ms,
               std::vector<EncodedHistogram>* out) const;
  bool Has(const Index::Place& place, int64_t from_ms, int64_t to_ms) const;
  // Whether a family has any row then.
  bool HasRows(FamilyId family, int64_t from_ms, int64_t to_ms) const;
  // Among those collected since the last Freeze() only.
  std::optional<double> FindLive(const Index::Place& place, int64_t time_ms) const {
    return live_.Find(place, time_ms);
  }
  std::optional<std::string_view> FindLiveHistogram(const Index::Place& place,
                                                    int64_t time_ms) const {
    return live_.FindHistogram(place, time_ms);
  }

  // Samples collected since the last Freeze(), and their bytes.
  uint64_t live_samples() const { return live_.samples; }
  uint64_t live_bytes() const { return live_.bytes; }
  // Those set aside too.
  uint64_t samples() const { return live_.samples + (frozen_ ? frozen_->samples : 0); }

  Tail TailOf(FamilyId family) const;
  // Adds what is known from disk.
  void MergeTail(FamilyId family, const Tail& from_disk);

 private:
  Tail& MutableTail(FamilyId family);
  // Lets `put` store a cell in the rows of a family; false where one is there already.
  template <class Put>
  void Add(FamilyId family, int64_t time_ms, bool is_stale, Put put);
  template <class T>
  void CollectAs(const Index::Place& place, int64_t from_ms, int64_t to_ms,
                 std::vector<T>* out) const;

  RowsByFamily live_;
  std::shared_ptr<const RowsByFamily> frozen_;
  std::vector<Tail> tails_;
};

// Puts samples in order of time and keeps the first of each time.
template <class T>
void SortAndCollapse(std::vector<T>* samples) {
  std::ranges::stable_sort(*samples, {}, &T::at);
  const auto rest = std::ranges::unique(*samples, {}, &T::at);
  samples->erase(rest.begin(), rest.end());
}

}  // namespace nines::tsdb
