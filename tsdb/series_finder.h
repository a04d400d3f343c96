#pragma once
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tsdb/state.h"

namespace nines::tsdb {

// Which series there are, and their labels: from the index, and from memory and disk only as much
// as tells that a family had rows about then.  Store has the contracts.  Safe for concurrent use.
class SeriesFinder {
 public:
  explicit SeriesFinder(State* state) : state_(state) {}

  Result<std::vector<std::string>> LabelNames(const SeriesQuery& query) const;
  Result<std::vector<std::string>> LabelValues(std::string_view name,
                                               const SeriesQuery& query) const;
  Result<std::vector<Labels>> Series(const SeriesQuery& query) const;
  std::vector<SeriesExemplars> FindExemplars(const SeriesQuery& query) const;

 private:
  // The columns of one family that were asked for, and whether it is known to have rows then.
  struct Candidate {
    FamilyId family;
    std::span<const ColumnId> columns;
    bool is_present;
  };
  class Candidates;
  using Texts = std::set<std::string, std::less<>>;

  // What the candidates give that have rows.  `collect` adds what one gives to a set; whether it
  // has rows is looked up on disk only where that is something new.
  template <class Collect>
  Result<std::vector<std::string>> Gather(const SeriesQuery& query, Collect collect) const;
  // In order of id.  REQUIRES: index_lock is held.
  std::vector<ColumnId> Select(const SeriesQuery& query) const;

  State* state_;
};

}  // namespace nines::tsdb
