#pragma once
#include <string>

#include "base/prng.h"
#include "tsdb/histogram.h"

// Native histograms for tests.

namespace nines::tsdb {

// That of tsdb/FORMAT.md.
NativeHistogram ExampleHistogram();

// Valid, of any kind, schema at most kSchemaMax; never a stale marker.
NativeHistogram RandomHistogram(Prng* prng);

// What a sender may send next: most often more observations in the same buckets.
NativeHistogram NextHistogram(const NativeHistogram& previous, Prng* prng);

NativeHistogram StaleHistogram();

std::string Encoded(const NativeHistogram& histogram);

// For messages: "int schema 3 hint 0 …".
std::string Text(const NativeHistogram& histogram);

}  // namespace nines::tsdb
