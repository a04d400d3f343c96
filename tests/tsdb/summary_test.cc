#include "tsdb/summary.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/tsdb/blocks.h"
#include "tests/tsdb/hex.h"

namespace nines::tsdb {
namespace {

Summary SummaryOf(const Block& block) {
  Summary summary{
      .first_ms = block.times_ms.front(), .last_ms = block.times_ms.back(), .columns = {}};
  for (const ColumnCells& column : block.columns) {
    Summary::Of of{.ordinal = column.ordinal, .window = {}, .newest = {}};
    bool any = false;
    for (size_t row = 0; row < block.times_ms.size(); ++row) {
      if (column.present[row] == 0) continue;
      any = true;
      of.newest = {FromUnixMs(block.times_ms[row]), column.values[row]};
      if (!IsStale(column.values[row])) of.window.Add(of.newest);
    }
    if (any) summary.columns.push_back(of);
  }
  return summary;
}

void ExpectReads(const std::string& bytes, const Block& block) {
  const Summary wanted = SummaryOf(block);
  const Result<Summary> got = DecodeSummary(bytes);
  ASSERT_TRUE(got.has_value()) << got.error().message << ": " << ToHex(bytes);
  EXPECT_EQ(got->first_ms, wanted.first_ms);
  EXPECT_EQ(got->last_ms, wanted.last_ms);
  ASSERT_EQ(got->columns.size(), wanted.columns.size());
  for (size_t i = 0; i < wanted.columns.size(); ++i) {
    const uint32_t ordinal = wanted.columns[i].ordinal;
    EXPECT_EQ(got->columns[i].ordinal, ordinal);
    EXPECT_TRUE(got->columns[i].window == wanted.columns[i].window) << "column " << ordinal;
    EXPECT_EQ(got->columns[i].newest.at, wanted.columns[i].newest.at) << "column " << ordinal;
    EXPECT_TRUE(SameBits(got->columns[i].newest.value, wanted.columns[i].newest.value))
        << "column " << ordinal;
  }
}

void ExpectCorrupt(std::string_view bytes, const std::string& what) {
  const Result<Summary> summary = DecodeSummary(bytes);
  ASSERT_TRUE(summary.has_error()) << what << " was read: " << ToHex(bytes);
  EXPECT_EQ(summary.error().code, Code::kCorrupt) << what;
}

TEST(Summary, BytesAreThoseOfFormatMd) {
  const std::string bytes = Encode(ExampleBlock()).summary;
  EXPECT_EQ(ToHex(bytes), ToHex(BytesOf("tsdb/FORMAT.md", "chunk-summary")));
  ExpectReads(bytes, ExampleBlock());
}

TEST(Summary, GoldenSummariesReadForEver) {
  ExpectReads(BytesOf("tests/golden/tsdb/v1.md", "chunk-summary"), GoldenBlock());
  ExpectReads(EncodeSummary(GoldenBlock()), GoldenBlock());
}

TEST(Summary, RandomBlocks) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    const Block block = RandomBlock(&prng);
    ExpectReads(Encode(block).summary, block);
  }
}

// Windows of parts of a column, put together, are the window of the whole.
TEST(Summary, WindowsCombine) {
  const Block block = GoldenBlock();
  for (size_t cut = 1; cut < block.times_ms.size(); ++cut) {
    const auto part = [&](size_t from, size_t to) {
      Block some{.times_ms = {block.times_ms.begin() + static_cast<ptrdiff_t>(from),
                              block.times_ms.begin() + static_cast<ptrdiff_t>(to)},
                 .columns = {ColumnOf(0, {})}};
      const ColumnCells& column = block.columns[3];
      for (size_t row = from; row < to; ++row) {
        some.columns[0].values.push_back(column.values[row]);
        some.columns[0].present.push_back(column.present[row]);
      }
      return DecodeSummary(EncodeSummary(some)).value().columns[0].window;
    };
    Window window = part(0, cut);
    window.Append(part(cut, block.times_ms.size()));
    EXPECT_TRUE(window == SummaryOf(block).columns[3].window) << "cut " << cut;
  }
}

TEST(Summary, EveryPrefixIsCorrupt) {
  const std::string bytes = EncodeSummary(GoldenBlock());
  for (size_t size = 0; size < bytes.size(); ++size) {
    ExpectCorrupt(std::string_view(bytes).substr(0, size), "prefix of " + std::to_string(size));
  }
  ExpectCorrupt(bytes + '\0', "a byte too many");
}

TEST(Summary, RefusesWhatNoWriterWrites) {
  std::string bytes = EncodeSummary(ExampleBlock());
  bytes[0] = 2;
  ExpectCorrupt(bytes, "version 2");
  ExpectCorrupt(std::string("\x01\x00\x00\x01\x00\x80\x01", 7), "an unknown flag");
  ExpectCorrupt(std::string("\x01\x00\x00\x01\x00\x00\x00", 7), "no sample and no newest cell");
  ExpectCorrupt(std::string("\x01\x00\x02\x01\x00\x0e\x01\x03\x00\x00", 10), "a time outside");
}

// Goal: no bytes make the reader misbehave (run with sanitizers).
TEST(Summary, SurvivesMutation) {
  for (uint64_t seed = 1; seed <= 4000; ++seed) {
    Prng prng(seed);
    const Block block = seed % 4 == 0 ? GoldenBlock() : RandomBlock(&prng);
    const Result<Summary> got = DecodeSummary(Mutated(Encode(block).summary, &prng));
    if (!got) {
      EXPECT_EQ(got.error().code, Code::kCorrupt) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace nines::tsdb
