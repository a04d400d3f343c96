#include "tsdb/chunk.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <optional>

#include "base/check.h"
#include "tsdb/histogram_run.h"
#include "tsdb/packed.h"
#include "tsdb/steps.h"
#include "tsdb/summary.h"

namespace nines::tsdb {
namespace {

constexpr uint8_t kVersion = 1;

// How the values of a column are written: the low bits of its first byte.
enum class Coding : uint8_t {
  kConstantInteger = 0,
  kConstantBits = 1,
  kIntegers = 2,
  kAgainstCount = 3,
  kBits = 4,
  kRaw = 5,
  kHistograms = 6,
};
constexpr uint8_t kCodingBits = 7;

// How the rows that have a cell are written: two bits of it.
constexpr uint8_t kEveryRow = 0;
constexpr uint8_t kRuns = 1 << 3;
constexpr uint8_t kBitmap = 2 << 3;
constexpr uint8_t kPresenceBits = 3 << 3;

constexpr uint8_t kExceptions = 1 << 5;  // Some cells are written apart.
constexpr uint8_t kHeadBits = kCodingBits | kPresenceBits | kExceptions;

constexpr size_t kEntryMin = 2;  // Bytes of a column in the directory.

bool IsCoding(uint8_t head, Coding coding) {
  return (head & kCodingBits) == static_cast<uint8_t>(coding);
}

// ---- Writing.

enum class Kind : uint8_t { kMissing, kInteger, kFloat, kStale };

// The cells of one column, sorted by how they can be written.
struct SortedCells {
  std::vector<Kind> kinds;        // One a row.
  std::vector<int64_t> integers;  // One a row; means something where the kind is kInteger.
  size_t present = 0;
  size_t floats = 0;
  size_t stale = 0;

  void Sort(const ColumnCells& column) {
    const size_t rows = column.values.size();
    kinds.assign(rows, Kind::kMissing);
    integers.resize(rows);
    present = floats = stale = 0;
    for (size_t row = 0; row < rows; ++row) {
      if (column.present[row] == 0) continue;
      ++present;
      if (AsInteger(column.values[row], &integers[row])) {
        kinds[row] = Kind::kInteger;
      } else if (IsStale(column.values[row])) {
        kinds[row] = Kind::kStale;
        ++stale;
      } else {
        kinds[row] = Kind::kFloat;
        ++floats;
      }
    }
  }
};

// One way to write the cells of a column.
struct Candidate {
  Coding coding = Coding::kRaw;
  Kind exceptions_from = Kind::kStale;  // Cells of this kind and those after it are exceptions.
  size_t exceptions = 0;
  uint64_t first = 0;
  unsigned shift = 0;
  std::vector<int64_t> steps;
  StepsPlan plan;
  size_t bytes = 0;
};

class ColumnWriter {
 public:
  // `count`: the column that others may be written against; null if there is none.
  ColumnWriter(size_t rows, const ColumnCells* count) : rows_(rows), has_count_(count != nullptr) {
    if (has_count_) count_.Sort(*count);
  }

  // Adds the bytes of `column` to `out`; none if it has no cell.
  void Put(const ColumnCells& column, std::string* out) {
    column_ = &column;
    cells_.Sort(column);
    if (cells_.present == 0) return;
    if (!column.histograms.empty()) {
      best_.coding = Coding::kHistograms;
      best_.exceptions_from = Kind::kStale;
      best_.exceptions = cells_.stale;
    } else {
      ChooseCoding();
    }
    PutCells(out);
  }

 private:
  void ChooseCoding() {
    TryRaw();
    TryIntegers();
    if (cells_.floats > 0) TryBits();
    if (!column_->is_count) TryAgainstCount();
  }

  void PutCells(std::string* out) {
    const size_t head = out->size();
    PutByte(static_cast<uint8_t>(best_.coding), out);
    uint8_t flags = PutPresence(out);
    if (best_.exceptions > 0) {
      flags |= kExceptions;
      PutExceptions(out);
    }
    (*out)[head] = static_cast<char>((*out)[head] | flags);
    PutValues(out);
  }

