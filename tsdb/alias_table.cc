#include "tsdb/alias_table.h"

#include "base/check.h"

namespace nines::tsdb {

size_t AliasTable::SlotOf(uint64_t low, uint32_t high) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = low & mask;
  while (slots_[slot].column != kNoColumn &&
         (slots_[slot].low != low || slots_[slot].high != high)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

void AliasTable::Put(const Fingerprint& alias, ColumnId column) {
  CHECK(column != kNoColumn);
  if (used_ * 4 >= slots_.size() * 3) Grow();
  Slot& slot = slots_[SlotOf(alias.low, static_cast<uint32_t>(alias.high))];
  if (slot.column == kNoColumn) ++used_;
  slot = {alias.low, static_cast<uint32_t>(alias.high), column};
}

void AliasTable::Find(std::span<const Fingerprint> aliases, std::span<ColumnId> columns) const {
  CHECK(aliases.size() == columns.size());
  if (slots_.empty()) {
    for (ColumnId& column : columns) column = kNoColumn;
    return;
  }
  // The slots of a big table are not in cache; asked for this far ahead they arrive in time.
  constexpr size_t kAhead = 16;
  const size_t mask = slots_.size() - 1;
  const size_t n = aliases.size();
  for (size_t i = 0; i < n && i < kAhead; ++i) __builtin_prefetch(&slots_[aliases[i].low & mask]);
  for (size_t i = 0; i < n; ++i) {
    if (i + kAhead < n) __builtin_prefetch(&slots_[aliases[i + kAhead].low & mask]);
    columns[i] = slots_[SlotOf(aliases[i].low, static_cast<uint32_t>(aliases[i].high))].column;
  }
}

void AliasTable::Grow() {
  std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.column != kNoColumn) slots_[SlotOf(slot.low, slot.high)] = slot;
  }
}

}  // namespace nines::tsdb
