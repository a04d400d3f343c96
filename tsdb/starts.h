#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tsdb/change.h"
#include "tsdb/family.h"
#include "tsdb/store.h"

namespace nines::tsdb {

// The value of a record in the column family `starts`; layout in tsdb/FORMAT.md.
// REQUIRES: as Store::Starts() gives them.
std::string EncodeStarts(const std::vector<StartTime>& starts);
// kCorrupt: the bytes are no such record.
Result<std::vector<StartTime>> DecodeStarts(std::string_view bytes);
std::string StartsKey(ColumnId column);

// Adds that a sample at `time` began to count at `start`.  Whether that says anything new.
bool AddStart(Time start, Time time, std::vector<StartTime>* starts);

// Takes note of the start timestamps that come with samples, and writes of each column the newest
// kStartsMax.  What is the newest start of a column is asked for once, and then known.  Not
// synchronised: the leader's.
class StartKeeper {
 public:
  // The record of a column, empty where there is none.
  using Find = std::function<Result<std::string>(const std::string& key)>;
  explicit StartKeeper(Find find) : find_(std::move(find)) {}

  // A sample that is being stored; one whose start says nothing (0, or not before its time) is left
  // out.  An error: nothing was noted.
  Result<void> Take(ColumnId column, int64_t time_ms, int64_t start_ms);

  // Adds what is to be written; the same again until it Settle()d.
  void AddChanges(std::vector<Change>* changes) const;
  // What AddChanges() gave is durable.
  void Settle() { unsettled_.clear(); }

 private:
  // The newest start of a column, and its first sample.
  struct Known {
    int64_t start_ms = 0;
    int64_t first_ms = 0;
  };

  Find find_;
  std::vector<Known> known_;  // By column; as long as starts came.
  std::map<ColumnId, std::vector<StartTime>> unsettled_;
};

}  // namespace nines::tsdb
