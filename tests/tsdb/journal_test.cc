#include "tsdb/journal.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "base/prng.h"
#include "tests/tsdb/hex.h"
#include "tests/tsdb/histograms.h"
#include "tsdb/sample.h"

namespace nines::tsdb {
namespace {

std::string Encoded(const std::vector<Append>& samples) {
  std::string entry;
  EncodeJournalEntry({.samples = samples}, &entry);
  return entry;
}

std::string Encoded(const std::vector<Append>& samples,
                    const std::vector<AppendHistogram>& histograms) {
  std::string entry;
  EncodeJournalEntry({.samples = samples, .histograms = histograms}, &entry);
  return entry;
}

bool Same(const std::vector<Append>& a, const std::vector<Append>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].column != b[i].column || a[i].time_ms != b[i].time_ms ||
        !SameBits(a[i].value, b[i].value)) {
      return false;
    }
  }
  return true;
}

void ExpectRoundTrip(const std::vector<Append>& samples, const std::string& what) {
  const std::string entry = Encoded(samples);
  JournalEntry decoded;
  const Result<void> result = DecodeJournalEntry(entry, &decoded);
  EXPECT_TRUE(result.has_value()) << what << ": " << ToHex(entry);
  EXPECT_TRUE(Same(decoded.samples, samples)) << what << ": " << ToHex(entry);
  EXPECT_TRUE(decoded.histograms.empty()) << what;
}

void ExpectRoundTrip(const std::vector<Append>& samples,
                     const std::vector<AppendHistogram>& histograms, const std::string& what) {
  const std::string entry = Encoded(samples, histograms);
  JournalEntry decoded;
  const Result<void> result = DecodeJournalEntry(entry, &decoded);
  ASSERT_TRUE(result.has_value()) << what << ": " << ToHex(entry);
  EXPECT_TRUE(Same(decoded.samples, samples)) << what;
  ASSERT_EQ(decoded.histograms.size(), histograms.size()) << what;
  for (size_t i = 0; i < histograms.size(); ++i) {
    EXPECT_EQ(decoded.histograms[i].column, histograms[i].column) << what;
    EXPECT_EQ(decoded.histograms[i].time_ms, histograms[i].time_ms) << what;
    EXPECT_EQ(ToHex(decoded.histograms[i].bytes), ToHex(histograms[i].bytes)) << what;
  }
}

void ExpectCorrupt(std::string_view entry, const std::string& what) {
  JournalEntry out{.samples = {{ColumnId{1}, 2, 3}}, .histograms = {}};
  const Result<void> result = DecodeJournalEntry(entry, &out);
  if (result.has_value()) {
    ADD_FAILURE() << what << " was read: " << ToHex(entry);
    return;
  }
  EXPECT_EQ(result.error().code, Code::kCorrupt) << what;
  EXPECT_TRUE(out.writes().empty()) << what << " left something";
}

// The entry of tsdb/FORMAT.md.
std::vector<Append> Example() {
  return {{ColumnId{7}, 1000, 3}, {ColumnId{8}, 1000, 300}, {ColumnId{5}, 2000, 0.5}};
}

TEST(Journal, BytesAreThoseOfFormatMd) {
  EXPECT_EQ(ToHex(Encoded(Example())), ToHex(BytesOf("tsdb/FORMAT.md", "journal-entry")));
}

TEST(Journal, BytesOfHistogramsAreThoseOfFormatMd) {
  const std::string bytes = Encoded(ExampleHistogram());
  const std::vector<Append> samples = {{ColumnId{7}, 1000, 3}};
  const std::vector<AppendHistogram> histograms = {{ColumnId{8}, 1000, bytes},
                                                   {ColumnId{8}, 2000, ""}};
  EXPECT_EQ(ToHex(Encoded(samples, histograms)),
            ToHex(BytesOf("tsdb/FORMAT.md", "journal-entry-histograms")));
}

