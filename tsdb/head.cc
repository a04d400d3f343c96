#include "tsdb/head.h"

#include <algorithm>

#include "base/check.h"

namespace nines::tsdb {
namespace {

uint32_t Distance(int64_t from_ms, int64_t to_ms) {
  return static_cast<uint32_t>(
      std::min<int64_t>(to_ms - from_ms, std::numeric_limits<uint32_t>::max()));
}

// The times of the rows that a tail remembers, ascending.
void AddTimes(const Tail& tail, std::vector<int64_t>* out) {
  if (tail.newest_ms == kNever) return;
  int64_t at = tail.newest_ms;
  out->push_back(at);
  for (size_t i = tail.distances; i > 0; --i) out->push_back(at -= tail.distances_ms[i - 1]);
}

// Keeps the newest of `times`.
void SetTimes(std::vector<int64_t> times, Tail* tail) {
  std::ranges::sort(times);
  times.erase(std::ranges::unique(times).begin(), times.end());
  const size_t keep = std::min(times.size(), Tail::kDistances + 1);
  tail->distances = 0;
  for (size_t i = times.size() - keep + 1; i < times.size(); ++i) {
    tail->distances_ms[tail->distances++] = Distance(times[i - 1], times[i]);
  }
  tail->newest_ms = times.back();
}

}  // namespace

void Tail::Add(int64_t time_ms, bool is_stale) {
  if (time_ms == newest_ms) {
    ended = ended && is_stale;
    return;
  }
  if (time_ms < newest_ms) return;
  if (newest_ms != kNever) {
    if (distances == kDistances) {
      std::copy(distances_ms.begin() + 1, distances_ms.end(), distances_ms.begin());
      --distances;
    }
    distances_ms[distances++] = Distance(newest_ms, time_ms);
  }
  newest_ms = time_ms;
  ended = is_stale;
}

void Tail::Merge(const Tail& other) {
  loaded = loaded || other.loaded;
  if (other.newest_ms == kNever) return;
  if (newest_ms == other.newest_ms) {
    ended = ended && other.ended;
  } else if (newest_ms < other.newest_ms) {
    ended = other.ended;
  }
  std::vector<int64_t> times;
  AddTimes(*this, &times);
  AddTimes(other, &times);
  SetTimes(std::move(times), this);
}

int64_t Tail::SpacingMs() const {
  if (distances == 0) return 0;
  std::array<uint32_t, kDistances> sorted;
  sorted.fill(std::numeric_limits<uint32_t>::max());
  for (size_t i = 0; i < distances; ++i) sorted[i] = distances_ms[i];
  std::ranges::sort(sorted);
  return sorted[(distances - 1u) / 2];
}

Tail TailOf(const Rows& rows) {
  Tail tail;
  if (rows.empty()) return tail;
  std::vector<int64_t> times;
  const uint32_t keep = std::min<uint32_t>(rows.size(), Tail::kDistances + 1);
  for (uint32_t i = rows.size() - keep; i < rows.size(); ++i) times.push_back(rows.time(i));
  SetTimes(std::move(times), &tail);
  tail.ended = rows.IsStale(rows.size() - 1);
  return tail;
}

template <class Put>
void Head::Add(FamilyId family, int64_t time_ms, bool is_stale, Put put) {
  const size_t i = static_cast<uint32_t>(family);
  if (i >= live_.families.size()) live_.families.resize(i + 1);
  Rows& rows = live_.families[i];
  const size_t bytes = rows.bytes();
  if (!put(&rows)) return;
  live_.bytes += rows.bytes() - bytes;
  ++live_.samples;
  MutableTail(family).Add(time_ms, is_stale);
}

void Head::Apply(const tsdb::Append& sample, const Index::Place& place, uint32_t width) {
  Add(place.family, sample.time_ms, IsStale(sample.value),
      [&](Rows* rows) { return rows->Put(sample.time_ms, place.ordinal, width, sample.value); });
}

void Head::Apply(const AppendHistogram& histogram, const Index::Place& place, uint32_t width) {
  Add(place.family, histogram.time_ms, histogram.bytes.empty(), [&](Rows* rows) {
    return rows->PutHistogram(histogram.time_ms, place.ordinal, width, histogram.bytes);
  });
}

void Head::Freeze() {
  CHECK(frozen_ == nullptr);
  auto frozen = std::make_shared<RowsByFamily>(std::move(live_));
  live_ = RowsByFamily{};
  frozen_ = std::move(frozen);
}

template <class T>
void Head::CollectAs(const Index::Place& place, int64_t from_ms, int64_t to_ms,
                     std::vector<T>* out) const {
  const Rows* frozen = frozen_ ? frozen_->Of(place.family) : nullptr;
  const Rows* live = live_.Of(place.family);
  if (frozen != nullptr) frozen->Collect(place.ordinal, from_ms, to_ms, out);
  const size_t middle = out->size();
  if (live != nullptr) live->Collect(place.ordinal, from_ms, to_ms, out);
  // Late samples can put live rows before frozen ones.
  if (middle > 0 && middle < out->size() && (*out)[middle].at <= (*out)[middle - 1].at) {
    SortAndCollapse(out);
  }
}

void Head::Collect(const Index::Place& place, int64_t from_ms, int64_t to_ms,
                   std::vector<Sample>* out) const {
  CollectAs(place, from_ms, to_ms, out);
}

void Head::Collect(const Index::Place& place, int64_t from_ms, int64_t to_ms,
                   std::vector<EncodedHistogram>* out) const {
  CollectAs(place, from_ms, to_ms, out);
}

bool Head::Has(const Index::Place& place, int64_t from_ms, int64_t to_ms) const {
  const Rows* frozen = frozen_ ? frozen_->Of(place.family) : nullptr;
  const Rows* live = live_.Of(place.family);
  return (live != nullptr && live->Has(place.ordinal, from_ms, to_ms)) ||
         (frozen != nullptr && frozen->Has(place.ordinal, from_ms, to_ms));
}

bool Head::HasRows(FamilyId family, int64_t from_ms, int64_t to_ms) const {
  const auto has = [&](const Rows* rows) {
    if (rows == nullptr) return false;
    const uint32_t row = rows->LowerBound(from_ms);
    return row < rows->size() && rows->time(row) <= to_ms;
  };
  return has(live_.Of(family)) || (frozen_ && has(frozen_->Of(family)));
}

Tail& Head::MutableTail(FamilyId family) {
  const size_t i = static_cast<uint32_t>(family);
  if (i >= tails_.size()) tails_.resize(i + 1);
  return tails_[i];
}

Tail Head::TailOf(FamilyId family) const {
  const size_t i = static_cast<uint32_t>(family);
  return i < tails_.size() ? tails_[i] : Tail{};
}

void Head::MergeTail(FamilyId family, const Tail& from_disk) {
  MutableTail(family).Merge(from_disk);
}

}  // namespace nines::tsdb
