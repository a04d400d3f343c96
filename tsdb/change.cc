#include "tsdb/change.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace nines::tsdb {

void PutBack(std::vector<Change> failed, std::vector<Change>* pending) {
  failed.insert(failed.end(), std::make_move_iterator(pending->begin()),
                std::make_move_iterator(pending->end()));
  const auto record = [](const Change& change) { return std::tie(change.table, change.key); };
  // From behind, so that of equal ones the last stands first.
  std::ranges::reverse(failed);
  std::ranges::stable_sort(failed, {}, record);
  const auto repeated = std::ranges::unique(failed, {}, record);
  failed.erase(repeated.begin(), repeated.end());
  *pending = std::move(failed);
}

}  // namespace nines::tsdb