  bool IsException(size_t row, const Candidate& candidate) const {
    return cells_.kinds[row] >= candidate.exceptions_from;
  }
  bool IsCoded(size_t row, const Candidate& candidate) const {
    return cells_.kinds[row] != Kind::kMissing && !IsException(row, candidate);
  }

  // `value(row)` of every coded row, as a first number and steps.
  template <class Value>
  void Collect(Value value) {
    trial_.steps.clear();
    trial_.steps.reserve(rows_);
    bool started = false;
    uint64_t previous = 0;
    for (size_t row = 0; row < rows_; ++row) {
      if (!IsCoded(row, trial_)) continue;
      const uint64_t number = value(row);
      if (started) {
        trial_.steps.push_back(static_cast<int64_t>(number - previous));
      } else {
        trial_.first = number;
        started = true;
      }
      previous = number;
    }
  }

  size_t ExceptionBytes() const {
    if (trial_.exceptions == 0) return 0;
    size_t bytes = VarintSize(trial_.exceptions);
    size_t from = 0;
    for (size_t row = 0; row < rows_; ++row) {
      if (!IsException(row, trial_)) continue;
      bytes += VarintSize((row - from) << 1);
      if (cells_.kinds[row] != Kind::kStale) bytes += sizeof(uint64_t);
      from = row + 1;
    }
    return bytes;
  }

  void KeepIfSmaller(size_t value_bytes) {
    trial_.bytes = value_bytes + ExceptionBytes();
    if (trial_.bytes < best_.bytes) std::swap(trial_, best_);
  }

  void TryRaw() {
    best_.coding = Coding::kRaw;
    best_.exceptions_from = static_cast<Kind>(static_cast<uint8_t>(Kind::kStale) + 1);
    best_.exceptions = 0;
    best_.bytes = cells_.present * sizeof(uint64_t);
  }

  // Integers, all else as exceptions: if there is anything to win.
  bool PrepareIntegers() {
    if (cells_.floats * 9 >= cells_.present * 8) return false;
    trial_.exceptions_from = Kind::kFloat;
    trial_.exceptions = cells_.floats + cells_.stale;
    return true;
  }

  void TryIntegers() {
    if (!PrepareIntegers()) return;
    if (trial_.exceptions == cells_.present) {
      trial_.coding = Coding::kConstantInteger;
      trial_.steps.clear();
      KeepIfSmaller(0);
      return;
    }
    Collect([this](size_t row) { return static_cast<uint64_t>(cells_.integers[row]); });
    trial_.plan = PlanSteps(trial_.steps);
    const size_t first_bytes = VarintSize(ZigZag(static_cast<int64_t>(trial_.first)));
    if (trial_.plan.IsFlat()) {
      trial_.coding = Coding::kConstantInteger;
      KeepIfSmaller(first_bytes);
    } else {
      trial_.coding = Coding::kIntegers;
      KeepIfSmaller(first_bytes + trial_.plan.bytes);
    }
  }

  void TryAgainstCount() {
    if (!has_count_ || best_.coding == Coding::kConstantInteger || !PrepareIntegers()) return;
    if (trial_.exceptions == cells_.present) return;
    for (size_t row = 0; row < rows_; ++row) {
      if (IsCoded(row, trial_) && count_.kinds[row] != Kind::kInteger) return;
    }
    Collect([this](size_t row) {
      return static_cast<uint64_t>(count_.integers[row] - cells_.integers[row]);
    });
    trial_.plan = PlanSteps(trial_.steps);
    trial_.coding = Coding::kAgainstCount;
    KeepIfSmaller(VarintSize(ZigZag(static_cast<int64_t>(trial_.first))) + trial_.plan.bytes);
  }

