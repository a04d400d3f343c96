#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tsdb/histogram.h"
#include "tsdb/window.h"

// The codec of fragments and chunks: rows of one family in one slot of one partition.  A fragment
// is what a checkpoint appends; a chunk is what joining fragments makes; both have the same bytes.
// Pure functions; layout in tsdb/FORMAT.md.

namespace nines::tsdb {

// Rows of a block: more rows of one slot are several blocks.
inline constexpr size_t kRowsMax = size_t{1} << 14;
// Rows times columns of a block, cells that are missing too: what one Decode() may take memory for.
// A family of 1024 columns may have kRowsMax rows.
inline constexpr size_t kCellsMax = size_t{1} << 24;

// The cells of one column, parallel to the times of its block.
struct ColumnCells {
  uint32_t ordinal = 0;          // The column's place in its family, as it was created.
  bool is_count = false;         // The family's _count: other columns may be coded against it.
  std::vector<double> values;    // One a row; where the cell is missing the value means nothing.
  std::vector<uint8_t> present;  // One a row: 1 or 0.
  // Of a column of native histograms: their bytes (histogram.h), one a row, and the values are
  // their counts of observations.  Else empty.
  std::vector<std::string> histograms = {};
};

// Rows of one family.
struct Block {
  std::vector<int64_t> times_ms;     // Ascending, unique.
  std::vector<ColumnCells> columns;  // Ascending ordinals.
};

struct EncodedBlock {
  std::string data;
  std::string summary;  // First and last time, and the Window of each column.
};

// Columns without a cell are left out.
// REQUIRES: at least one row, at most kRowsMax; at least one column; at most kCellsMax; times and
// ordinals ascend; sizes agree; at most one column is the count; histograms have bytes.
EncodedBlock Encode(const Block& block);

// The samples of one column, decoding at most the count column beside it; empty where the block has
// no such column.  A native histogram is its count of observations here.  kCorrupt: the bytes are
// no block.
Result<std::vector<Sample>> DecodeColumn(std::string_view data, uint32_t ordinal);

// Likewise of a column of native histograms, with their bytes.
Result<std::vector<EncodedHistogram>> DecodeHistograms(std::string_view data, uint32_t ordinal);

// All of it.  Where a cell is missing its value is 0.  kCorrupt as above.
Result<Block> Decode(std::string_view data);

struct Summary {
  struct Of {
    uint32_t ordinal;
    Window window;  // Without stale markers; count may be 0.
    Sample newest;  // The last cell, a stale marker too.
  };
  int64_t first_ms = 0;  // Of any row.
  int64_t last_ms = 0;
  std::vector<Of> columns;
};
// kCorrupt: the bytes are no summary.
Result<Summary> DecodeSummary(std::string_view summary);

}  // namespace nines::tsdb
