#include "tsdb/partitions.h"

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "tsdb/bytes.h"
#include "tsdb/table_files.h"

namespace nines::tsdb {
namespace {

constexpr SlotId kAfterAll{std::numeric_limits<int32_t>::max(), 0};
constexpr size_t kBatchBytes = 4 << 20;
constexpr size_t kSlotKeyBytes = 7;  // Of a key up to its slot.

}  // namespace

// ---- Writing.

struct Partitions::Batch {
  rocksdb::WriteBatch batch;
};

Partitions::Partitions(Database* database, Metrics* metrics)
    : database_(database),
      metrics_(metrics),
      quarantine_(metrics),
      batch_(std::make_unique<Batch>()) {}

Partitions::~Partitions() = default;

Result<FamilyHandle> Partitions::DayFor(int32_t day) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = days_.find(day); at != days_.end()) return at->second.family;
  }
  Result<FamilyHandle> made = database_->Create(ChunksName(day, 0), Database::Use::kChunks);
  if (!made) return made;
  const std::lock_guard lock(mutex_);
  days_.emplace(day, Day{.family = *made});
  return made;
}

Result<void> Partitions::Add(uint64_t generation, FamilyId family, const Rows& rows,
                             uint32_t count_ordinal) {
  last_generation_ = generation;
  for (uint32_t first = 0; first < rows.size();) {
    const SlotId slot = SlotOf(rows.time(first));
    const uint32_t slot_end = rows.LowerBound(StartOf(slot) + kSlotMs);
    for (uint32_t part = 0; first < slot_end; ++part) {
      CHECK(part < kPartsMax);
      const uint32_t last = std::min(slot_end, rows.FragmentEnd(first, kFragmentRowsMax));
      const Result<void> put = PutFragment(generation, family, slot, static_cast<uint8_t>(part),
                                           rows.ToBlock(first, last, count_ordinal));
      if (!put) return put;
      first = last;
    }
  }
  return {};
}

Result<void> Partitions::PutFragment(uint64_t generation, FamilyId family, SlotId slot,
                                     uint8_t part, const Block& block) {
  const Result<FamilyHandle> day = DayFor(slot.day);
  if (!day) return day.error();
  const EncodedBlock encoded = Encode(block);
  const Place place{.family = family, .slot = slot.slot, .generation = generation, .part = part};
  std::string key = FragmentKey(kSummaryKind, place);
  batch_->batch.Put(day->get(), key, encoded.summary);
  key[0] = kDataKind;
  batch_->batch.Put(day->get(), key, encoded.data);
  touched_.insert(slot.day);
  touches_[slot.day] = {.generation = generation, .at = std::nullopt};
  if (joiner_ != nullptr && slot.day == joining_) late_.push_back(key.substr(1));
  if (batch_->batch.GetDataSize() < kBatchBytes) return {};
  return WriteBatch();
}

Result<void> Partitions::WriteBatch() {
  rocksdb::WriteOptions unlogged;
  // The journal has these rows until the files are synced.
  unlogged.disableWAL = true;
  const rocksdb::Status status = database_->rocks()->Write(unlogged, &batch_->batch);
  batch_->batch.Clear();
  if (!status.ok()) return FromStatus("cannot write fragments", status);
  return {};
}

void Partitions::ClearBatch() { batch_->batch.Clear(); }

Result<void> Partitions::Sync() {
  // What is written to a day must not be lost to a column family of that day which was given up.
  if (const Result<void> dropped = DropCondemned(); !dropped) return dropped;
  if (const Result<void> written = WriteBatch(); !written) return written;
  std::vector<FamilyHandle> families;
  {
    const std::lock_guard lock(mutex_);
    for (const int32_t day : touched_) {
      if (const auto at = days_.find(day); at != days_.end()) families.push_back(at->second.family);
    }
  }
  if (const Result<void> flushed = database_->Flush(families); !flushed) return flushed;
  touched_.clear();
  return {};
}

std::optional<Time> Partitions::oldest() const {
  const std::lock_guard lock(mutex_);
  if (days_.empty()) return std::nullopt;
  return FromUnixMs(int64_t{days_.begin()->first} * kDayMs);
}

