#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tsdb/store.h"

// One entry of the journal: the samples and native histograms of one commit.  Pure functions;
// layout in tsdb/FORMAT.md.

namespace nines::tsdb {

// Adds the entry of `writes` to `out`.
void EncodeJournalEntry(const Writes& writes, std::string* out);

// What an entry holds.  The bytes of histograms are views into it.
struct JournalEntry {
  std::vector<Append> samples;
  std::vector<AppendHistogram> histograms;

  Writes writes() const { return {.samples = samples, .histograms = histograms}; }
};

// Puts an entry into `out`, which keeps its memory.  kCorrupt: it ends early, has bytes left, has
// bytes that are no histogram, or its version is not known; `out` is then empty.
Result<void> DecodeJournalEntry(std::string_view entry, JournalEntry* out);

}  // namespace nines::tsdb
