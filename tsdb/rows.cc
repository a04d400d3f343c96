#include "tsdb/rows.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "tsdb/packed.h"

namespace nines::tsdb {
namespace {

// Of native histograms in one fragment.
constexpr size_t kHistogramBytesMax = 8 << 20;

// What PutText() wrote at the front of `bytes`.
std::string_view PackedText(std::string_view bytes) {
  PackedReader in(bytes);
  return in.Bytes(in.Varint());
}

}  // namespace

Rows& Rows::operator=(Rows&& other) noexcept {
  block_ = std::move(other.block_);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  width_ = std::exchange(other.width_, 0);
  histograms_ = std::move(other.histograms_);
  histogram_ordinal_ = std::exchange(other.histogram_ordinal_, kNoOrdinal);
  return *this;
}

std::optional<double> Rows::Cell(uint32_t row, uint32_t ordinal) const {
  if (!IsPresent(row, ordinal)) return std::nullopt;
  return ValueAt(row, ordinal);
}

void Rows::Resize(uint32_t capacity, uint32_t width) {
  CHECK(capacity >= size_);
  CHECK(width >= width_);
  Rows made;
  made.histograms_ = std::move(histograms_);
  made.histogram_ordinal_ = histogram_ordinal_;
  made.block_ = std::make_unique_for_overwrite<std::byte[]>(Bytes(capacity, width));
  made.size_ = size_;
  made.capacity_ = capacity;
  made.width_ = width;
  if (size_ > 0) {
    std::memcpy(made.times(), times(), size_ * sizeof(int64_t));
    for (uint32_t row = 0; row < size_; ++row) {
      std::memcpy(made.cells(row), cells(row), width_ * sizeof(double));
      std::memset(made.bits(row), 0, BitsBytes(width));
      std::memcpy(made.bits(row), bits(row), BitsBytes(width_));
    }
  }
  *this = std::move(made);
}

void Rows::InsertRow(uint32_t row, int64_t time_ms) {
  if (size_ == capacity_) Resize(capacity_ == 0 ? 4 : capacity_ * 2, width_);
  const size_t behind = size_ - row;
  if (behind > 0) {
    std::memmove(times() + row + 1, times() + row, behind * sizeof(int64_t));
    std::memmove(cells(row + 1), cells(row), behind * width_ * sizeof(double));
    std::memmove(bits(row + 1), bits(row), behind * BitsBytes(width_));
  }
  ++size_;
  times()[row] = time_ms;
  std::memset(bits(row), 0, BitsBytes(width_));
}

std::optional<uint32_t> Rows::Place(int64_t time_ms, uint32_t ordinal, uint32_t width) {
  if (ordinal >= width_) Resize(capacity_, std::max(width, ordinal + 1));
  uint32_t row = size_;
  if (size_ > 0 && times()[size_ - 1] >= time_ms) {
    row = times()[size_ - 1] == time_ms ? size_ - 1 : LowerBound(time_ms);
  }
  if (row == size_ || times()[row] != time_ms) {
    InsertRow(row, time_ms);
  } else if (IsPresent(row, ordinal)) {
    return std::nullopt;
  }
  bits(row)[ordinal / 8] = static_cast<uint8_t>(bits(row)[ordinal / 8] | 1u << (ordinal % 8));
  return row;
}

bool Rows::Put(int64_t time_ms, uint32_t ordinal, uint32_t width, double value) {
  CHECK(ordinal != histogram_ordinal_);
  const std::optional<uint32_t> row = Place(time_ms, ordinal, width);
  if (row) cells(*row)[ordinal] = value;
  return row.has_value();
}

bool Rows::PutHistogram(int64_t time_ms, uint32_t ordinal, uint32_t width, std::string_view bytes) {
  if (histogram_ordinal_ == kNoOrdinal) {
    histogram_ordinal_ = ordinal;
    histograms_ = std::make_unique<std::string>();
  }
  CHECK(ordinal == histogram_ordinal_);
  const std::optional<uint32_t> row = Place(time_ms, ordinal, width);
  if (!row) return false;
  if (bytes.empty()) {
    cells(*row)[ordinal] = StaleMarker();
  } else {
    cells(*row)[ordinal] = std::bit_cast<double>(uint64_t{histograms_->size()});
    PutText(bytes, histograms_.get());
  }
  return true;
}

std::string_view Rows::BytesAt(uint32_t row) const {
  const double cell = cells(row)[histogram_ordinal_];
  if (tsdb::IsStale(cell)) return {};
  const auto at = static_cast<size_t>(std::bit_cast<uint64_t>(cell));
  return PackedText(std::string_view(*histograms_).substr(at));
}

double Rows::ValueAt(uint32_t row, uint32_t ordinal) const {
  return ordinal == histogram_ordinal_ ? ObservationCount(BytesAt(row)) : cells(row)[ordinal];
}

void Rows::Add(const Block& block) {
  for (size_t row = 0; row < block.times_ms.size(); ++row) {
    const int64_t time_ms = block.times_ms[row];
    for (const ColumnCells& column : block.columns) {
      if (column.present[row] == 0) continue;
      const uint32_t width = block.columns.back().ordinal + 1;
      if (column.histograms.empty()) {
        Put(time_ms, column.ordinal, width, column.values[row]);
      } else {
        PutHistogram(time_ms, column.ordinal, width, column.histograms[row]);
      }
    }
  }
}

uint32_t Rows::LowerBound(int64_t time_ms) const {
  return static_cast<uint32_t>(std::lower_bound(times(), times() + size_, time_ms) - times());
}

std::optional<double> Rows::Find(int64_t time_ms, uint32_t ordinal) const {
  const uint32_t row = LowerBound(time_ms);
  if (row == size_ || times()[row] != time_ms) return std::nullopt;
  return Cell(row, ordinal);
}

std::optional<std::string_view> Rows::FindHistogram(int64_t time_ms, uint32_t ordinal) const {
  const uint32_t row = LowerBound(time_ms);
  if (row == size_ || times()[row] != time_ms || ordinal != histogram_ordinal_ ||
      !IsPresent(row, ordinal)) {
    return std::nullopt;
  }
  return BytesAt(row);
}

void Rows::Collect(uint32_t ordinal, int64_t from_ms, int64_t to_ms,
                   std::vector<Sample>* out) const {
  if (ordinal >= width_) return;
  for (uint32_t row = LowerBound(from_ms); row < size_ && times()[row] <= to_ms; ++row) {
    if (IsPresent(row, ordinal)) out->push_back({FromUnixMs(times()[row]), ValueAt(row, ordinal)});
  }
}

void Rows::Collect(uint32_t ordinal, int64_t from_ms, int64_t to_ms,
                   std::vector<EncodedHistogram>* out) const {
  if (ordinal != histogram_ordinal_) return;
  for (uint32_t row = LowerBound(from_ms); row < size_ && times()[row] <= to_ms; ++row) {
    if (!IsPresent(row, ordinal)) continue;
    out->push_back({FromUnixMs(times()[row]), std::string(BytesAt(row))});
  }
}

bool Rows::Has(uint32_t ordinal, int64_t from_ms, int64_t to_ms) const {
  if (ordinal >= width_) return false;
  for (uint32_t row = LowerBound(from_ms); row < size_ && times()[row] <= to_ms; ++row) {
    if (IsPresent(row, ordinal)) return true;
  }
  return false;
}

bool Rows::IsStale(uint32_t row) const {
  for (uint32_t ordinal = 0; ordinal < width_; ++ordinal) {
    if (IsPresent(row, ordinal) && !tsdb::IsStale(cells(row)[ordinal])) return false;
  }
  return true;
}

uint32_t Rows::FragmentEnd(uint32_t first, uint32_t rows_max) const {
  const uint32_t end = std::min(size_, first + rows_max);
  if (histogram_ordinal_ == kNoOrdinal) return end;
  size_t bytes = 0;
  for (uint32_t row = first; row < end; ++row) {
    if (!IsPresent(row, histogram_ordinal_)) continue;
    bytes += BytesAt(row).size();
    if (bytes > kHistogramBytesMax && row > first) return row;
  }
  return end;
}

Block Rows::ToBlock(uint32_t first, uint32_t last, uint32_t count_ordinal) const {
  CHECK(first < last);
  CHECK(last <= size_);
  Block block;
  block.times_ms.assign(times() + first, times() + last);
  for (uint32_t ordinal = 0; ordinal < width_; ++ordinal) {
    ColumnCells column{.ordinal = ordinal,
                       .is_count = ordinal == count_ordinal,
                       .values = std::vector<double>(last - first),
                       .present = std::vector<uint8_t>(last - first),
                       .histograms = {}};
    if (ordinal == histogram_ordinal_) column.histograms.resize(last - first);
    bool any = false;
    for (uint32_t row = first; row < last; ++row) {
      if (!IsPresent(row, ordinal)) continue;
      any = true;
      column.values[row - first] = ValueAt(row, ordinal);
      if (ordinal == histogram_ordinal_) column.histograms[row - first] = BytesAt(row);
      column.present[row - first] = 1;
    }
    if (any) block.columns.push_back(std::move(column));
  }
  return block;
}

}  // namespace nines::tsdb
