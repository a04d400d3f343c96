#include "tsdb/summary.h"

#include <bit>
#include <optional>
#include <span>

#include "tsdb/packed.h"
#include "tsdb/steps.h"

namespace nines::tsdb {
namespace {

constexpr uint8_t kVersion = 1;

// Flags of a column.
constexpr uint8_t kFromStart = 1;       // Its first sample is at the first row.
constexpr uint8_t kToEnd = 2;           // Its last sample is at the last row.
constexpr uint8_t kIntegerFirst = 4;    // The first value is an integer,
constexpr uint8_t kIntegerLast = 8;     // and so is the last.
constexpr uint8_t kResets = 16;         // It has resets.
constexpr uint8_t kIntegerResets = 32;  // All of them are integers.
constexpr uint8_t kNewestDiffers = 64;  // Its newest cell is not its last sample.
constexpr uint8_t kFlags = 127;

constexpr size_t kColumnMin = 3;  // Bytes.

Window WindowOf(const Block& block, const ColumnCells& column) {
  Window window;
  for (size_t row = 0; row < block.times_ms.size(); ++row) {
    if (column.present[row] == 0 || IsStale(column.values[row])) continue;
    window.Add({FromUnixMs(block.times_ms[row]), column.values[row]});
  }
  return window;
}

std::optional<Sample> NewestOf(const Block& block, const ColumnCells& column) {
  for (size_t row = block.times_ms.size(); row-- > 0;) {
    if (column.present[row] != 0) {
      return Sample{FromUnixMs(block.times_ms[row]), column.values[row]};
    }
  }
  return std::nullopt;
}

// The distance of two times of one block, which the first row precedes.
uint64_t Distance(Time from, Time to) {
  return static_cast<uint64_t>(ToUnixMs(to)) - static_cast<uint64_t>(ToUnixMs(from));
}

bool AllIntegers(const std::vector<double>& values) {
  int64_t ignored;
  for (const double value : values) {
    if (!AsInteger(value, &ignored)) return false;
  }
  return true;
}

void PutResets(const std::vector<double>& resets, bool integers, std::string* out) {
  PutVarint(resets.size(), out);
  if (!integers) {
    for (const double reset : resets) PutWord(std::bit_cast<uint64_t>(reset), out);
    return;
  }
  std::vector<int64_t> steps;
  steps.reserve(resets.size());
  int64_t previous = 0;
  for (const double reset : resets) {
    const auto integer = static_cast<int64_t>(reset);
    steps.push_back(integer - previous);
    previous = integer;
  }
  PutZigZag(steps.front(), out);
  const std::span<const int64_t> rest = std::span(steps).subspan(1);
  PutSteps(rest, PlanSteps(rest), out);
}

// Writes columns, the first value of each against that of the column before it: the upper buckets
// of a histogram, +Inf and count are often the same.
class SummaryWriter {
 public:
  SummaryWriter(Time first, Time last, std::string* out) : first_(first), last_(last), out_(out) {}

  void Put(uint32_t ordinal, const Window& window, const Sample& newest) {
    PutVarint(ordinal - next_ordinal_, out_);
    next_ordinal_ = ordinal + 1;
    int64_t first_integer = 0;
    int64_t last_integer = 0;
    const uint8_t flags = FlagsOf(window, newest, &first_integer, &last_integer);
    PutByte(flags, out_);
    PutVarint(window.count, out_);
    if (window.count > 0) PutWindow(window, flags, first_integer, last_integer);
    if ((flags & kNewestDiffers) != 0) {
      PutVarint(Distance(newest.at, last_), out_);
      PutWord(std::bit_cast<uint64_t>(newest.value), out_);
    }
  }

 private:
  uint8_t FlagsOf(const Window& window, const Sample& newest, int64_t* first_integer,
                  int64_t* last_integer) const {
    if (window.count == 0) return kNewestDiffers;
    uint8_t flags = 0;
    if (window.first.at == first_) flags |= kFromStart;
    if (window.last.at == last_) flags |= kToEnd;
    if (AsInteger(window.first.value, first_integer)) {
      flags |= kIntegerFirst;
      if (AsInteger(window.last.value, last_integer)) flags |= kIntegerLast;
    }
    if (!window.resets.empty()) {
      flags |= kResets;
      if (AllIntegers(window.resets)) flags |= kIntegerResets;
    }
    if (newest.at != window.last.at) flags |= kNewestDiffers;
    return flags;
  }

  void PutWindow(const Window& window, uint8_t flags, int64_t first_integer, int64_t last_integer) {
    if ((flags & kFromStart) == 0) PutVarint(Distance(first_, window.first.at), out_);
    if ((flags & kToEnd) == 0) PutVarint(Distance(window.last.at, last_), out_);
    if ((flags & kIntegerFirst) != 0) {
      PutZigZag(first_integer - previous_first_, out_);
      previous_first_ = first_integer;
    } else {
      PutWord(std::bit_cast<uint64_t>(window.first.value), out_);
    }
    if ((flags & kIntegerLast) != 0) {
      PutZigZag(last_integer - first_integer, out_);
    } else {
      PutWord(std::bit_cast<uint64_t>(window.last.value), out_);
    }
    if ((flags & kResets) != 0) PutResets(window.resets, (flags & kIntegerResets) != 0, out_);
  }

  const Time first_;
  const Time last_;
  std::string* const out_;
  uint32_t next_ordinal_ = 0;
  int64_t previous_first_ = 0;
};

// The reverse of SummaryWriter, of untrusted bytes.
class SummaryReader {
 public:
  SummaryReader(int64_t first_ms, uint64_t span_ms, PackedReader* in)
      : first_ms_(first_ms), span_ms_(span_ms), in_(in) {}

