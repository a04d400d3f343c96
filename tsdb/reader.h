#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "tsdb/state.h"

namespace nines::tsdb {

// The reading half of Store, which has the contracts.  Each call looks at head and partitions once,
// under the head lock, and reads disk without it.  Safe for concurrent use.
class Reader {
 public:
  explicit Reader(State* state) : state_(state) {}

  Result<std::vector<Series>> Select(const Matchers& matchers, Time from, Time to) const;
  Result<std::vector<std::vector<Sample>>> Read(std::span<const ColumnId> columns, Time from,
                                                Time to) const;
  Result<std::vector<std::vector<HistogramSample>>> ReadHistograms(
      std::span<const ColumnId> columns, Time from, Time to) const;
  Result<std::vector<FamilyView>> Families(std::string_view base, const Matchers& matchers) const;
  Result<std::vector<Window>> Windows(std::span<const WindowQuery> queries) const;

 private:
  // Places of columns, and the order that brings columns of one family together.
  struct Plan {
    std::vector<Index::Place> places;
    std::vector<size_t> order;
  };
  template <class ColumnOf>
  Plan MakePlan(size_t n, ColumnOf column_of) const;
  // The samples of each column in [from, to]: T is Sample, or EncodedHistogram.
  template <class T>
  Result<std::vector<std::vector<T>>> Gather(std::span<const ColumnId> columns, Time from,
                                             Time to) const;
  Result<void> LoadTails(const std::vector<FamilyId>& families) const;

  State* state_;
};

}  // namespace nines::tsdb
