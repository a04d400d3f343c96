// The data and the summary of a fragment: one column alone reads as it does with all the others.
#include <algorithm>
#include <bit>
#include <vector>

#include "base/check.h"
#include "tsdb/chunk.h"

namespace {

using namespace nines::tsdb;

void CheckColumn(std::string_view bytes, const Block& block, const ColumnCells& column) {
  const auto alone = DecodeColumn(bytes, column.ordinal);
  CHECK(alone);
  size_t n = 0;
  for (size_t row = 0; row < block.times_ms.size(); ++row) {
    if (column.present[row] == 0) continue;
    CHECK(n < alone->size() && nines::ToUnixMs((*alone)[n].at) == block.times_ms[row]);
    CHECK(std::bit_cast<uint64_t>((*alone)[n].value) ==
          std::bit_cast<uint64_t>(column.values[row]));
    ++n;
  }
  CHECK(n == alone->size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto summary = DecodeSummary(bytes);
  if (summary) {
    CHECK(std::ranges::is_sorted(summary->columns, {}, &Summary::Of::ordinal));
  }
  const auto block = Decode(bytes);
  if (!block) return 0;
  CHECK(std::ranges::is_sorted(block->times_ms));
  for (const ColumnCells& column : block->columns) CheckColumn(bytes, *block, column);
  return 0;
}
