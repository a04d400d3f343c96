#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tsdb/family.h"
#include "tsdb/store.h"

namespace nines::tsdb {

// Fingerprint -> column, by open addressing.  A slot is 16 bytes: it keeps 96 of the 128 bits, so
// that at five million aliases the chance of any two being taken for one another is below 1e-15.
// Not synchronised; const calls are safe for concurrent use with one another.
class AliasTable {
 public:
  // Adds or replaces.
  void Put(const Fingerprint& alias, ColumnId column);

  // kNoColumn where there is none.  REQUIRES: equal sizes.
  void Find(std::span<const Fingerprint> aliases, std::span<ColumnId> columns) const;

  size_t size() const { return used_; }

 private:
  struct Slot {
    uint64_t low = 0;
    uint32_t high = 0;
    ColumnId column = kNoColumn;  // kNoColumn: free.
  };
  static_assert(sizeof(Slot) == 16);

  size_t SlotOf(uint64_t low, uint32_t high) const;
  void Grow();

  std::vector<Slot> slots_;  // A power of two, or none.
  size_t used_ = 0;
};

}  // namespace nines::tsdb
