#include "tsdb/place.h"

#include "tsdb/bytes.h"

namespace nines::tsdb {

SlotId SlotOf(int64_t time_ms) {
  int64_t day = time_ms / kDayMs;
  if (time_ms % kDayMs < 0) --day;
  return {static_cast<int32_t>(day), static_cast<uint16_t>((time_ms - day * kDayMs) / kSlotMs)};
}

int64_t StartOf(SlotId id) { return int64_t{id.day} * kDayMs + int64_t{id.slot} * kSlotMs; }

std::string FamilyPrefix(char kind, FamilyId family) {
  std::string key(1, kind);
  PutU32Be(static_cast<uint32_t>(family), &key);
  return key;
}

std::string SlotPrefix(char kind, FamilyId family, uint16_t slot) {
  std::string key = FamilyPrefix(kind, family);
  PutU16Be(slot, &key);
  return key;
}

std::string FragmentKey(char kind, const Place& place) {
  std::string key = SlotPrefix(kind, place.family, place.slot);
  PutU64Be(place.generation, &key);
  key.push_back(static_cast<char>(place.part));
  return key;
}

std::optional<Place> ParsePlace(std::string_view place) {
  ByteReader reader(place);
  Place read{};
  read.family = FamilyId{reader.U32Be()};
  read.slot = reader.U16Be();
  read.generation = reader.U64Be();
  read.part = reader.U8();
  if (!reader.AtEnd() || read.slot >= kSlotsOfDay) return std::nullopt;
  return read;
}

}  // namespace nines::tsdb
