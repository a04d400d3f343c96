#include "tsdb/exemplars.h"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "tsdb/bytes.h"
#include "tsdb/packed.h"

namespace nines::tsdb {
namespace {

constexpr uint8_t kVersion = 1;
// A slot beyond it is no slot: memory is taken for those before it.
constexpr uint32_t kSlotsMax = 1 << 26;

size_t Characters(std::string_view text) {
  size_t n = 0;
  while (!text.empty()) {
    text.remove_prefix(DecodeRune(text).size);
    ++n;
  }
  return n;
}

bool IsTooLong(const Labels& labels) {
  size_t n = 0;
  for (const Label& label : labels) n += Characters(label.name) + Characters(label.value);
  return n > kExemplarCharactersMax;
}

// Prometheus' order of the exemplars of one series, but for the labels, where it takes a hash.
bool IsBefore(const Exemplar& a, const Exemplar& b) {
  return std::tie(a.time_ms, a.value, a.labels) < std::tie(b.time_ms, b.value, b.labels);
}

Error Damaged(std::string_view key, std::string_view what) {
  return {Code::kCorrupt, "exemplar record " + HexText(key) + ": " + std::string(what)};
}

}  // namespace

bool Exemplar::operator==(const Exemplar& other) const {
  return time_ms == other.time_ms && SameBits(value, other.value) && labels == other.labels;
}

std::string ExemplarKey(uint32_t slot) {
  std::string key;
  PutU32Be(slot, &key);
  return key;
}

std::string EncodeExemplar(uint64_t sequence, const ExemplarOf& exemplar) {
  std::string value;
  PutByte(kVersion, &value);
  PutVarint(sequence, &value);
  PutVarint(static_cast<uint32_t>(exemplar.column), &value);
  PutZigZag(exemplar.exemplar.time_ms, &value);
  PutWord(std::bit_cast<uint64_t>(exemplar.exemplar.value), &value);
  PutVarint(exemplar.exemplar.labels.size(), &value);
  for (const Label& label : exemplar.exemplar.labels) {
    PutText(label.name, &value);
    PutText(label.value, &value);
  }
  return value;
}

Exemplars::Exemplars(uint32_t max, const Index* index)
    : max_(std::min(max, kSlotsMax)), index_(index) {}

Result<void> Exemplars::Load(std::string_view key, std::string_view value) {
  ByteReader k(key);
  const uint32_t slot = k.U32Be();
  if (!k.AtEnd() || slot >= kSlotsMax) return Damaged(key, "unexpected key");
  PackedReader v(value);
  if (v.Byte() != kVersion) return Damaged(key, "version is not known");
  const uint64_t sequence = v.Varint();
  const uint64_t column = v.Varint();
  Exemplar exemplar;
  exemplar.time_ms = v.SignedVarint();
  exemplar.value = std::bit_cast<double>(v.Word());
  const uint64_t n = v.Varint();
  std::vector<Label> labels;
  for (uint64_t i = 0; i < n && v.ok(); ++i) {
    const std::string_view name = v.Bytes(v.Varint());
    const std::string_view text = v.Bytes(v.Varint());
    labels.push_back({std::string(name), std::string(text)});
  }
  if (!v.AtEnd()) return Damaged(key, "does not end where it should");
  exemplar.labels = Labels(std::move(labels));
  if (exemplar.labels.size() != n) return Damaged(key, "labels are not a set");
  const std::lock_guard lock(mutex_);
  if (slot < slots_.size()) return Damaged(key, "unexpected key");
  if (order_.contains(sequence)) return Damaged(key, "its number stands twice");
  sequence_ = std::max(sequence_, sequence + 1);
  if (column >= index_->columns()) {
    left_out_.emplace_back(key);
    return {};
  }
  while (slots_.size() < slot) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  slots_.emplace_back();
  const ColumnId id{static_cast<uint32_t>(column)};
  Keep(slot, {.sequence = sequence,
              .family = index_->PlaceOf(id).family,
              .kept = {.column = id, .exemplar = std::move(exemplar)}});
  return {};
}

void Exemplars::Trim(std::vector<Change>* changes) {
  const std::lock_guard lock(mutex_);
  for (std::string& key : left_out_) {
    changes->push_back({.table = Table::kExemplars, .key = std::move(key), .value = std::nullopt});
  }
  left_out_.clear();
  while (order_.size() > max_) Free(order_.begin()->second, changes);
  // They were kept by slot.
  for (auto& [family, slots] : by_family_) {
    std::ranges::sort(slots, {}, [this](uint32_t slot) { return slots_[slot]->sequence; });
  }
}

void Exemplars::Add(std::span<const ExemplarOf> exemplars, int64_t oldest_ms, int64_t latest_ms,
                    AppendReport* report, std::vector<Change>* changes) {
  if (max_ == 0) return;
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < exemplars.size(); ++i) {
    const ExemplarOf& offered = exemplars[i];
    bool is_repeated = false;
    const Verdict refused = Judge(offered, oldest_ms, latest_ms, &is_repeated);
    if (refused) {
      report->refused_exemplars.push_back({static_cast<uint32_t>(i), *refused});
      continue;
    }
    ++report->exemplars;
    if (is_repeated) continue;
    const FamilyId family = index_->PlaceOf(offered.column).family;
    const uint32_t slot = MakeRoom(family);
    changes->push_back({.table = Table::kExemplars,
                        .key = ExemplarKey(slot),
                        .value = EncodeExemplar(sequence_, offered)});
    Keep(slot, {.sequence = sequence_++, .family = family, .kept = offered});
  }
}

