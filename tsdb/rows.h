#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tsdb/chunk.h"
#include "tsdb/sample.h"

namespace nines::tsdb {

// No ordinal.
inline constexpr uint32_t kNoOrdinal = std::numeric_limits<uint32_t>::max();

// The rows of one family in memory, in order of time, a cell for each column.  One block of memory,
// and one of bytes where there are native histograms: a million of these must be cheap when empty
// and tight when full.  A native histogram reads as its count of observations where a number is
// asked for.  Not synchronised; const calls are safe for concurrent use with one another.
class Rows {
 public:
  Rows() = default;
  Rows(Rows&& other) noexcept { *this = std::move(other); }
  Rows& operator=(Rows&& other) noexcept;

  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Of the memory taken.
  size_t bytes() const {
    return Bytes(capacity_, width_) + (histograms_ == nullptr ? 0 : histograms_->capacity());
  }

  // REQUIRES: row < size(), ordinal < kFamilyColumnsMax.
  int64_t time(uint32_t row) const { return times()[row]; }
  std::optional<double> Cell(uint32_t row, uint32_t ordinal) const;

  // Stores a cell; false where one is stored already, which then stays.  A row is made `width`
  // cells wide at least: how many columns the family has now.
  bool Put(int64_t time_ms, uint32_t ordinal, uint32_t width, double value);
  // Likewise the bytes of a native histogram (histogram.h).  REQUIRES: of one ordinal only, and
  // Put() never stores a cell there.
  bool PutHistogram(int64_t time_ms, uint32_t ordinal, uint32_t width, std::string_view bytes);

  // Puts every cell of a block.
  void Add(const Block& block);

  // The cell at exactly that time.
  std::optional<double> Find(int64_t time_ms, uint32_t ordinal) const;
  std::optional<std::string_view> FindHistogram(int64_t time_ms, uint32_t ordinal) const;
  // The first row at or after `time_ms`; size() where there is none.
  uint32_t LowerBound(int64_t time_ms) const;

  // Adds the samples of a column in [from_ms, to_ms] to `out`.
  void Collect(uint32_t ordinal, int64_t from_ms, int64_t to_ms, std::vector<Sample>* out) const;
  void Collect(uint32_t ordinal, int64_t from_ms, int64_t to_ms,
               std::vector<EncodedHistogram>* out) const;
  // Whether there is any.
  bool Has(uint32_t ordinal, int64_t from_ms, int64_t to_ms) const;

  // Whether every cell of the row is a stale marker.
  bool IsStale(uint32_t row) const;

  // The end of the rows from `first` on that go into one fragment: at most `rows_max`, and not many
  // bytes of native histograms.
  uint32_t FragmentEnd(uint32_t first, uint32_t rows_max) const;

  // Rows [first, last) as the codec takes them: columns without a cell are left out.
  Block ToBlock(uint32_t first, uint32_t last, uint32_t count_ordinal) const;

 private:
  static size_t BitsBytes(uint32_t width) { return (width + 7) / 8; }
  static size_t Bytes(uint32_t capacity, uint32_t width) {
    return capacity * (sizeof(int64_t) + width * sizeof(double) + BitsBytes(width));
  }
  const int64_t* times() const { return reinterpret_cast<const int64_t*>(block_.get()); }
  int64_t* times() { return reinterpret_cast<int64_t*>(block_.get()); }
  const double* cells(uint32_t row) const {
    return reinterpret_cast<const double*>(block_.get() + capacity_ * sizeof(int64_t)) +
           size_t{row} * width_;
  }
  double* cells(uint32_t row) { return const_cast<double*>(std::as_const(*this).cells(row)); }
  const uint8_t* bits(uint32_t row) const {
    return reinterpret_cast<const uint8_t*>(
               block_.get() + capacity_ * (sizeof(int64_t) + width_ * sizeof(double))) +
           row * BitsBytes(width_);
  }
  uint8_t* bits(uint32_t row) { return const_cast<uint8_t*>(std::as_const(*this).bits(row)); }
  bool IsPresent(uint32_t row, uint32_t ordinal) const {
    return ordinal < width_ && (bits(row)[ordinal / 8] >> (ordinal % 8) & 1) != 0;
  }

  void Resize(uint32_t capacity, uint32_t width);
  void InsertRow(uint32_t row, int64_t time_ms);
  // Makes the row and the width, and sets the bit; the row, or nothing where the bit is set.
  std::optional<uint32_t> Place(int64_t time_ms, uint32_t ordinal, uint32_t width);
  double ValueAt(uint32_t row, uint32_t ordinal) const;
  // REQUIRES: the cell is present and of the histograms' ordinal.
  std::string_view BytesAt(uint32_t row) const;

  // times, then cells by row, then bits by row: which cells are there.  The cell of a native
  // histogram is a stale marker or, as an integer's bits, where its size and bytes stand.
  std::unique_ptr<std::byte[]> block_;
  std::unique_ptr<std::string> histograms_;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
  uint32_t width_ = 0;
  uint32_t histogram_ordinal_ = kNoOrdinal;
};

}  // namespace nines::tsdb
