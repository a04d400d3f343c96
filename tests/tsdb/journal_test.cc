#include "tsdb/journal.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "base/prng.h"
#include "tests/tsdb/hex.h"
#include "tsdb/sample.h"

namespace nines::tsdb {
namespace {

std::string Encoded(const std::vector<Append>& samples) {
  std::string entry;
  EncodeJournalEntry(samples, &entry);
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
  std::vector<Append> decoded;
  const Result<void> result = DecodeJournalEntry(entry, &decoded);
  EXPECT_TRUE(result.has_value()) << what << ": " << ToHex(entry);
  EXPECT_TRUE(Same(decoded, samples)) << what << ": " << ToHex(entry);
}

void ExpectCorrupt(std::string_view entry, const std::string& what) {
  std::vector<Append> out{{ColumnId{1}, 2, 3}};
  const Result<void> result = DecodeJournalEntry(entry, &out);
  if (result.has_value()) {
    ADD_FAILURE() << what << " was read: " << ToHex(entry);
    return;
  }
  EXPECT_EQ(result.error().code, Code::kCorrupt) << what;
  EXPECT_TRUE(Same(out, {{ColumnId{1}, 2, 3}})) << what << " changed the samples";
}

// The entry of tsdb/FORMAT.md.
std::vector<Append> Example() {
  return {{ColumnId{7}, 1000, 3}, {ColumnId{8}, 1000, 300}, {ColumnId{5}, 2000, 0.5}};
}

TEST(Journal, BytesAreThoseOfFormatMd) {
  EXPECT_EQ(ToHex(Encoded(Example())), ToHex(BytesOf("tsdb/FORMAT.md", "journal-entry")));
}

TEST(Journal, AppendsToWhatIsThere) {
  std::string out = "before";
  EncodeJournalEntry(Example(), &out);
  EXPECT_EQ(out, "before" + Encoded(Example()));
  std::vector<Append> samples = Example();
  ASSERT_TRUE(DecodeJournalEntry(Encoded(Example()), &samples).has_value());
  EXPECT_EQ(samples.size(), 2 * Example().size());
}

TEST(Journal, GoldenEntriesReadForEver) {
  std::vector<Append> samples;
  const std::string entry = BytesOf("tests/golden/tsdb/v1.md", "journal-entry");
  ASSERT_TRUE(DecodeJournalEntry(entry, &samples).has_value());
  EXPECT_TRUE(Same(samples, Example()));
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
  ExpectCorrupt(entry, "version 2");
  ExpectCorrupt(std::string("\x01\xff\xff\xff\xff\x0f", 6), "many samples, no bytes");
  ExpectCorrupt(std::string("\x01\x01\x08\x00", 4), "an unknown flag");
  ExpectCorrupt(std::string("\x01\x01\x07\x80\x80\x80\x80\x80\x80\x80\x10", 11), "2^53 as varint");
  ExpectCorrupt(std::string("\x01\x01\x06\x80\x80\x80\x80\x10\x00", 9), "a column beyond 32 bits");
}

// Goal: no bytes make the reader misbehave (run with sanitizers).
TEST(Journal, SurvivesMutation) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    Prng prng(seed);
    std::string entry = Encoded(seed % 20 == 0 ? RandomSamples(&prng) : Example());
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
    std::vector<Append> samples;
    const Result<void> result = DecodeJournalEntry(entry, &samples);
    if (!result) {
      EXPECT_EQ(result.error().code, Code::kCorrupt) << "seed " << seed;
      EXPECT_TRUE(samples.empty()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace nines::tsdb
