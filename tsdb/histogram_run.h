#pragma once
#include <string>
#include <string_view>

#include "tsdb/histogram.h"
#include "tsdb/packed.h"

// A run of native histograms in a chunk, each written against the one before where nothing but its
// numbers differs: layout in tsdb/FORMAT.md, "data", coding 6.

namespace nines::tsdb {

class HistogramWriter {
 public:
  explicit HistogramWriter(std::string* out) : out_(out) {}

  // Adds one.  REQUIRES: `bytes` are a histogram's, and stay until the next one is there.
  void Put(std::string_view bytes);

 private:
  std::string* const out_;
  HistogramParts previous_;  // No numbers: there is none.
  HistogramParts parts_;
};

// The reverse, of untrusted bytes.
class HistogramReader {
 public:
  explicit HistogramReader(PackedReader* in) : in_(in) {}

  // Puts the bytes of the next one into `bytes`, which has to stay until the one after it was read.
  // False: there are none.
  bool Read(std::string* bytes);

 private:
  PackedReader* const in_;
  HistogramParts previous_;
};

}  // namespace nines::tsdb