Exemplars::Verdict Exemplars::Judge(const ExemplarOf& offered, int64_t oldest_ms, int64_t latest_ms,
                                    bool* is_repeated) const {
  const Exemplar& exemplar = offered.exemplar;
  if (IsTooLong(exemplar.labels)) return ExemplarRefusal::kTooLong;
  if (exemplar.time_ms < oldest_ms) return ExemplarRefusal::kBeyondRetention;
  if (exemplar.time_ms > latest_ms) return ExemplarRefusal::kTooFarAhead;
  const auto at = by_family_.find(index_->PlaceOf(offered.column).family);
  if (at == by_family_.end()) return std::nullopt;
  bool is_out_of_order = false;
  for (const uint32_t slot : at->second) {
    const ExemplarOf& kept = slots_[slot]->kept;
    if (kept.column != offered.column) continue;
    if (kept.exemplar == exemplar) {
      *is_repeated = true;
      return std::nullopt;
    }
    is_out_of_order = is_out_of_order || IsBefore(exemplar, kept.exemplar);
  }
  if (is_out_of_order) return ExemplarRefusal::kOutOfOrder;
  return std::nullopt;
}

uint32_t Exemplars::MakeRoom(FamilyId family) {
  uint32_t slot = 0;
  const auto at = by_family_.find(family);
  if (at != by_family_.end() && at->second.size() >= kExemplarsAFamilyMax) {
    slot = VictimOf(at->second);
  } else if (order_.size() >= max_) {
    slot = order_.begin()->second;
  } else if (!free_.empty()) {
    slot = free_.back();
    free_.pop_back();
    return slot;
  } else {
    slots_.emplace_back();
    return static_cast<uint32_t>(slots_.size() - 1);
  }
  Forget(slot);
  return slot;
}

// The oldest of the column that has most; of columns that have as many, of the one with the oldest.
uint32_t Exemplars::VictimOf(const std::vector<uint32_t>& slots) const {
  std::map<ColumnId, size_t> counts;
  size_t most = 0;
  for (const uint32_t slot : slots) most = std::max(most, ++counts[slots_[slot]->kept.column]);
  const auto victim = std::ranges::find_if(
      slots, [&](uint32_t slot) { return counts[slots_[slot]->kept.column] == most; });
  CHECK(victim != slots.end());
  return *victim;
}

void Exemplars::Keep(uint32_t slot, Entry entry) {
  CHECK(!slots_[slot].has_value());
  order_.emplace(entry.sequence, slot);
  by_family_[entry.family].push_back(slot);
  slots_[slot] = std::move(entry);
}

void Exemplars::Forget(uint32_t slot) {
  const Entry& entry = *slots_[slot];
  order_.erase(entry.sequence);
  const auto at = by_family_.find(entry.family);
  std::erase(at->second, slot);
  if (at->second.empty()) by_family_.erase(at);
  slots_[slot].reset();
}

void Exemplars::Free(uint32_t slot, std::vector<Change>* changes) {
  Forget(slot);
  free_.push_back(slot);
  changes->push_back({.table = Table::kExemplars, .key = ExemplarKey(slot), .value = std::nullopt});
}

std::vector<std::pair<ColumnId, std::vector<Exemplar>>> Exemplars::Find(
    std::span<const ColumnId> columns, int64_t from_ms, int64_t to_ms) const {
  std::map<ColumnId, std::vector<Exemplar>> found;
  {
    const std::lock_guard lock(mutex_);
    // In order of arrival, which within a series is that of time.
    for (const auto& [sequence, slot] : order_) {
      const ExemplarOf& kept = slots_[slot]->kept;
      if (kept.exemplar.time_ms < from_ms || kept.exemplar.time_ms > to_ms) continue;
      if (std::ranges::binary_search(columns, kept.column)) {
        found[kept.column].push_back(kept.exemplar);
      }
    }
  }
  return {std::make_move_iterator(found.begin()), std::make_move_iterator(found.end())};
}

uint64_t Exemplars::size() const {
  const std::lock_guard lock(mutex_);
  return order_.size();
}

}  // namespace nines::tsdb