  void TryBits() {
    trial_.exceptions_from = Kind::kStale;
    trial_.exceptions = cells_.stale;
    Collect([this](size_t row) { return std::bit_cast<uint64_t>(column_->values[row]); });
    uint64_t any = 0;
    for (const int64_t step : trial_.steps) any |= static_cast<uint64_t>(step);
    trial_.shift = any == 0 ? 0 : static_cast<unsigned>(std::countr_zero(any));
    for (int64_t& step : trial_.steps) step >>= trial_.shift;
    trial_.plan = PlanSteps(trial_.steps);
    if (trial_.plan.IsFlat()) {
      trial_.coding = Coding::kConstantBits;
      KeepIfSmaller(sizeof(uint64_t));
    } else {
      trial_.coding = Coding::kBits;
      KeepIfSmaller(sizeof(uint64_t) + 1 + trial_.plan.bytes);
    }
  }

  // The rows that have a cell; returns the form chosen.
  uint8_t PutPresence(std::string* out) {
    if (cells_.present == rows_) return kEveryRow;
    const size_t start = out->size();
    const size_t bitmap_bytes = (rows_ + 7) / 8;
    bool present = false;
    size_t run = 0;
    for (size_t row = 0; row < rows_ && out->size() - start <= bitmap_bytes; ++row) {
      if ((cells_.kinds[row] != Kind::kMissing) != present) {
        PutVarint(run, out);
        present = !present;
        run = 0;
      }
      ++run;
    }
    PutVarint(run, out);
    if (out->size() - start <= bitmap_bytes) return kRuns;

    out->resize(start);
    out->resize(start + bitmap_bytes);
    for (size_t row = 0; row < rows_; ++row) {
      if (cells_.kinds[row] == Kind::kMissing) continue;
      char& byte = (*out)[start + row / 8];
      byte = static_cast<char>(byte | (1 << (row % 8)));
    }
    return kBitmap;
  }

  void PutExceptions(std::string* out) {
    PutVarint(best_.exceptions, out);
    size_t from = 0;
    for (size_t row = 0; row < rows_; ++row) {
      if (!IsException(row, best_)) continue;
      const bool is_stale = cells_.kinds[row] == Kind::kStale;
      PutVarint((row - from) << 1 | (is_stale ? 1 : 0), out);
      if (!is_stale) PutWord(std::bit_cast<uint64_t>(column_->values[row]), out);
      from = row + 1;
    }
  }

  void PutValues(std::string* out) {
    if (best_.exceptions == cells_.present) return;
    switch (best_.coding) {
      case Coding::kConstantInteger:
        PutZigZag(static_cast<int64_t>(best_.first), out);
        return;
      case Coding::kConstantBits:
        PutWord(best_.first, out);
        return;
      case Coding::kIntegers:
      case Coding::kAgainstCount:
        PutZigZag(static_cast<int64_t>(best_.first), out);
        break;
      case Coding::kBits:
        PutWord(best_.first, out);
        PutByte(static_cast<uint8_t>(best_.shift), out);
        break;
      case Coding::kRaw:
        for (size_t row = 0; row < rows_; ++row) {
          if (cells_.kinds[row] == Kind::kMissing) continue;
          PutWord(std::bit_cast<uint64_t>(column_->values[row]), out);
        }
        return;
      case Coding::kHistograms:
        PutHistograms(out);
        return;
    }
    PutSteps(best_.steps, best_.plan, out);
  }

  void PutHistograms(std::string* out) const {
    HistogramWriter writer(out);
    for (size_t row = 0; row < rows_; ++row) {
      if (IsCoded(row, best_)) writer.Put(column_->histograms[row]);
    }
  }

