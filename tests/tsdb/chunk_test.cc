#include "tsdb/chunk.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/tsdb/blocks.h"
#include "tests/tsdb/hex.h"
#include "tests/tsdb/histograms.h"
#include "tsdb/packed.h"

namespace nines::tsdb {
namespace {

constexpr char kGolden[] = "tests/golden/tsdb/v1.md";

std::vector<Sample> SamplesOf(const Block& block, const ColumnCells& column) {
  std::vector<Sample> samples;
  for (size_t row = 0; row < block.times_ms.size(); ++row) {
    if (column.present[row] == 0) continue;
    samples.push_back({FromUnixMs(block.times_ms[row]), column.values[row]});
  }
  return samples;
}

void ExpectSamples(const Result<std::vector<Sample>>& got, const std::vector<Sample>& wanted,
                   uint32_t ordinal) {
  ASSERT_TRUE(got.has_value()) << "column " << ordinal << ": " << got.error().message;
  ASSERT_EQ(got->size(), wanted.size()) << "column " << ordinal;
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ((*got)[i].at, wanted[i].at) << "column " << ordinal << " sample " << i;
    EXPECT_TRUE(SameBits((*got)[i].value, wanted[i].value))
        << "column " << ordinal << " sample " << i << ": " << wanted[i].value;
  }
}

void ExpectHistograms(const std::string& data, const Block& block, const ColumnCells& column) {
  const auto got = DecodeHistograms(data, column.ordinal);
  ASSERT_TRUE(got.has_value()) << "column " << column.ordinal << ": " << got.error().message;
  size_t next = 0;
  for (size_t row = 0; row < block.times_ms.size(); ++row) {
    if (column.present[row] == 0) continue;
    ASSERT_LT(next, got->size()) << "column " << column.ordinal;
    EXPECT_EQ(ToUnixMs((*got)[next].at), block.times_ms[row]) << "column " << column.ordinal;
    EXPECT_EQ(ToHex((*got)[next].bytes), ToHex(column.histograms[row])) << "row " << row;
    ++next;
  }
  EXPECT_EQ(next, got->size()) << "column " << column.ordinal;
}

void ExpectReads(const std::string& data, const Block& block) {
  const Block wanted = Normal(block);
  const Result<Block> got = Decode(data);
  ASSERT_TRUE(got.has_value()) << got.error().message << ": " << ToHex(data);
  EXPECT_TRUE(Same(*got, wanted)) << ToHex(data);
  for (const ColumnCells& column : block.columns) {
    ExpectSamples(DecodeColumn(data, column.ordinal), SamplesOf(block, column), column.ordinal);
    if (!column.histograms.empty()) ExpectHistograms(data, block, column);
  }
}

void ExpectRoundTrip(const Block& block) { ExpectReads(Encode(block).data, block); }

// A block of one column, a row a second.
Block OneColumn(const std::vector<double>& values) {
  Block block;
  for (size_t row = 0; row < values.size(); ++row) {
    block.times_ms.push_back(1000 * static_cast<int64_t>(row));
  }
  block.columns.push_back(ColumnOf(0, values));
  return block;
}

void ExpectCorrupt(std::string_view data, const std::string& what) {
  const Result<Block> block = Decode(data);
  ASSERT_TRUE(block.has_error()) << what << " was read: " << ToHex(data);
  EXPECT_EQ(block.error().code, Code::kCorrupt) << what;
}

TEST(Chunk, BytesAreThoseOfFormatMd) {
  const std::string data = Encode(ExampleBlock()).data;
  EXPECT_EQ(ToHex(data), ToHex(BytesOf("tsdb/FORMAT.md", "chunk-data")));
  ExpectReads(data, ExampleBlock());
}

TEST(Chunk, BytesOfHistogramsAreThoseOfFormatMd) {
  const std::string data = Encode(HistogramBlock()).data;
  EXPECT_EQ(ToHex(data), ToHex(BytesOf("tsdb/FORMAT.md", "chunk-data-histograms")));
  ExpectReads(data, HistogramBlock());
}

TEST(Chunk, GoldenDataReadForEver) {
  ExpectReads(BytesOf(kGolden, "chunk-data"), GoldenBlock());
  ExpectRoundTrip(GoldenBlock());
}

TEST(Chunk, OneRow) {
  ExpectRoundTrip(OneColumn({3}));
  ExpectRoundTrip(OneColumn({0.1}));
  ExpectRoundTrip(OneColumn({-0.0}));
  ExpectRoundTrip(OneColumn({StaleMarker()}));
}

TEST(Chunk, KeepsEveryBit) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  ExpectRoundTrip(GoldenBlock());
  ExpectRoundTrip(OneColumn({0.0, -0.0, 0.0}));
  ExpectRoundTrip(OneColumn({1, 2, std::nan("7"), 4, kInf, -kInf, 7, 8, 9, 10, 11, 12}));
  ExpectRoundTrip(OneColumn({0x1p53, -0x1p53, 0x1p53 - 1, 0x1p53, 1}));
  ExpectRoundTrip(OneColumn({StaleMarker(), StaleMarker(), StaleMarker()}));
}

