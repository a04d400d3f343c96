// A journal entry: what is read is written as something that reads the same.
#include <bit>
#include <vector>

#include "base/check.h"
#include "tsdb/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nines::tsdb;
  std::vector<Append> read;
  if (!DecodeJournalEntry({reinterpret_cast<const char*>(data), size}, &read)) return 0;
  std::string bytes;
  EncodeJournalEntry(read, &bytes);
  std::vector<Append> again;
  CHECK(DecodeJournalEntry(bytes, &again));
  CHECK(again.size() == read.size());
  for (size_t i = 0; i < read.size(); ++i) {
    CHECK(again[i].column == read[i].column && again[i].time_ms == read[i].time_ms);
    CHECK(std::bit_cast<uint64_t>(again[i].value) == std::bit_cast<uint64_t>(read[i].value));
  }
  return 0;
}