bool Partitions::empty() const {
  const std::lock_guard lock(mutex_);
  return days_.empty();
}

// ---- Reading.

struct Partitions::View::Day {
  FamilyHandle family;
  uint32_t joins;
  std::unique_ptr<rocksdb::Iterator> at;
};

std::unique_ptr<Partitions::View> Partitions::Look() const {
  return std::unique_ptr<View>(new View(*this));
}

Partitions::View::View(const Partitions& partitions)
    : rocks_(partitions.database_->rocks()), quarantine_(&partitions.quarantine_) {
  const std::lock_guard lock(partitions.mutex_);
  for (const auto& [day, known] : partitions.days_) {
    days_.emplace(day, Day{known.family, known.joins, nullptr});
  }
  if (!days_.empty()) snapshot_ = rocks_->GetSnapshot();
}

Partitions::View::~View() {
  days_.clear();
  if (snapshot_ != nullptr) rocks_->ReleaseSnapshot(snapshot_);
}

Partitions::View::Day& Partitions::View::At(int32_t day) {
  Day& found = days_.at(day);
  if (found.at == nullptr) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    found.at.reset(rocks_->NewIterator(options, found.family.get()));
  }
  return found;
}

void Partitions::View::Note(int32_t day, const std::string& key, const std::string& what) const {
  quarantine_->Note(ChunksName(day, days_.at(day).joins), HexText(key), what);
}

SlotId Partitions::View::UnitOf(SlotId slot) const {
  const auto day = days_.find(slot.day);
  if (day == days_.end() || day->second.joins == 0) return slot;
  return {slot.day, static_cast<uint16_t>(slot.slot - slot.slot % kSlotsOfUnit)};
}

// Seeks slot by slot past what is damaged: which keys a bad block has, nobody knows.
Result<std::map<std::string, std::string>> Partitions::View::SalvageDay(
    int32_t day, const std::string& from, const std::string& to) const {
  const auto next = [](const std::string& key) {
    ByteReader reader(key);
    const char kind = static_cast<char>(reader.U8());
    const FamilyId family{reader.U32Be()};
    const uint32_t slot = key.size() < kSlotKeyBytes ? 0 : reader.U16Be() + 1u;
    if (slot > kSlotsOfDay) return FamilyPrefix(kind, family) + "\xff\xff\xff";
    return SlotPrefix(kind, family, static_cast<uint16_t>(slot));
  };
  return Salvage(rocks_, days_.at(day).family, from, to, next,
                 [&](const std::string& key, const std::string& what) { Note(day, key, what); });
}

std::optional<Fragment> Partitions::View::Parse(int32_t day, std::string_view key,
                                                std::string_view value) const {
  ByteReader reader(key);
  reader.U8();
  reader.U32Be();
  const uint16_t slot = reader.U16Be();
  Result<Summary> summary = DecodeSummary(value);
  if (!summary) {
    const std::string text(key);
    Note(day, text, "fragment " + HexText(text) + ": " + summary.error().message);
    return std::nullopt;
  }
  return Fragment{
      .slot = {day, slot}, .place = std::string(key.substr(1)), .summary = *std::move(summary)};
}

// Adds the fragments whose summaries have keys in [from, to).
Result<void> Partitions::View::ScanDay(int32_t day, const std::string& from, const std::string& to,
                                       std::vector<Fragment>* found) {
  const size_t before = found->size();
  rocksdb::Iterator& at = *At(day).at;
  for (at.Seek(from); at.Valid() && at.key().compare(to) < 0; at.Next()) {
    std::optional<Fragment> one = Parse(day, at.key().ToStringView(), at.value().ToStringView());
    if (one) found->push_back(*std::move(one));
  }
  if (at.status().ok()) return {};
  if (!at.status().IsCorruption())
    return FromStatus("cannot read " + ChunksName(day, 0), at.status());
  found->resize(before);
  const auto salvaged = SalvageDay(day, from, to);
  if (!salvaged) return salvaged.error();
  for (const auto& [key, value] : *salvaged) {
    std::optional<Fragment> one = Parse(day, key, value);
    if (one) found->push_back(*std::move(one));
  }
  return {};
}

