#pragma once
#include <string>
#include <vector>

#include "base/prng.h"
#include "tsdb/chunk.h"

// Blocks for the tests of the codec.

namespace nines::tsdb {

inline constexpr double kMissing = -777;  // In ColumnOf(): no cell in this row.

ColumnCells ColumnOf(uint32_t ordinal, const std::vector<double>& values);
ColumnCells CountOf(uint32_t ordinal, const std::vector<double>& values);

// The block of the examples in tsdb/FORMAT.md.
Block ExampleBlock();

// That of the example with native histograms.
Block HistogramBlock();

// Every coding, presence form and exception; the block of tests/golden/tsdb/v1.md.
Block GoldenBlock();

// Times and columns of many kinds.
Block RandomBlock(Prng* prng);

// What Decode() gives for `block`: missing cells are 0, columns without a cell are gone.
Block Normal(const Block& block);

// Bit by bit.
bool Same(const Block& a, const Block& b);

// One random change of a few bytes.
std::string Mutated(std::string bytes, Prng* prng);

}  // namespace nines::tsdb