TEST(Journal, EncodesBehindWhatIsThere) {
  std::string out = "before";
  EncodeJournalEntry({.samples = Example()}, &out);
  EXPECT_EQ(out, "before" + Encoded(Example()));
}

TEST(Journal, DecodesInPlaceOfWhatIsThere) {
  JournalEntry entry;
  const std::string histogram = Encoded(ExampleHistogram());
  const std::string both = Encoded(Example(), {{ColumnId{1}, 1, histogram}});
  ASSERT_TRUE(DecodeJournalEntry(both, &entry).has_value());
  EXPECT_EQ(entry.samples.size(), 3u);
  EXPECT_EQ(entry.histograms.size(), 1u);
  const std::string samples = Encoded(Example());
  ASSERT_TRUE(DecodeJournalEntry(samples, &entry).has_value());
  EXPECT_EQ(entry.samples.size(), 3u);
  EXPECT_TRUE(entry.histograms.empty());
}

TEST(Journal, GoldenEntriesReadForEver) {
  JournalEntry decoded;
  const std::string entry = BytesOf("tests/golden/tsdb/v1.md", "journal-entry");
  ASSERT_TRUE(DecodeJournalEntry(entry, &decoded).has_value());
  EXPECT_TRUE(Same(decoded.samples, Example()));
}

TEST(Journal, KeepsEveryBit) {
  const double kValues[] = {0.0,
                            -0.0,
                            1,
                            -1,
                            0.1,
                            127,
                            128,
                            0x1p53 - 1,
                            0x1p53,
                            0x1p64,
                            1e300,
                            5e-324,
                            std::numeric_limits<double>::infinity(),
                            -std::numeric_limits<double>::infinity(),
                            std::numeric_limits<double>::quiet_NaN(),
                            StaleMarker(),
                            std::bit_cast<double>(0xfff8dead00000001u)};
  for (const double value : kValues) {
    ExpectRoundTrip({{ColumnId{3}, 1'700'000'000'000, value}}, std::to_string(value));
  }
}

TEST(Journal, KeepsAnyColumnAndTime) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  ExpectRoundTrip({}, "nothing");
  ExpectRoundTrip({{ColumnId{0}, 0, 1}, {ColumnId{0xffffffff}, kMax, 1}, {ColumnId{0}, kMin, 1}},
                  "ends of the ranges");
  ExpectRoundTrip({{ColumnId{5}, 1, 1}, {ColumnId{5}, 1, 1}, {ColumnId{4}, 0, 1}}, "backwards");
}

// A warm histogram: columns in order, one time, counts of three varint bytes.
TEST(Journal, HistogramSampleTakesFiveBytes) {
  std::vector<Append> samples;
  for (uint32_t i = 0; i < 1600; ++i) {
    samples.push_back({ColumnId{i}, 1'764'355'339'000, static_cast<double>(1'000'000 + i)});
  }
  EXPECT_LE(Encoded(samples).size(), 5 * samples.size());
}

std::vector<Append> RandomSamples(Prng* prng) {
  std::vector<Append> samples(prng->Below(3000));
  uint32_t column = static_cast<uint32_t>(prng->Next());
  int64_t time_ms = 1'764'355'339'000;
  for (Append& sample : samples) {
    column = prng->Chance(80) ? column + 1 : static_cast<uint32_t>(prng->Next());
    if (prng->Chance(10)) time_ms += static_cast<int64_t>(prng->Below(20000)) - 5000;
    const uint64_t bits = prng->Next();
    sample.column = ColumnId{column};
    sample.time_ms = prng->Chance(1) ? static_cast<int64_t>(prng->Next()) : time_ms;
    sample.value = prng->Chance(20) ? std::bit_cast<double>(bits)
                                    : static_cast<double>(bits >> (11 + prng->Below(53)));
  }
  return samples;
}

TEST(Journal, RandomEntriesRoundTrip) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Prng prng(seed);
    ExpectRoundTrip(RandomSamples(&prng), "seed " + std::to_string(seed));
  }
}