Result<std::vector<Fragment>> Partitions::View::Fragments(FamilyId family, int64_t from_ms,
                                                          int64_t to_ms) {
  std::vector<Fragment> found;
  if (from_ms > to_ms || days_.empty()) return found;
  // Far-off bounds are brought to where days are, so that no arithmetic on them can overflow.
  from_ms = std::max(from_ms, int64_t{days_.begin()->first} * kDayMs);
  to_ms = std::min(to_ms, (int64_t{days_.rbegin()->first} + 1) * kDayMs - 1);
  if (from_ms > to_ms) return found;
  const SlotId first = UnitOf(SlotOf(from_ms));
  const SlotId last = SlotOf(to_ms);
  for (auto day = days_.lower_bound(first.day); day != days_.end() && day->first <= last.day;
       ++day) {
    const std::string end =
        day->first == last.day && last.slot + 1 < kDayMs / kSlotMs
            ? SlotPrefix(kSummaryKind, family, static_cast<uint16_t>(last.slot + 1))
            : SlotPrefix(kSummaryKind, family, 0xffff);
    const uint16_t start = day->first == first.day ? first.slot : uint16_t{0};
    const Result<void> scanned =
        ScanDay(day->first, SlotPrefix(kSummaryKind, family, start), end, &found);
    if (!scanned) return scanned.error();
  }
  std::erase_if(found, [&](const Fragment& fragment) {
    return fragment.summary.last_ms < from_ms || fragment.summary.first_ms > to_ms;
  });
  return found;
}

Result<std::optional<std::string>> Partitions::View::Data(const Fragment& fragment) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  std::string data;
  const std::string key = kDataKind + fragment.place;
  const int32_t day = fragment.slot.day;
  const rocksdb::Status status = rocks_->Get(options, days_.at(day).family.get(), key, &data);
  if (status.ok()) return data;
  if (status.IsNotFound()) {
    Note(day, key, "fragment " + HexText(key) + " has a summary and no data");
    return std::nullopt;
  }
  if (!status.IsCorruption()) return FromStatus("cannot read " + ChunksName(day, 0), status);
  const auto salvaged = SalvageDay(day, key, key + '\0');
  if (!salvaged) return salvaged.error();
  if (salvaged->empty()) return std::nullopt;
  return salvaged->begin()->second;
}

Result<std::vector<Sample>> Partitions::View::ReadColumn(const Fragment& fragment,
                                                         uint32_t ordinal) {
  const Result<std::optional<std::string>> data = Data(fragment);
  if (!data) return data.error();
  if (!*data) return std::vector<Sample>{};
  Result<std::vector<Sample>> samples = DecodeColumn(**data, ordinal);
  if (samples) return samples;
  NoteData(fragment, samples.error());
  return std::vector<Sample>{};
}

Result<std::vector<EncodedHistogram>> Partitions::View::ReadHistograms(const Fragment& fragment,
                                                                       uint32_t ordinal) {
  const Result<std::optional<std::string>> data = Data(fragment);
  if (!data) return data.error();
  if (!*data) return std::vector<EncodedHistogram>{};
  Result<std::vector<EncodedHistogram>> histograms = DecodeHistograms(**data, ordinal);
  if (histograms) return histograms;
  NoteData(fragment, histograms.error());
  return std::vector<EncodedHistogram>{};
}

Result<Block> Partitions::View::ReadBlock(const Fragment& fragment) {
  const Result<std::optional<std::string>> data = Data(fragment);
  if (!data) return data.error();
  if (!*data) return Block{};
  Result<Block> block = Decode(**data);
  if (block) return block;
  NoteData(fragment, block.error());
  return Block{};
}

void Partitions::View::NoteData(const Fragment& fragment, const Error& error) const {
  const std::string key = kDataKind + fragment.place;
  Note(fragment.slot.day, key, "fragment " + HexText(key) + ": " + error.message);
}

Result<void> Partitions::View::AddTo(const Fragment& fragment, Rows* rows) {
  const Result<Block> block = ReadBlock(fragment);
  if (!block) return block.error();
  rows->Add(*block);
  return {};
}