  void Read(Summary::Of* column) {
    const uint64_t ordinal = next_ordinal_ + in_->Varint();
    if (ordinal > 0xffffffffu || ordinal < next_ordinal_) in_->Fail();
    next_ordinal_ = ordinal + 1;
    column->ordinal = static_cast<uint32_t>(ordinal);
    const uint8_t flags = in_->Byte();
    const uint64_t count = in_->Varint();
    if ((flags & ~kFlags) != 0 || count > kRowsMax) in_->Fail();
    column->window.count = static_cast<uint32_t>(count);
    if (count > 0) {
      ReadWindow(flags, &column->window);
      column->newest = column->window.last;
    } else if (flags != kNewestDiffers) {
      in_->Fail();
    }
    if ((flags & kNewestDiffers) != 0) {
      column->newest.at = FromEnd();
      column->newest.value = std::bit_cast<double>(in_->Word());
    }
  }

 private:
  // A time between the first and the last row.
  Time At(uint64_t offset_ms) {
    if (offset_ms > span_ms_) in_->Fail();
    return FromUnixMs(static_cast<int64_t>(static_cast<uint64_t>(first_ms_) + offset_ms));
  }
  Time FromStart() { return At(in_->Varint()); }
  Time FromEnd() { return At(span_ms_ - in_->Varint()); }

  // Any 64 bits are a number here; what no writer wrote may be rounded.
  uint64_t AddInteger(uint64_t to) { return to + static_cast<uint64_t>(in_->SignedVarint()); }
  static double FromInteger(uint64_t integer) {
    return static_cast<double>(static_cast<int64_t>(integer));
  }

  void ReadWindow(uint8_t flags, Window* window) {
    window->first.at = (flags & kFromStart) != 0 ? At(0) : FromStart();
    window->last.at = (flags & kToEnd) != 0 ? At(span_ms_) : FromEnd();
    if (window->first.at > window->last.at) in_->Fail();
    if ((flags & kIntegerFirst) != 0) {
      previous_first_ = AddInteger(previous_first_);
      window->first.value = FromInteger(previous_first_);
    } else {
      window->first.value = std::bit_cast<double>(in_->Word());
    }
    if ((flags & kIntegerLast) != 0) {
      if ((flags & kIntegerFirst) == 0) in_->Fail();
      window->last.value = FromInteger(AddInteger(previous_first_));
    } else {
      window->last.value = std::bit_cast<double>(in_->Word());
    }
    if ((flags & kResets) != 0) ReadResets((flags & kIntegerResets) != 0, window);
  }

  void ReadResets(bool integers, Window* window) {
    const uint64_t n = in_->Varint();
    // Each reset lies between two samples.
    if (n == 0 || n >= window->count || (!integers && n > in_->left() / sizeof(uint64_t))) {
      in_->Fail();
      return;
    }
    if (!integers) {
      window->resets.reserve(n);
      for (uint64_t i = 0; i < n; ++i) {
        window->resets.push_back(std::bit_cast<double>(in_->Word()));
      }
      return;
    }
    uint64_t integer = static_cast<uint64_t>(in_->SignedVarint());
    std::vector<uint64_t> steps;
    GetSteps(static_cast<size_t>(n) - 1, in_, &steps);
    if (!in_->ok()) return;
    window->resets.reserve(n);
    window->resets.push_back(FromInteger(integer));
    for (const uint64_t step : steps) {
      integer += step;
      window->resets.push_back(FromInteger(integer));
    }
  }

  const int64_t first_ms_;
  const uint64_t span_ms_;
  PackedReader* const in_;
  uint64_t next_ordinal_ = 0;
  uint64_t previous_first_ = 0;
};

Error Corrupt(const char* what) { return {Code::kCorrupt, std::string("chunk summary: ") + what}; }

}  // namespace

std::string EncodeSummary(const Block& block) {
  const Time first = FromUnixMs(block.times_ms.front());
  const Time last = FromUnixMs(block.times_ms.back());
  std::string columns;
  SummaryWriter writer(first, last, &columns);
  size_t n = 0;
  for (const ColumnCells& column : block.columns) {
    const std::optional<Sample> newest = NewestOf(block, column);
    if (!newest) continue;
    writer.Put(column.ordinal, WindowOf(block, column), *newest);
    ++n;
  }
  std::string out;
  PutByte(kVersion, &out);
  PutZigZag(block.times_ms.front(), &out);
  PutVarint(Distance(first, last), &out);
  PutVarint(n, &out);
  return out += columns;
}

Result<Summary> DecodeSummary(std::string_view bytes) {
  PackedReader in(bytes);
  const uint8_t version = in.Byte();
  if (!in.ok()) return Corrupt("empty");
  if (version != kVersion) return Corrupt("unknown version");
  Summary summary;
  summary.first_ms = in.SignedVarint();
  const uint64_t span_ms = in.Varint();
  summary.last_ms = static_cast<int64_t>(static_cast<uint64_t>(summary.first_ms) + span_ms);
  if (summary.last_ms < summary.first_ms) return Corrupt("times run backwards");
  const uint64_t n = in.Varint();
  if (n > in.left() / kColumnMin) return Corrupt("more columns than bytes");
  summary.columns.resize(static_cast<size_t>(n));
  SummaryReader reader(summary.first_ms, span_ms, &in);
  for (Summary::Of& column : summary.columns) {
    reader.Read(&column);
    if (!in.ok()) return Corrupt("damaged column");
  }
  if (!in.AtEnd()) return Corrupt("bytes behind the last column");
  return summary;
}

}  // namespace nines::tsdb