  const size_t rows_;
  const bool has_count_;
  SortedCells count_;
  const ColumnCells* column_ = nullptr;
  SortedCells cells_;
  Candidate trial_;
  Candidate best_;
};

const ColumnCells* CountOf(const Block& block) {
  const ColumnCells* count = nullptr;
  for (const ColumnCells& column : block.columns) {
    if (!column.is_count) continue;
    CHECK(count == nullptr);
    count = &column;
  }
  return count;
}

void CheckBlock(const Block& block) {
  const size_t rows = block.times_ms.size();
  CHECK(rows > 0 && rows <= kRowsMax);
  CHECK(!block.columns.empty() && block.columns.size() <= kCellsMax / rows);
  CHECK(std::adjacent_find(block.times_ms.begin(), block.times_ms.end(), std::greater_equal<>()) ==
        block.times_ms.end());
  for (size_t i = 0; i < block.columns.size(); ++i) {
    const ColumnCells& column = block.columns[i];
    CHECK(column.values.size() == rows && column.present.size() == rows);
    CHECK(column.histograms.empty() || column.histograms.size() == rows);
    CHECK(i == 0 || column.ordinal > block.columns[i - 1].ordinal);
  }
}

void PutTimes(const std::vector<int64_t>& times_ms, std::string* out) {
  std::vector<int64_t> steps;
  steps.reserve(times_ms.size());
  for (size_t row = 1; row < times_ms.size(); ++row) {
    steps.push_back(static_cast<int64_t>(static_cast<uint64_t>(times_ms[row]) -
                                         static_cast<uint64_t>(times_ms[row - 1])));
  }
  PutVarint(times_ms.size(), out);
  PutZigZag(times_ms.front(), out);
  PutSteps(steps, PlanSteps(steps), out);
}

std::string EncodeData(const Block& block) {
  ColumnWriter writer(block.times_ms.size(), CountOf(block));
  std::string columns;
  std::string directory;
  size_t n = 0;
  uint32_t next_ordinal = 0;
  for (const ColumnCells& column : block.columns) {
    const size_t start = columns.size();
    writer.Put(column, &columns);
    if (columns.size() == start) continue;
    const uint64_t gap = column.ordinal - next_ordinal;
    PutVarint(gap << 1 | (column.is_count ? 1 : 0), &directory);
    PutVarint(columns.size() - start, &directory);
    next_ordinal = column.ordinal + 1;
    ++n;
  }
  std::string out;
  out.reserve(32 + directory.size() + columns.size());
  PutByte(kVersion, &out);
  PutTimes(block.times_ms, &out);
  PutVarint(n, &out);
  out += directory;
  out += columns;
  return out;
}

// ---- Reading.

struct ColumnBytes {
  uint32_t ordinal;
  bool is_count;
  std::string_view bytes;
};

struct Layout {
  std::vector<int64_t> times_ms;
  std::vector<ColumnBytes> columns;
};

Error Corrupt(const char* what) { return {Code::kCorrupt, std::string("chunk: ") + what}; }

bool ReadTimes(PackedReader* in, std::vector<int64_t>* times_ms) {
  const uint64_t rows = in->Varint();
  if (!in->ok() || rows == 0 || rows > kRowsMax) return false;
  int64_t time_ms = in->SignedVarint();
  std::vector<uint64_t> steps;
  GetSteps(static_cast<size_t>(rows) - 1, in, &steps);
  if (!in->ok()) return false;
  times_ms->reserve(static_cast<size_t>(rows));
  times_ms->push_back(time_ms);
  for (const uint64_t step : steps) {
    const auto next = static_cast<int64_t>(static_cast<uint64_t>(time_ms) + step);
    if (next <= time_ms) return false;
    times_ms->push_back(next);
    time_ms = next;
  }
  return true;
}

bool ReadDirectory(PackedReader* in, std::vector<ColumnBytes>* columns) {
  const uint64_t n = in->Varint();
  if (n > in->left() / kEntryMin) return false;
  columns->reserve(static_cast<size_t>(n));
  std::vector<uint64_t> sizes;
  sizes.reserve(static_cast<size_t>(n));
  uint64_t next_ordinal = 0;
  bool counted = false;
  for (uint64_t i = 0; i < n; ++i) {
    const uint64_t entry = in->Varint();
    const uint64_t ordinal = next_ordinal + (entry >> 1);
    const bool is_count = (entry & 1) != 0;
    if (ordinal > 0xffffffffu || (is_count && counted)) return false;
    counted |= is_count;
    columns->push_back({static_cast<uint32_t>(ordinal), is_count, {}});
    sizes.push_back(in->Varint());
    next_ordinal = ordinal + 1;
  }
  for (size_t i = 0; i < sizes.size(); ++i) (*columns)[i].bytes = in->Bytes(sizes[i]);
  return in->AtEnd();
}

Result<Layout> ReadLayout(std::string_view data) {
  PackedReader in(data);
  const uint8_t version = in.Byte();
  if (!in.ok()) return Corrupt("empty");
  if (version != kVersion) return Corrupt("unknown version");
  Layout layout;
  if (!ReadTimes(&in, &layout.times_ms)) return Corrupt("damaged times");
  if (!ReadDirectory(&in, &layout.columns)) return Corrupt("damaged directory");
  return layout;
}

// Cells of a column while it is read.
constexpr uint8_t kCoded = 1;
constexpr uint8_t kException = 3;  // Written apart.

class ColumnReader {
 public:
  // `count`: the column that this one may be written against; null where there is none.  `out` has
  // its final sizes and holds zeros.
  ColumnReader(std::string_view bytes, const ColumnCells* count, ColumnCells* out)
      : in_(bytes), count_(count), out_(*out), rows_(out->present.size()) {}

