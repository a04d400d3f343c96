#pragma once
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "tsdb/family.h"

// Where a fragment stands: day, slot, and its key in the column family of the day.  Layout in
// tsdb/FORMAT.md, "place of a fragment".  Pure functions.

namespace nines::tsdb {

// Half an hour: no fragment that a checkpoint writes holds rows of two.
inline constexpr Duration kSlot = std::chrono::minutes{30};
inline constexpr int64_t kSlotMs = kSlot.count();
inline constexpr int64_t kDayMs = Duration(std::chrono::hours{24}).count();
inline constexpr uint32_t kSlotsOfDay = kDayMs / kSlotMs;
// Rows of a fragment; a slot with more has several parts.
inline constexpr uint32_t kFragmentRowsMax = 8192;
inline constexpr uint32_t kPartsMax = 256;
static_assert(kSlotMs / kFragmentRowsMax < kPartsMax, "every millisecond of a slot fits its parts");
// Joined chunks may be as long as so many slots, the first of which is a multiple of it.
inline constexpr uint16_t kSlotsOfUnit = 4;
static_assert(kSlotsOfDay % kSlotsOfUnit == 0);

// A slot of a UTC day; they are in order of time.
struct SlotId {
  int32_t day;    // Since 1970.
  uint16_t slot;  // Of the day, from 0.
  auto operator<=>(const SlotId&) const = default;
};
SlotId SlotOf(int64_t time_ms);
int64_t StartOf(SlotId id);

// What the keys begin with.
inline constexpr char kDataKind = 'd';
inline constexpr char kJoinedKind = 'j';  // The whole key.
inline constexpr char kSummaryKind = 's';

// A key without its kind.
struct Place {
  FamilyId family;
  uint16_t slot;        // Of its first row, or of a slot before it.
  uint64_t generation;  // Of the journal; of what is joined the newest.
  uint8_t part;
};
std::string FamilyPrefix(char kind, FamilyId family);
std::string SlotPrefix(char kind, FamilyId family, uint16_t slot);
std::string FragmentKey(char kind, const Place& place);
// Nothing where the bytes are no place.
std::optional<Place> ParsePlace(std::string_view place);

}  // namespace nines::tsdb