TEST(Journal, RandomEntriesWithHistogramsRoundTrip) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Prng prng(seed);
    const std::vector<Append> samples = prng.Chance(50) ? RandomSamples(&prng) : Example();
    std::vector<std::string> bytes;
    for (uint64_t n = 1 + prng.Below(50); n > 0; --n) {
      bytes.push_back(prng.Chance(10) ? "" : Encoded(RandomHistogram(&prng)));
    }
    std::vector<AppendHistogram> histograms;
    for (const std::string& one : bytes) {
      histograms.push_back({ColumnId{static_cast<uint32_t>(prng.Below(5))},
                            static_cast<int64_t>(prng.Below(3)) * 1000, one});
    }
    ExpectRoundTrip(samples, histograms, "seed " + std::to_string(seed));
    if (HasFailure()) return;
  }
}

TEST(Journal, EveryPrefixWithHistogramsIsCorrupt) {
  const std::string histogram = Encoded(ExampleHistogram());
  const std::string entry = Encoded(Example(), {{ColumnId{9}, 7, histogram}, {ColumnId{9}, 8, ""}});
  for (size_t size = 0; size < entry.size(); ++size) {
    ExpectCorrupt(std::string_view(entry).substr(0, size), "prefix of " + std::to_string(size));
  }
  ExpectCorrupt(entry + '\0', "a byte too many");
}

TEST(Journal, EveryPrefixIsCorrupt) {
  const std::string entry = Encoded(Example());
  for (size_t size = 0; size < entry.size(); ++size) {
    ExpectCorrupt(std::string_view(entry).substr(0, size), "prefix of " + std::to_string(size));
  }
  ExpectCorrupt(entry + '\0', "a byte too many");
}

TEST(Journal, RefusesWhatNoWriterWrites) {
  std::string entry = Encoded(Example());
  entry[0] = 2;
  ExpectCorrupt(entry, "version 2 without histograms");
  entry[0] = 3;
  ExpectCorrupt(entry, "version 3");
  ExpectCorrupt(std::string("\x02\x00\xff\xff\xff\xff\x0f", 7), "many histograms, no bytes");
  ExpectCorrupt(std::string("\x02\x00\x01\x07\x00", 5), "an unknown flag of a histogram");
  ExpectCorrupt(std::string("\x02\x00\x01\x03\x01\x00", 6), "bytes that are no histogram");
  ExpectCorrupt(std::string("\x01\xff\xff\xff\xff\x0f", 6), "many samples, no bytes");
  ExpectCorrupt(std::string("\x01\x01\x08\x00", 4), "an unknown flag");
  ExpectCorrupt(std::string("\x01\x01\x07\x80\x80\x80\x80\x80\x80\x80\x10", 11), "2^53 as varint");
  ExpectCorrupt(std::string("\x01\x01\x06\x80\x80\x80\x80\x10\x00", 9), "a column beyond 32 bits");
}

// Goal: no bytes make the reader misbehave (run with sanitizers).
TEST(Journal, SurvivesMutation) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    Prng prng(seed);
    const std::string histogram = Encoded(RandomHistogram(&prng));
    std::string entry = seed % 20 == 0 ? Encoded(RandomSamples(&prng))
                                       : Encoded(Example(), {{ColumnId{3}, 4, histogram}});
    for (uint64_t n = 1 + prng.Below(4); n > 0 && !entry.empty(); --n) {
      const size_t at = prng.Below(entry.size());
      if (prng.Chance(60)) {
        entry[at] = static_cast<char>(prng.Next());
      } else if (prng.Chance(50)) {
        entry.insert(at, 1, static_cast<char>(prng.Next()));
      } else {
        entry.resize(at);
      }
    }
    JournalEntry decoded;
    const Result<void> result = DecodeJournalEntry(entry, &decoded);
    if (!result) {
      EXPECT_EQ(result.error().code, Code::kCorrupt) << "seed " << seed;
      EXPECT_TRUE(decoded.writes().empty()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace nines::tsdb