  // False: the bytes are no column.
  bool Read() {
    const uint8_t head = in_.Byte();
    if ((head & ~kHeadBits) != 0) return false;
    if (IsCoding(head, Coding::kHistograms)) out_.histograms.resize(rows_);
    if (!ReadPresence(head & kPresenceBits)) return false;
    if ((head & kExceptions) != 0 && !ReadExceptions()) return false;
    if (coded_ > 0 && !ReadValues(head & kCodingBits)) return false;
    if ((head & kExceptions) != 0) {
      for (uint8_t& present : out_.present) present &= 1;
    }
    return in_.AtEnd();
  }

 private:
  bool ReadPresence(uint8_t form) {
    coded_ = rows_;
    if (form == kEveryRow) {
      std::fill(out_.present.begin(), out_.present.end(), kCoded);
      return in_.ok();
    }
    coded_ = 0;
    if (form == kRuns) return ReadRuns();
    if (form == kBitmap) return ReadBitmap();
    return false;
  }

  bool ReadRuns() {
    uint8_t present = 0;
    for (size_t row = 0; row < rows_; present ^= 1) {
      const uint64_t run = in_.Varint();
      // Only the first run, of missing rows, may be empty.
      if (run > rows_ - row || (run == 0 && (row > 0 || present != 0))) return false;
      if (!in_.ok()) return false;
      std::fill_n(out_.present.begin() + static_cast<ptrdiff_t>(row), run, present);
      row += run;
      if (present != 0) coded_ += run;
    }
    return true;
  }

  bool ReadBitmap() {
    const std::string_view bitmap = in_.Bytes((rows_ + 7) / 8);
    if (!in_.ok()) return false;
    for (size_t row = 0; row < rows_; ++row) {
      const auto bit = static_cast<uint8_t>((static_cast<uint8_t>(bitmap[row / 8]) >> row % 8) & 1);
      out_.present[row] = bit;
      coded_ += bit;
    }
    return true;
  }

  bool ReadExceptions() {
    const uint64_t n = in_.Varint();
    if (n > coded_) return false;
    uint64_t row = 0;
    for (uint64_t i = 0; i < n; ++i) {
      const uint64_t entry = in_.Varint();
      row += entry >> 1;
      if (row >= rows_ || out_.present[row] != kCoded) return false;
      // A histogram is written apart as a stale marker only.
      if ((entry & 1) == 0 && !out_.histograms.empty()) return false;
      const uint64_t bits = (entry & 1) != 0 ? kStaleBits : in_.Word();
      out_.values[row] = std::bit_cast<double>(bits);
      out_.present[row] = kException;
      ++row;
    }
    coded_ -= static_cast<size_t>(n);
    return in_.ok();
  }

