#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nines::tsdb {

// The column families of small records that become durable in one batch with the journal's entries.
enum class Table : uint8_t { kSeries, kStarts, kExemplars, kMetadata };
inline constexpr size_t kTables = 4;

// One record that is to be written, or to be deleted.
struct Change {
  Table table;
  std::string key;
  std::optional<std::string> value;  // nullopt deletes.
};

// Puts changes whose write failed before those of `pending`, which came later, and keeps the last
// one of each record: what waits for a sick disk has as many entries as there are records, however
// often a write fails.
void PutBack(std::vector<Change> failed, std::vector<Change>* pending);

}  // namespace nines::tsdb
