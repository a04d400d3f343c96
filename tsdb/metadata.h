#pragma once
#include <cstdint>
#include <map>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tsdb/change.h"
#include "tsdb/store.h"

namespace nines::tsdb {

// Type, help and unit of metrics by name, in memory and as records of the column family `metadata`
// (tsdb/FORMAT.md).  The last word on a name wins, and is written only where it says something new.
// Safe for concurrent use.
class MetadataTable {
 public:
  // `max` is the most names; a new one beyond it is refused.
  explicit MetadataTable(uint32_t max) : max_(max) {}

  // Puts back a record.  kCorrupt: it is none.  Those beyond `max` are left out, and Trim() says
  // so.
  Result<void> Load(std::string_view key, std::string_view value);
  // After the last Load(): deletes what was left out.
  void Trim(std::vector<Change>* changes);

  // Whether exactly that is kept.  Takes no memory.
  bool Knows(const MetadataOf& metadata) const;

  // Keeps all that there is room for, tells in `report` and adds what must be written to `changes`.
  void Add(std::span<const MetadataOf> metadata, AppendReport* report,
           std::vector<Change>* changes);

  // In order of names; that of `name` alone where it is not empty.
  std::vector<MetricMetadata> Find(std::string_view name) const;

  uint64_t size() const;

 private:
  struct Entry {
    MetricType type;
    std::string help;
    std::string unit;
  };
  static bool Says(const Entry& entry, const MetadataOf& metadata);

  const uint32_t max_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;  // Guarded by mutex_.
  std::vector<std::string> left_out_;                  // Keys that Load() passed over.
};

// The value of a record, whose key is the name; layout in tsdb/FORMAT.md.
std::string EncodeMetadata(const MetadataOf& metadata);

}  // namespace nines::tsdb
