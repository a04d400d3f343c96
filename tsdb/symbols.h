#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace nines::tsdb {

// Every text of the index once: label names and values, base names, spellings of bounds.  Numbers
// are dense from 0 and stay for the life of the table.  Not synchronised; const calls are safe for
// concurrent use with one another.
class Symbols {
 public:
  using Id = uint32_t;

  // `seed` keys the hash, so that no sender can choose texts that collide.
  explicit Symbols(uint64_t seed) : seed_(seed) {}

  Id Intern(std::string_view text);
  std::optional<Id> Find(std::string_view text) const;
  // Valid for the life of the table.
  std::string_view Text(Id id) const { return {texts_[id].data, texts_[id].size}; }
  size_t size() const { return texts_.size(); }

 private:
  struct TextRef {
    const char* data;
    uint32_t size;
  };

  size_t SlotOf(std::string_view text) const;
  const char* Keep(std::string_view text);
  void Grow();

  uint64_t seed_;
  std::vector<TextRef> texts_;
  std::vector<Id> slots_;  // Open addressing; kFree where nothing is.
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace nines::tsdb
