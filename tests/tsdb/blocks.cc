#include "tests/tsdb/blocks.h"

#include <bit>
#include <cmath>
#include <limits>

#include "tests/tsdb/histograms.h"
#include "tsdb/sample.h"

namespace nines::tsdb {
namespace {

constexpr int64_t kStart = 1'764'355'339'000;

std::vector<int64_t> RandomTimes(size_t rows, Prng* prng) {
  int64_t time_ms = prng->Chance(5) ? std::numeric_limits<int64_t>::min() + 1 : kStart;
  const uint64_t jitter = prng->Chance(50) ? 0 : 1 + prng->Below(100);
  const uint32_t gap_percent = prng->Chance(50) ? 0 : 5;
  std::vector<int64_t> times_ms;
  for (size_t row = 0; row < rows; ++row) {
    times_ms.push_back(time_ms);
    time_ms += 1000 + static_cast<int64_t>(prng->Below(jitter + 1));
    if (prng->Chance(gap_percent)) time_ms += static_cast<int64_t>(prng->Below(1'000'000));
  }
  if (prng->Chance(5)) times_ms.back() = std::numeric_limits<int64_t>::max();
  return times_ms;
}

// A value of the style: counters, gauges, noise, the odd ones.
double NextValue(uint64_t style, double previous, Prng* prng) {
  constexpr double kOdd[] = {0.0, -0.0, 0x1p53, -0x1p53, 0x1p53 + 2, 0x1p63, 1e300, 5e-324, 0.5};
  switch (style) {
    case 0:  // Constant.
      return previous;
    case 1:  // Counter.
      return prng->Chance(3) ? 0 : previous + static_cast<double>(prng->Below(300));
    case 2:  // Sum of a histogram.
      return previous + static_cast<double>(prng->Below(1'000'000)) / 1e4;
    case 3:  // Gauge with few bits.
      return static_cast<double>(prng->Below(64)) * 0.25 - 4;
    case 4:  // Any bits.
      return std::bit_cast<double>(prng->Next());
    case 5:
      return kOdd[prng->Below(std::size(kOdd))];
    default:  // Infinities and NaNs of all kinds.
      return std::bit_cast<double>((prng->Chance(50) ? 0x7ffu : 0xfffu) * (uint64_t{1} << 52) |
                                   prng->Below(3));
  }
}

std::vector<uint8_t> RandomPresence(size_t rows, Prng* prng) {
  const uint64_t style = prng->Below(8);
  const uint64_t from = style == 1 ? prng->Below(rows) : 0;
  const uint64_t to = style == 2 ? prng->Below(rows) : rows;
  const uint32_t percent = style == 3 ? 50 : style == 4 ? 5 : style == 5 ? 0 : 100;
  std::vector<uint8_t> present;
  for (size_t row = 0; row < rows; ++row) {
    present.push_back(row >= from && row < to && prng->Chance(percent) ? 1 : 0);
  }
  return present;
}

// Buckets below `count`, so that coding against it pays.
void FollowCount(const ColumnCells& count, ColumnCells* column, Prng* prng) {
  double behind = 0;
  for (size_t row = 0; row < count.values.size(); ++row) {
    if (prng->Chance(10)) behind += 1;
    column->values[row] = count.values[row] - behind;
  }
  if (prng->Chance(80)) column->present = count.present;
}

// One histogram after the other in place of the values, stale markers among them.
void FillHistograms(ColumnCells* column, Prng* prng) {
  NativeHistogram histogram = RandomHistogram(prng);
  column->histograms.resize(column->values.size());
  for (size_t row = 0; row < column->values.size(); ++row) {
    if (!prng->Chance(5)) column->histograms[row] = Encoded(histogram);
    column->values[row] = ObservationCount(column->histograms[row]);
    histogram = NextHistogram(histogram, prng);
  }
}

}  // namespace

ColumnCells ColumnOf(uint32_t ordinal, const std::vector<double>& values) {
  ColumnCells column{.ordinal = ordinal, .is_count = false, .values = values, .present = {}};
  for (const double value : values) column.present.push_back(value == kMissing ? 0 : 1);
  return column;
}

ColumnCells CountOf(uint32_t ordinal, const std::vector<double>& values) {
  ColumnCells column = ColumnOf(ordinal, values);
  column.is_count = true;
  return column;
}

Block ExampleBlock() {
  return {.times_ms = {1000, 2000, 3000, 4000},
          .columns = {ColumnOf(0, {7, 17, 28, 37}), ColumnOf(1, {0.5, 1.0, 1.5, StaleMarker()}),
                      CountOf(2, {10, 20, 31, 40}), ColumnOf(4, {kMissing, kMissing, 7, 7})}};
}

Block HistogramBlock() {
  const NativeHistogram first = ExampleHistogram();
  NativeHistogram second = first;
  second.count = 7;
  second.sum = 19;
  second.positive.deltas = {2, 0, -1};
  ColumnCells column = ColumnOf(0, {6, 7, StaleMarker()});
  column.histograms = {Encoded(first), Encoded(second), ""};
  return {.times_ms = {1000, 2000, 3000}, .columns = {column}};
}

Block GoldenBlock() {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const double nan = std::bit_cast<double>(0x7ff8dead00000001u);
  const double stale = StaleMarker();
  Block block;
  for (int64_t row = 0; row < 12; ++row) {
    block.times_ms.push_back(kStart + 15'000 * row + (row >= 7 ? 60'000 : 0));
  }
  const double x = kMissing;
  block.columns = {
      ColumnOf(0, std::vector<double>(12, 0.0)),
      ColumnOf(1, std::vector<double>(12, -0.0)),
      ColumnOf(2, {0, 5, 11, 300, 302, 302, 302, 4, 9, 12, 12, stale}),
      CountOf(3, {1000, 1015, 1029, 1330, 1345, 1360, 1377, 16, 31, 47, 63, stale}),
      ColumnOf(4, {990, 1005, 1019, 1320, 1334, 1349, 1366, 15, 30, 46, 62, stale}),
      ColumnOf(7, {0.1, 0.35, 0.85, 21.2, 21.3, 21.3, 21.9, 0.2, 0.5, 0.75, 0.8, stale}),
      ColumnOf(8, {1, 1.5, 1.25, -3, 7.75, 2, 2.5, 0.5, 0.25, 64, 1, 1}),
      ColumnOf(9, {kInf, -kInf, nan, 1e300, -5e-324, 0x1p53, 0x1.0000000000001p54, 1, -2e7, 0.3,
                   -1e-9, 3}),
      ColumnOf(20, {x, x, x, x, x, x, x, x, 3, 4, 5, x}),
      ColumnOf(21, {1, x, 2, x, 3, x, 4, x, 5, x, 7, x}),
      ColumnOf(22, {x, x, x, x, x, x, x, x, x, x, x, stale}),
      ColumnOf(4000, {1, 2, 3, 4, 0.5, 6, 7, 8, 9, 10, 11, 12}),
  };
  return block;
}