TEST(Chunk, EndsOfTime) {
  Block block = OneColumn({1, 2, 3});
  block.times_ms = {std::numeric_limits<int64_t>::min(), 0, std::numeric_limits<int64_t>::max()};
  ExpectRoundTrip(block);
  block.times_ms = {std::numeric_limits<int64_t>::min(), -1, 0};
  ExpectRoundTrip(block);
}

TEST(Chunk, UnknownColumnIsEmpty) {
  const std::string data = Encode(ExampleBlock()).data;
  for (const uint32_t ordinal : {3u, 5u, 0xffffffffu}) {
    ExpectSamples(DecodeColumn(data, ordinal), {}, ordinal);
  }
}

TEST(Chunk, ColumnWithoutCellIsLeftOut) {
  Block block = OneColumn({1, 2});
  block.columns.push_back(ColumnOf(9, {kMissing, kMissing}));
  const Result<Block> got = Decode(Encode(block).data);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->columns.size(), 1u);
}

TEST(Chunk, RandomBlocksRoundTrip) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    ExpectRoundTrip(RandomBlock(&prng));
  }
}

// ---- Size: what the codings are for.

std::vector<double> Counter(size_t rows, uint64_t step_max, uint64_t seed) {
  Prng prng(seed);
  std::vector<double> values;
  double value = 0;
  for (size_t row = 0; row < rows; ++row) {
    value += static_cast<double>(prng.Below(step_max));
    values.push_back(value);
  }
  return values;
}

size_t SizeOf(const std::vector<double>& values) { return Encode(OneColumn(values)).data.size(); }

TEST(ChunkSize, CounterTakesTheBitsOfItsSteps) {
  EXPECT_LE(SizeOf(Counter(120, 16, 1)), 120u * 4 / 8 + 20);
  EXPECT_LE(SizeOf(Counter(120, 1000, 1)), 120u * 10 / 8 + 20);
}

TEST(ChunkSize, ConstantTakesAFewBytes) {
  EXPECT_LE(SizeOf(std::vector<double>(120, 0)), 16u);
  EXPECT_LE(SizeOf(std::vector<double>(120, 0.1)), 24u);
}

TEST(ChunkSize, OddCellsDoNotRuinACounter) {
  std::vector<double> values = Counter(120, 16, 1);
  const size_t before = SizeOf(values);
  values[60] = StaleMarker();
  EXPECT_LE(SizeOf(values), before + 4) << "a stale marker";
  values[70] = 0.5;
  EXPECT_LE(SizeOf(values), before + 14) << "a fraction";
  for (size_t row = 90; row < 120; ++row) values[row] -= values[89];
  EXPECT_LE(SizeOf(values), before + 20) << "a reset";
}

TEST(ChunkSize, BucketThatEqualsTheCountTakesAFewBytes) {
  const std::vector<double> count = Counter(120, 1000, 1);
  Block block = OneColumn(count);
  block.columns[0].is_count = true;
  const size_t before = Encode(block).data.size();
  block.columns.push_back(ColumnOf(1, count));
  EXPECT_LE(Encode(block).data.size(), before + 6);
}

TEST(ChunkSize, AHistogramTakesAByteANumber) {
  Prng prng(1);
  NativeHistogram histogram = ExampleHistogram();
  Block block = OneColumn(std::vector<double>(120, 0));
  block.columns[0].histograms.resize(120);
  for (size_t row = 0; row < 120; ++row) {
    block.columns[0].histograms[row] = Encoded(histogram);
    block.columns[0].values[row] = static_cast<double>(histogram.count);
    histogram.count += 2;
    histogram.positive.deltas[0] += 2;
    histogram.positive.deltas[1] -= 2;
  }
  EXPECT_LE(Encode(block).data.size(), 120u * 8 + 50);
}

TEST(ChunkSize, FloatsWithFewBitsAreShort) {
  std::vector<double> values;
  Prng prng(1);
  for (int row = 0; row < 120; ++row) values.push_back(0.5 + static_cast<double>(prng.Below(64)));
  EXPECT_LE(SizeOf(values), 120u * 4);
}

