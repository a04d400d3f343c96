// The bytes of a native histogram: what is read and keeps the rules is written as something that
// reads the same.
#include "base/check.h"
#include "tsdb/histogram.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nines::tsdb;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  NativeHistogram read;
  HistogramParts parts;
  (void)ObservationCount(bytes);
  (void)SplitHistogram(bytes, &parts);
  if (!DecodeHistogram(bytes, &read)) return 0;
  if (Validate(read) != HistogramProblem::kNone) return 0;
  ReduceToMax(&read);
  std::string written;
  EncodeHistogram(read, &written);
  NativeHistogram again;
  CHECK(DecodeHistogram(written, &again));
  CHECK(Same(read, again));
  return 0;
}