Result<Rows> Partitions::View::SlotRows(FamilyId family, SlotId slot) {
  Rows rows;
  const int64_t start_ms = StartOf(slot);
  const auto fragments = Fragments(family, start_ms, start_ms + kSlotMs - 1);
  if (!fragments) return fragments.error();
  for (const Fragment& fragment : *fragments) {
    if (const Result<void> added = AddTo(fragment, &rows); !added) return added.error();
  }
  return rows;
}

Result<std::vector<Fragment>> Partitions::View::UnitBefore(FamilyId family, SlotId before) {
  std::vector<Fragment> found;
  const std::string prefix = FamilyPrefix(kSummaryKind, family);
  auto day = days_.upper_bound(before.day);
  while (found.empty() && day != days_.begin()) {
    --day;
    rocksdb::Iterator& at = *At(day->first).at;
    // Keys of the unit `before` and later ones are beyond this; of an earlier day none is.
    const std::string end =
        SlotPrefix(kSummaryKind, family, day->first == before.day ? before.slot : uint16_t{0xffff});
    for (at.SeekForPrev(end); at.Valid() && at.key().starts_with(prefix); at.Prev()) {
      std::optional<Fragment> one =
          Parse(day->first, at.key().ToStringView(), at.value().ToStringView());
      if (!one) continue;
      if (!found.empty() && UnitOf(one->slot) != UnitOf(found.front().slot)) break;
      found.push_back(*std::move(one));
    }
    if (at.status().ok()) continue;
    if (!at.status().IsCorruption()) {
      return FromStatus("cannot read " + ChunksName(day->first, 0), at.status());
    }
    found.clear();
    if (Result<void> scanned = ScanDay(day->first, prefix, end, &found); !scanned) {
      return scanned.error();
    }
    if (!found.empty()) {
      const SlotId last = UnitOf(found.back().slot);
      std::erase_if(found, [&](const Fragment& fragment) { return UnitOf(fragment.slot) != last; });
    }
  }
  return found;
}

Result<bool> Partitions::View::HasFragment(FamilyId family, int64_t from_ms, int64_t to_ms) {
  // The newest day first: what is asked for is mostly there, and older days are not looked at.
  for (auto day = days_.rbegin(); day != days_.rend(); ++day) {
    const int64_t start_ms = int64_t{day->first} * kDayMs;
    const Result<std::vector<Fragment>> found =
        Fragments(family, std::max(from_ms, start_ms), std::min(to_ms, start_ms + kDayMs - 1));
    if (!found) return found.error();
    if (!found->empty()) return true;
  }
  return false;
}

Result<std::vector<std::optional<Sample>>> Partitions::View::Newest(FamilyId family,
                                                                    uint32_t width) {
  std::vector<std::optional<Sample>> newest(width);
  uint32_t missing = width;
  SlotId before = kAfterAll;
  while (missing > 0) {
    const Result<std::vector<Fragment>> fragments = UnitBefore(family, before);
    if (!fragments) return fragments.error();
    if (fragments->empty()) break;
    before = UnitOf(fragments->front().slot);
    // Of two fragments of a unit either may have the later sample; an earlier unit has not.
    std::vector<std::optional<Sample>> in_unit(width);
    for (const Fragment& fragment : *fragments) {
      for (const Summary::Of& column : fragment.summary.columns) {
        if (column.ordinal >= width) continue;
        std::optional<Sample>& best = in_unit[column.ordinal];
        if (!best || best->at < column.newest.at) best = column.newest;
      }
    }
    for (uint32_t i = 0; i < width; ++i) {
      if (newest[i] || !in_unit[i]) continue;
      newest[i] = in_unit[i];
      --missing;
    }
  }
  return newest;
}

Result<Rows> Partitions::View::NewestRows(FamilyId family, uint32_t rows) {
  Rows newest;
  SlotId before = kAfterAll;
  while (newest.size() < rows) {
    const Result<std::vector<Fragment>> fragments = UnitBefore(family, before);
    if (!fragments) return fragments.error();
    if (fragments->empty()) break;
    before = UnitOf(fragments->front().slot);
    for (const Fragment& fragment : *fragments) {
      if (const Result<void> added = AddTo(fragment, &newest); !added) return added.error();
    }
  }
  return newest;
}

}  // namespace nines::tsdb