Block RandomBlock(Prng* prng) {
  const size_t rows = 1 + prng->Below(prng->Chance(30) ? 3 : 150);
  Block block{.times_ms = RandomTimes(rows, prng), .columns = {}};
  uint32_t ordinal = prng->Chance(5) ? 0xfffff000u : 0;
  const ColumnCells* count = nullptr;
  const uint64_t columns = 1 + prng->Below(12);
  block.columns.reserve(columns);
  for (uint64_t i = 0; i < columns; ++i, ++ordinal) {
    if (prng->Chance(20)) ordinal += static_cast<uint32_t>(prng->Below(200));
    ColumnCells column{.ordinal = ordinal,
                       .is_count = count == nullptr && prng->Chance(30),
                       .values = {},
                       .present = RandomPresence(rows, prng)};
    const uint64_t style = column.is_count ? 1 : prng->Below(7);
    const uint32_t odd_percent = prng->Chance(70) ? 0 : 3;
    double value = prng->Chance(50) ? static_cast<double>(prng->Below(1'000'000)) : 0;
    for (size_t row = 0; row < rows; ++row) {
      value = NextValue(style, value, prng);
      column.values.push_back(prng->Chance(odd_percent) ? NextValue(5, 0, prng) : value);
    }
    if (count != nullptr && prng->Chance(50)) FollowCount(*count, &column, prng);
    if (prng->Chance(20)) column.values.back() = StaleMarker();
    if (!column.is_count && prng->Chance(10)) FillHistograms(&column, prng);
    block.columns.push_back(std::move(column));
    if (block.columns.back().is_count) count = &block.columns.back();
  }
  return block;
}

Block Normal(const Block& block) {
  Block normal{.times_ms = block.times_ms, .columns = {}};
  for (ColumnCells column : block.columns) {
    bool any = false;
    for (size_t row = 0; row < column.values.size(); ++row) {
      if (column.present[row] == 0) column.values[row] = 0;
      if (column.present[row] == 0 && !column.histograms.empty()) column.histograms[row].clear();
      any |= column.present[row] != 0;
    }
    if (any) normal.columns.push_back(std::move(column));
  }
  return normal;
}

bool Same(const Block& a, const Block& b) {
  if (a.times_ms != b.times_ms || a.columns.size() != b.columns.size()) return false;
  for (size_t i = 0; i < a.columns.size(); ++i) {
    const ColumnCells& x = a.columns[i];
    const ColumnCells& y = b.columns[i];
    if (x.ordinal != y.ordinal || x.is_count != y.is_count || x.present != y.present ||
        !std::equal(x.values.begin(), x.values.end(), y.values.begin(), y.values.end(), SameBits) ||
        x.histograms != y.histograms) {
      return false;
    }
  }
  return true;
}

std::string Mutated(std::string bytes, Prng* prng) {
  for (uint64_t n = 1 + prng->Below(4); n > 0 && !bytes.empty(); --n) {
    const size_t at = prng->Below(bytes.size());
    switch (prng->Below(5)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.insert(at, 1, static_cast<char>(prng->Next()));
        break;
      case 2:
        bytes.erase(at, 1);
        break;
      case 3:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << prng->Below(8)));
        break;
      default:
        bytes[at] = static_cast<char>(prng->Next());
    }
  }
  return bytes;
}

}  // namespace nines::tsdb
