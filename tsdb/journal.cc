#include "tsdb/journal.h"

#include <bit>

#include "tsdb/packed.h"

namespace nines::tsdb {
namespace {

constexpr uint8_t kVersion = 1;

// Flags of the byte in front of a sample.
constexpr uint8_t kNextColumn = 1;  // The column is that of the previous sample + 1.
constexpr uint8_t kSameTime = 2;    // The time is that of the previous sample.
constexpr uint8_t kWhole = 4;       // The value is a varint, not a word.
constexpr uint8_t kFlags = kNextColumn | kSameTime | kWhole;

constexpr size_t kSampleMax = 1 + 5 + kVarintMax + 8;
constexpr size_t kSampleMin = 2;

// Whole numbers in [0, 2^53) other than -0; NaN is not.
bool IsWhole(double value) {
  return value >= 0 && value < 0x1p53 &&
         value == static_cast<double>(static_cast<uint64_t>(value)) &&
         std::bit_cast<uint64_t>(value) >> 63 == 0;
}

// What a sample is written against.
struct Previous {
  uint32_t column = 0;
  uint64_t time_ms = 0;
};

char* WriteSample(const Append& sample, Previous* previous, char* p) {
  const auto column = static_cast<uint32_t>(sample.column);
  const auto time_ms = static_cast<uint64_t>(sample.time_ms);
  char* const head = p++;
  uint8_t flags = 0;
  if (column == previous->column + 1) {
    flags |= kNextColumn;
  } else {
    const auto delta = static_cast<int32_t>(column - previous->column);
    p = WriteVarint(ZigZag(delta), p);
  }
  if (time_ms == previous->time_ms) {
    flags |= kSameTime;
  } else {
    p = WriteVarint(ZigZag(static_cast<int64_t>(time_ms - previous->time_ms)), p);
  }
  if (IsWhole(sample.value)) {
    flags |= kWhole;
    p = WriteVarint(static_cast<uint64_t>(sample.value), p);
  } else {
    p = WriteWord(std::bit_cast<uint64_t>(sample.value), p);
  }
  *head = static_cast<char>(flags);
  *previous = {column, time_ms};
  return p;
}

// False: these bytes are no sample.
bool ReadSample(PackedReader* in, Previous* previous, Append* sample) {
  const uint8_t flags = in->Byte();
  if ((flags & ~kFlags) != 0) return false;
  if ((flags & kNextColumn) != 0) {
    ++previous->column;
  } else {
    const uint64_t delta = in->Varint();
    if (delta > 0xffffffffu) return false;
    previous->column += static_cast<uint32_t>(UnZigZag(delta));
  }
  if ((flags & kSameTime) == 0) previous->time_ms += static_cast<uint64_t>(in->SignedVarint());
  if ((flags & kWhole) != 0) {
    const uint64_t value = in->Varint();
    if (value >= uint64_t{1} << 53) return false;
    sample->value = static_cast<double>(value);
  } else {
    sample->value = std::bit_cast<double>(in->Word());
  }
  sample->column = ColumnId{previous->column};
  sample->time_ms = static_cast<int64_t>(previous->time_ms);
  return in->ok();
}

Error Corrupt(const char* what) { return {Code::kCorrupt, std::string("journal entry: ") + what}; }

}  // namespace

void EncodeJournalEntry(std::span<const Append> samples, std::string* out) {
  char buffer[16384];
  char* p = buffer;
  *p++ = static_cast<char>(kVersion);
  p = WriteVarint(samples.size(), p);
  Previous previous;
  for (const Append& sample : samples) {
    if (static_cast<size_t>(buffer + sizeof buffer - p) < kSampleMax) {
      out->append(buffer, static_cast<size_t>(p - buffer));
      p = buffer;
    }
    p = WriteSample(sample, &previous, p);
  }
  out->append(buffer, static_cast<size_t>(p - buffer));
}

Result<void> DecodeJournalEntry(std::string_view entry, std::vector<Append>* out) {
  PackedReader in(entry);
  const uint8_t version = in.Byte();
  if (!in.ok()) return Corrupt("empty");
  if (version != kVersion) return Corrupt("unknown version");
  const uint64_t n = in.Varint();
  if (n > in.left() / kSampleMin) return Corrupt("more samples than bytes");
  const size_t before = out->size();
  out->resize(before + static_cast<size_t>(n));
  Previous previous;
  for (size_t i = before; i < out->size(); ++i) {
    if (!ReadSample(&in, &previous, &(*out)[i])) {
      out->resize(before);
      return Corrupt("damaged sample");
    }
  }
  if (!in.AtEnd()) {
    out->resize(before);
    return Corrupt("bytes behind the last sample");
  }
  return {};
}

}  // namespace nines::tsdb