  bool ReadValues(uint8_t coding) {
    switch (static_cast<Coding>(coding)) {
      case Coding::kConstantInteger:
        return ReadConstant(static_cast<double>(in_.SignedVarint()));
      case Coding::kConstantBits:
        return ReadConstant(std::bit_cast<double>(in_.Word()));
      case Coding::kIntegers:
        return ReadSteps(static_cast<uint64_t>(in_.SignedVarint()), 0, [](uint64_t number, size_t) {
          return static_cast<double>(static_cast<int64_t>(number));
        });
      case Coding::kAgainstCount:
        return ReadAgainstCount();
      case Coding::kBits: {
        const uint64_t first = in_.Word();
        const uint8_t shift = in_.Byte();
        if (shift > 63) return false;
        return ReadSteps(first, shift,
                         [](uint64_t number, size_t) { return std::bit_cast<double>(number); });
      }
      case Coding::kRaw:
        return ReadRaw();
      case Coding::kHistograms:
        return ReadHistograms();
    }
    return false;
  }

  bool ReadConstant(double value) {
    for (size_t row = 0; row < rows_; ++row) {
      if (out_.present[row] == kCoded) out_.values[row] = value;
    }
    return in_.ok();
  }

  bool ReadRaw() {
    if (in_.left() / sizeof(uint64_t) < coded_) return false;
    for (size_t row = 0; row < rows_; ++row) {
      if (out_.present[row] == kCoded) out_.values[row] = std::bit_cast<double>(in_.Word());
    }
    return true;
  }

  bool ReadHistograms() {
    HistogramReader reader(&in_);
    for (size_t row = 0; row < rows_; ++row) {
      if (out_.present[row] != kCoded) continue;
      if (!reader.Read(&out_.histograms[row])) return false;
      out_.values[row] = ObservationCount(out_.histograms[row]);
    }
    return true;
  }

  // Numbers from `first` on, and `value(number, row)` of each as the value of a coded row.
  template <class Value>
  bool ReadSteps(uint64_t first, unsigned shift, Value value) {
    GetSteps(coded_ - 1, &in_, &steps_);
    if (!in_.ok()) return false;
    size_t row = 0;
    while (out_.present[row] != kCoded) ++row;
    uint64_t number = first;
    out_.values[row] = value(number, row);
    for (const uint64_t step : steps_) {
      do {
        ++row;
      } while (out_.present[row] != kCoded);
      number += step << shift;
      out_.values[row] = value(number, row);
    }
    return true;
  }

  bool ReadAgainstCount() {
    if (count_ == nullptr) return false;
    bool all_integers = true;
    const auto value = [this, &all_integers](uint64_t number, size_t row) {
      int64_t count = 0;
      if (count_->present[row] == 0 || !AsInteger(count_->values[row], &count)) {
        all_integers = false;
      }
      return static_cast<double>(static_cast<int64_t>(static_cast<uint64_t>(count) - number));
    };
    return ReadSteps(static_cast<uint64_t>(in_.SignedVarint()), 0, value) && all_integers;
  }

