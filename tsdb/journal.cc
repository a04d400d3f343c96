#include "tsdb/journal.h"

#include <bit>

#include "tsdb/histogram.h"
#include "tsdb/packed.h"

namespace nines::tsdb {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kHistogramsVersion = 2;  // Native histograms behind the samples.

// Flags of the byte in front of a sample.
constexpr uint8_t kNextColumn = 1;  // The column is that of the previous sample + 1.
constexpr uint8_t kSameTime = 2;    // The time is that of the previous sample.
constexpr uint8_t kWhole = 4;       // The value is a varint, not a word.
constexpr uint8_t kFlags = kNextColumn | kSameTime | kWhole;
constexpr uint8_t kHistogramFlags = kNextColumn | kSameTime;

constexpr size_t kPlaceMax = 1 + 5 + kVarintMax;
constexpr size_t kSampleMax = kPlaceMax + 8;
constexpr size_t kSampleMin = 2;  // Likewise of a histogram.

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

// Writes flags, column and time; what follows may add to the flags at `head`.
char* WritePlace(ColumnId id, int64_t time, Previous* previous, char* head) {
  const auto column = static_cast<uint32_t>(id);
  const auto time_ms = static_cast<uint64_t>(time);
  char* p = head + 1;
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
  *head = static_cast<char>(flags);
  *previous = {column, time_ms};
  return p;
}

char* WriteSample(const Append& sample, Previous* previous, char* head) {
  char* const p = WritePlace(sample.column, sample.time_ms, previous, head);
  if (!IsWhole(sample.value)) return WriteWord(std::bit_cast<uint64_t>(sample.value), p);
  *head = static_cast<char>(*head | kWhole);
  return WriteVarint(static_cast<uint64_t>(sample.value), p);
}

void PutHistograms(std::span<const AppendHistogram> histograms, Previous previous,
                   std::string* out) {
  PutVarint(histograms.size(), out);
  for (const AppendHistogram& histogram : histograms) {
    char place[kPlaceMax];
    const char* const end = WritePlace(histogram.column, histogram.time_ms, &previous, place);
    out->append(place, static_cast<size_t>(end - place));
    PutText(histogram.bytes, out);
  }
}

// The reverse of WritePlace() behind the flags.  False: these bytes are no place.
bool ReadPlace(uint8_t flags, PackedReader* in, Previous* previous) {
  if ((flags & kNextColumn) != 0) {
    ++previous->column;
  } else {
    const uint64_t delta = in->Varint();
    if (delta > 0xffffffffu) return false;
    previous->column += static_cast<uint32_t>(UnZigZag(delta));
  }
  if ((flags & kSameTime) == 0) previous->time_ms += static_cast<uint64_t>(in->SignedVarint());
  return in->ok();
}

// False: these bytes are no sample.
bool ReadSample(PackedReader* in, Previous* previous, Append* sample) {
  const uint8_t flags = in->Byte();
  if ((flags & ~kFlags) != 0 || !ReadPlace(flags, in, previous)) return false;
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

bool ReadHistogram(PackedReader* in, Previous* previous, HistogramParts* scratch,
                   AppendHistogram* histogram) {
  const uint8_t flags = in->Byte();
  if ((flags & ~kHistogramFlags) != 0 || !ReadPlace(flags, in, previous)) return false;
  histogram->column = ColumnId{previous->column};
  histogram->time_ms = static_cast<int64_t>(previous->time_ms);
  histogram->bytes = in->Bytes(in->Varint());
  if (!in->ok()) return false;
  return histogram->bytes.empty() || SplitHistogram(histogram->bytes, scratch);
}

Error Corrupt(const char* what) { return {Code::kCorrupt, std::string("journal entry: ") + what}; }

// What is wrong, or null.
const char* ReadEntry(std::string_view entry, JournalEntry* out) {
  PackedReader in(entry);
  const uint8_t version = in.Byte();
  if (!in.ok()) return "empty";
  if (version != kVersion && version != kHistogramsVersion) return "unknown version";
  const uint64_t samples = in.Varint();
  if (samples > in.left() / kSampleMin) return "more samples than bytes";
  out->samples.resize(static_cast<size_t>(samples));
  Previous previous;
  for (Append& sample : out->samples) {
    if (!ReadSample(&in, &previous, &sample)) return "damaged sample";
  }
  if (version == kHistogramsVersion) {
    const uint64_t histograms = in.Varint();
    if (histograms > in.left() / kSampleMin) return "more histograms than bytes";
    out->histograms.resize(static_cast<size_t>(histograms));
    HistogramParts scratch;
    for (AppendHistogram& histogram : out->histograms) {
      if (!ReadHistogram(&in, &previous, &scratch, &histogram)) return "damaged histogram";
    }
  }
  return in.AtEnd() ? nullptr : "bytes behind the end";
}

}  // namespace

void EncodeJournalEntry(const Writes& writes, std::string* out) {
  char buffer[16384];
  char* p = buffer;
  *p++ = static_cast<char>(writes.histograms.empty() ? kVersion : kHistogramsVersion);
  p = WriteVarint(writes.samples.size(), p);
  Previous previous;
  for (const Append& sample : writes.samples) {
    if (static_cast<size_t>(buffer + sizeof buffer - p) < kSampleMax) {
      out->append(buffer, static_cast<size_t>(p - buffer));
      p = buffer;
    }
    p = WriteSample(sample, &previous, p);
  }
  out->append(buffer, static_cast<size_t>(p - buffer));
  if (!writes.histograms.empty()) PutHistograms(writes.histograms, previous, out);
}

Result<void> DecodeJournalEntry(std::string_view entry, JournalEntry* out) {
  out->samples.clear();
  out->histograms.clear();
  const char* const problem = ReadEntry(entry, out);
  if (problem == nullptr) return {};
  out->samples.clear();
  out->histograms.clear();
  return Corrupt(problem);
}

}  // namespace nines::tsdb
