// A journal entry: what is read is written as something that reads the same.
#include <bit>

#include "base/check.h"
#include "tsdb/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nines::tsdb;
  JournalEntry read;
  if (!DecodeJournalEntry({reinterpret_cast<const char*>(data), size}, &read)) return 0;
  std::string bytes;
  EncodeJournalEntry(read.writes(), &bytes);
  JournalEntry again;
  CHECK(DecodeJournalEntry(bytes, &again));
  CHECK(again.samples.size() == read.samples.size());
  for (size_t i = 0; i < read.samples.size(); ++i) {
    const Append& a = again.samples[i];
    const Append& b = read.samples[i];
    CHECK(a.column == b.column && a.time_ms == b.time_ms);
    CHECK(std::bit_cast<uint64_t>(a.value) == std::bit_cast<uint64_t>(b.value));
  }
  CHECK(again.histograms.size() == read.histograms.size());
  for (size_t i = 0; i < read.histograms.size(); ++i) {
    const AppendHistogram& a = again.histograms[i];
    const AppendHistogram& b = read.histograms[i];
    CHECK(a.column == b.column && a.time_ms == b.time_ms && a.bytes == b.bytes);
  }
  return 0;
}