  PackedReader in_;
  const ColumnCells* const count_;
  ColumnCells& out_;
  const size_t rows_;
  size_t coded_ = 0;  // Present cells that are no exceptions.
  std::vector<uint64_t> steps_;
};

bool ReadColumn(const ColumnBytes& bytes, size_t rows, const ColumnCells* count, ColumnCells* out) {
  out->ordinal = bytes.ordinal;
  out->is_count = bytes.is_count;
  out->values.resize(rows);
  out->present.resize(rows);
  return ColumnReader(bytes.bytes, count, out).Read();
}

// The coding of a column's values, without reading them.
bool IsAgainstCount(const ColumnBytes& bytes) {
  return !bytes.bytes.empty() &&
         IsCoding(static_cast<uint8_t>(bytes.bytes[0]), Coding::kAgainstCount);
}

// The count column's place in `columns`, or their number.
size_t FindCount(const std::vector<ColumnBytes>& columns) {
  const auto at = std::find_if(columns.begin(), columns.end(),
                               [](const ColumnBytes& column) { return column.is_count; });
  return static_cast<size_t>(at - columns.begin());
}

}  // namespace

EncodedBlock Encode(const Block& block) {
  CheckBlock(block);
  return {EncodeData(block), EncodeSummary(block)};
}

namespace {

// One column and the times of its block; no column where the block has none of that ordinal.
struct OneColumn {
  std::vector<int64_t> times_ms;
  std::optional<ColumnCells> cells;
};

Result<OneColumn> DecodeOne(std::string_view data, uint32_t ordinal) {
  Result<Layout> layout = ReadLayout(data);
  if (!layout) return layout.error();
  const std::vector<ColumnBytes>& columns = layout->columns;
  const auto at = std::lower_bound(
      columns.begin(), columns.end(), ordinal,
      [](const ColumnBytes& column, uint32_t wanted) { return column.ordinal < wanted; });
  OneColumn one;
  if (at == columns.end() || at->ordinal != ordinal) return one;

  const size_t rows = layout->times_ms.size();
  ColumnCells count;
  const size_t count_at = FindCount(columns);
  const bool needs_count = IsAgainstCount(*at) && !at->is_count && count_at < columns.size();
  if (needs_count && !ReadColumn(columns[count_at], rows, nullptr, &count)) {
    return Corrupt("damaged count column");
  }
  one.cells.emplace();
  if (!ReadColumn(*at, rows, needs_count ? &count : nullptr, &*one.cells)) {
    return Corrupt("damaged column");
  }
  one.times_ms = std::move(layout->times_ms);
  return one;
}

}  // namespace

Result<std::vector<Sample>> DecodeColumn(std::string_view data, uint32_t ordinal) {
  const Result<OneColumn> one = DecodeOne(data, ordinal);
  if (!one) return one.error();
  std::vector<Sample> samples;
  if (!one->cells) return samples;
  samples.reserve(one->times_ms.size());
  for (size_t row = 0; row < one->times_ms.size(); ++row) {
    if (one->cells->present[row] == 0) continue;
    samples.push_back({FromUnixMs(one->times_ms[row]), one->cells->values[row]});
  }
  return samples;
}

Result<std::vector<EncodedHistogram>> DecodeHistograms(std::string_view data, uint32_t ordinal) {
  Result<OneColumn> one = DecodeOne(data, ordinal);
  if (!one) return one.error();
  std::vector<EncodedHistogram> histograms;
  if (!one->cells) return histograms;
  if (one->cells->histograms.empty()) return Corrupt("a column of numbers, not of histograms");
  for (size_t row = 0; row < one->times_ms.size(); ++row) {
    if (one->cells->present[row] == 0) continue;
    histograms.push_back({FromUnixMs(one->times_ms[row]), std::move(one->cells->histograms[row])});
  }
  return histograms;
}

Result<Block> Decode(std::string_view data) {
  Result<Layout> layout = ReadLayout(data);
  if (!layout) return layout.error();
  const std::vector<ColumnBytes>& columns = layout->columns;
  Block block;
  block.times_ms = std::move(layout->times_ms);
  const size_t rows = block.times_ms.size();
  if (columns.size() > kCellsMax / rows) return Corrupt("more cells than a chunk may have");
  block.columns.resize(columns.size());

  const size_t count_at = FindCount(columns);
  const ColumnCells* count = nullptr;
  if (count_at < columns.size()) {
    if (!ReadColumn(columns[count_at], rows, nullptr, &block.columns[count_at])) {
      return Corrupt("damaged count column");
    }
    count = &block.columns[count_at];
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i == count_at) continue;
    if (!ReadColumn(columns[i], rows, count, &block.columns[i])) return Corrupt("damaged column");
  }
  return block;
}

}  // namespace nines::tsdb
