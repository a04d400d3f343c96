#include "tsdb/symbols.h"

#include <xxhash.h>

#include <cstring>

#include "base/check.h"

namespace nines::tsdb {
namespace {

constexpr Symbols::Id kFree = 0xffffffffu;
constexpr size_t kBlockBytes = 32 << 10;

}  // namespace

size_t Symbols::SlotOf(std::string_view text) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = XXH3_64bits_withSeed(text.data(), text.size(), seed_) & mask;
  while (slots_[slot] != kFree && Text(slots_[slot]) != text) slot = (slot + 1) & mask;
  return slot;
}

std::optional<Symbols::Id> Symbols::Find(std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const Id id = slots_[SlotOf(text)];
  if (id == kFree) return std::nullopt;
  return id;
}

Symbols::Id Symbols::Intern(std::string_view text) {
  if (texts_.size() * 4 >= slots_.size() * 3) Grow();
  const size_t slot = SlotOf(text);
  if (slots_[slot] != kFree) return slots_[slot];
  CHECK(texts_.size() < kFree);
  CHECK(text.size() <= 0xffffffffu);
  const Id id = static_cast<Id>(texts_.size());
  texts_.push_back({Keep(text), static_cast<uint32_t>(text.size())});
  slots_[slot] = id;
  return id;
}

const char* Symbols::Keep(std::string_view text) {
  if (text.size() > left_) {
    // A long text gets a block of its own and leaves the open one as it is.
    if (text.size() > kBlockBytes / 8) {
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(text.size()));
      std::memcpy(blocks_.back().get(), text.data(), text.size());
      return blocks_.back().get();
    }
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
    next_ = blocks_.back().get();
    left_ = kBlockBytes;
  }
  char* kept = next_;
  if (!text.empty()) std::memcpy(kept, text.data(), text.size());
  next_ += text.size();
  left_ -= text.size();
  return kept;
}

void Symbols::Grow() {
  slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, kFree);
  for (Id id = 0; id < texts_.size(); ++id) slots_[SlotOf(Text(id))] = id;
}

}  // namespace nines::tsdb