// ---- Damage.

TEST(Chunk, EveryPrefixIsCorrupt) {
  const std::string data = Encode(GoldenBlock()).data;
  for (size_t size = 0; size < data.size(); ++size) {
    ExpectCorrupt(std::string_view(data).substr(0, size), "prefix of " + std::to_string(size));
  }
  ExpectCorrupt(data + '\0', "a byte too many");
}

TEST(Chunk, RefusesWhatNoWriterWrites) {
  std::string data = Encode(ExampleBlock()).data;
  data[0] = 2;
  ExpectCorrupt(data, "version 2");
  ExpectCorrupt(std::string("\x01\x00\x00\x00", 4), "no rows");
  // Version, rows, time, step, width: kRowsMax + 1 rows at no cost.
  ExpectCorrupt(std::string("\x01\x81\x80\x01\x00\x02\x00\x00", 8), "a row too many");
  EXPECT_TRUE(Decode(std::string("\x01\x80\x80\x01\x00\x02\x00\x00", 8)).has_value());
  ExpectCorrupt(std::string("\x01\x02\x00\x00\x00\x00", 6), "a time twice");
  ExpectCorrupt(std::string("\x01\x01\x00\x02\x01\x02\x01\x02\x00\x00\x00\x00", 12), "two counts");
  ExpectCorrupt(std::string("\x01\x01\x00\x01\x00\x02\x03\x00", 8), "against no count");
  ExpectCorrupt(std::string("\x01\x01\x00\x01\x01\x02\x03\x00", 8), "a count against itself");
  ExpectCorrupt(std::string("\x01\x01\x00\x01\x00\x02\x07\x00", 8), "an unknown coding");
  ExpectCorrupt(std::string("\x01\x01\x00\x01\x00\x02\x40\x00", 8), "an unknown flag");
  ExpectCorrupt(std::string("\x01\x01\x00\x01\x00\x02\x06\x00", 8), "against no histogram");
  ExpectCorrupt(std::string("\x01\x01\x00\x01\x00\x03\x06\x01\x00", 9), "no histogram");
  ExpectCorrupt(
      std::string("\x01\x01\x00\x01\x00\x0b\x26\x01\x00\x00\x00\x00\x00\x00\x00\xf0\x3f", 17),
      "a number among histograms");
  const std::string numbers = Encode(ExampleBlock()).data;
  EXPECT_EQ(DecodeHistograms(numbers, 0).error().code, Code::kCorrupt);
  EXPECT_TRUE(DecodeHistograms(numbers, 99)->empty());
}

TEST(Chunk, CellsAreLimited) {
  // kRowsMax rows, and columns that are all the constant 0.
  const auto wide = [](size_t columns) {
    std::string data("\x01\x80\x80\x01\x00\x02\x00", 7);
    PutVarint(columns, &data);
    for (size_t i = 0; i < columns; ++i) data += std::string("\x00\x02", 2);
    for (size_t i = 0; i < columns; ++i) data += std::string("\x00\x00", 2);
    return data;
  };
  EXPECT_TRUE(Decode(wide(kCellsMax / kRowsMax)).has_value());
  ExpectCorrupt(wide(kCellsMax / kRowsMax + 1), "a column too many");
}

// Goal: no bytes make the readers misbehave (run with sanitizers).
TEST(Chunk, SurvivesMutation) {
  for (uint64_t seed = 1; seed <= 4000; ++seed) {
    Prng prng(seed);
    const Block block = seed % 4 == 0 ? GoldenBlock() : RandomBlock(&prng);
    const std::string data = Mutated(Encode(block).data, &prng);
    const Result<Block> got = Decode(data);
    if (!got) {
      EXPECT_EQ(got.error().code, Code::kCorrupt) << "seed " << seed;
    }
    for (const ColumnCells& column : block.columns) {
      const Result<std::vector<Sample>> samples = DecodeColumn(data, column.ordinal);
      EXPECT_LE(samples ? samples->size() : 0, kRowsMax) << "seed " << seed;
      const auto histograms = DecodeHistograms(data, column.ordinal);
      EXPECT_LE(histograms ? histograms->size() : 0, kRowsMax) << "seed " << seed;
    }
  }
}

// What a reader accepts can be written again.
TEST(Chunk, WhatIsReadCanBeWritten) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    Prng prng(seed);
    const Result<Block> got = Decode(Mutated(Encode(GoldenBlock()).data, &prng));
    if (!got || got->columns.empty()) continue;
    SCOPED_TRACE(seed);
    ExpectRoundTrip(*got);
  }
}

}  // namespace
}  // namespace nines::tsdb
