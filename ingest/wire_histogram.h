#pragma once
#include <cstdint>
#include <string_view>

#include "ingest/wire_reader.h"
#include "tsdb/histogram.h"

namespace nines::ingest {

// One Histogram message, which both protocols have alike.
struct HistogramMessage {
  tsdb::NativeHistogram value;
  int64_t time_ms = 0;
  int64_t start_ms = 0;  // 2.0's field 17; 0 is none.
  // Numbers of the other kind than the count's: bucket counts of a float histogram as deltas, say.
  bool is_mixed = false;

  // Keeps the memory.
  void Clear();
};

// Reads the fields of a message into `out` (cleared first): packed and unpacked numbers, of a
// oneof the member that came last, enumerators that are not known as 0.  False: no such message;
// `at` says where.  `depth` is how many messages enclose it, the outermost not counted.
bool ReadHistogramMessage(std::string_view message, size_t depth, HistogramMessage* out,
                          const char** at);

}  // namespace nines::ingest
