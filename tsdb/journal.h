#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tsdb/store.h"

// One entry of the journal: the samples of one commit.  Pure functions; layout in tsdb/FORMAT.md.

namespace nines::tsdb {

// Adds the entry of `samples` to `out`.
void EncodeJournalEntry(std::span<const Append> samples, std::string* out);

// Adds the samples of an entry to `out`.  kCorrupt: it ends early, has bytes left, or its version
// is not known; `out` is then unchanged.
Result<void> DecodeJournalEntry(std::string_view entry, std::vector<Append>* out);

}  // namespace nines::tsdb
