#include "tsdb/head.h"

#include <gtest/gtest.h>

#include <map>

#include "base/number.h"
#include "base/prng.h"

namespace nines::tsdb {
namespace {

std::string Text(const std::vector<Sample>& samples) {
  std::string text;
  for (const Sample& sample : samples) {
    text += std::to_string(ToUnixMs(sample.at)) + "=" + FormatFloat(sample.value) + " ";
  }
  return text;
}

std::string Column(const Rows& rows, uint32_t ordinal) {
  std::vector<Sample> samples;
  rows.Collect(ordinal, kNever, std::numeric_limits<int64_t>::max(), &samples);
  return Text(samples);
}

TEST(RowsTest, KeepsOrderAndTheFirstOfEachCell) {
  Rows rows;
  EXPECT_TRUE(rows.empty());
  EXPECT_TRUE(rows.Put(20, 0, 1, 1));
  EXPECT_TRUE(rows.Put(10, 0, 1, 2));
  EXPECT_TRUE(rows.Put(30, 2, 3, 3)) << "wider";
  EXPECT_TRUE(rows.Put(10, 2, 3, 4));
  EXPECT_FALSE(rows.Put(10, 0, 3, 9));
  EXPECT_TRUE(rows.Put(15, 1, 3, 5));
  EXPECT_EQ(rows.size(), 4u);
  EXPECT_EQ(Column(rows, 0), "10=2 20=1 ");
  EXPECT_EQ(Column(rows, 1), "15=5 ");
  EXPECT_EQ(Column(rows, 2), "10=4 30=3 ");
  EXPECT_EQ(Column(rows, 3), "");
  EXPECT_EQ(rows.Find(10, 0), 2);
  EXPECT_EQ(rows.Find(10, 1), std::nullopt);
  EXPECT_EQ(rows.Find(11, 0), std::nullopt);
  EXPECT_EQ(rows.Find(10, 77), std::nullopt);
  EXPECT_TRUE(rows.Has(2, 11, 30));
  EXPECT_FALSE(rows.Has(2, 11, 29));
  EXPECT_EQ(rows.LowerBound(15), 1u);
  EXPECT_EQ(rows.LowerBound(31), 4u);
}

TEST(RowsTest, AgreesWithAMap) {
  for (const uint64_t seed : {1u, 2u, 3u, 4u}) {
    Prng prng(seed);
    Rows rows;
    std::map<uint32_t, std::map<int64_t, double>> model;
    uint32_t width = 1;
    for (int i = 0; i < 3000; ++i) {
      if (prng.Chance(1)) width = std::min(40u, width + 1);
      const uint32_t ordinal = static_cast<uint32_t>(prng.Below(width));
      const int64_t time_ms = static_cast<int64_t>(prng.Below(200)) - 100;
      const bool is_new = model[ordinal].emplace(time_ms, i).second;
      ASSERT_EQ(rows.Put(time_ms, ordinal, width, i), is_new) << "seed " << seed;
    }
    for (const auto& [ordinal, samples] : model) {
      std::vector<Sample> expected;
      for (const auto& [time_ms, value] : samples) expected.push_back({FromUnixMs(time_ms), value});
      ASSERT_EQ(Column(rows, ordinal), Text(expected)) << "seed " << seed;
    }
  }
}

TEST(RowsTest, ToBlockLeavesEmptyColumnsOut) {
  Rows rows;
  rows.Put(10, 0, 3, 1);
  rows.Put(20, 2, 3, 2);
  rows.Put(30, 1, 3, 3);
  const Block block = rows.ToBlock(0, 2, 2);
  EXPECT_EQ(block.times_ms, (std::vector<int64_t>{10, 20}));
  ASSERT_EQ(block.columns.size(), 2u);
  EXPECT_EQ(block.columns[0].ordinal, 0u);
  EXPECT_FALSE(block.columns[0].is_count);
  EXPECT_EQ(block.columns[0].present, (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ(block.columns[1].ordinal, 2u);
  EXPECT_TRUE(block.columns[1].is_count);
  EXPECT_EQ(block.columns[1].values[1], 2);
}

// "newest spacing ended".
std::string Text(const Tail& tail) {
  if (tail.newest_ms == kNever) return "never";
  return std::to_string(tail.newest_ms) + " " + std::to_string(tail.SpacingMs()) +
         (tail.ended ? " ended" : "");
}

TEST(TailTest, FollowsRows) {
  Tail tail;
  EXPECT_EQ(Text(tail), "never");
  tail.Add(100, false);
  EXPECT_EQ(Text(tail), "100 0");
  tail.Add(110, false);
  EXPECT_EQ(Text(tail), "110 10");
  tail.Add(105, true);
  EXPECT_EQ(Text(tail), "110 10") << "late";
  tail.Add(140, true);
  EXPECT_EQ(Text(tail), "140 10 ended") << "the lower of two in the middle";
  tail.Add(140, true);
  EXPECT_EQ(Text(tail), "140 10 ended");
  tail.Add(140, false);
  EXPECT_EQ(Text(tail), "140 10") << "a member goes on";
  for (int64_t at = 200; at <= 500; at += 60) tail.Add(at, false);
  EXPECT_EQ(Text(tail), "500 60") << "old distances are forgotten";
  tail.Add(int64_t{1} << 40, false);
  EXPECT_EQ(Text(tail), "1099511627776 60") << "one gap changes nothing";
}

TEST(TailTest, MergesBothWays) {
  Tail early;
  for (const int64_t at : {10, 20, 30}) early.Add(at, false);
  Tail late;
  for (const int64_t at : {35, 40}) late.Add(at, at == 40);
  for (const bool swapped : {false, true}) {
    Tail merged = swapped ? late : early;
    merged.Merge(swapped ? early : late);
    EXPECT_EQ(Text(merged), "40 5 ended") << swapped;
    EXPECT_EQ(merged.distances, 4) << swapped;
  }
  Tail same;
  same.Add(40, false);
  late.Merge(same);
  EXPECT_EQ(Text(late), "40 5") << "a member in the other goes on";
  late.Merge(Tail{});
  EXPECT_EQ(Text(late), "40 5");
  Tail none;
  none.Merge(early);
  EXPECT_EQ(Text(none), "30 10");
}

TEST(HeadTest, FrozenAndLiveReadAsOne) {
  Head head;
  const Index::Place place{FamilyId{3}, 0};
  const auto apply = [&](int64_t at, double value) {
    head.Apply({ColumnId{0}, at, value}, place, 1);
  };
  const auto collect = [&] {
    std::vector<Sample> samples;
    head.Collect(place, 0, 1000, &samples);
    return Text(samples);
  };
  apply(10, 1);
  apply(30, 3);
  head.Freeze();
  EXPECT_EQ(head.live_samples(), 0u);
  EXPECT_EQ(head.samples(), 2u);
  EXPECT_EQ(collect(), "10=1 30=3 ");
  apply(40, 4);
  EXPECT_EQ(collect(), "10=1 30=3 40=4 ");
  apply(20, 2);
  EXPECT_EQ(collect(), "10=1 20=2 30=3 40=4 ") << "late, behind frozen rows";
  EXPECT_EQ(head.FindLive(place, 10), std::nullopt);
  EXPECT_EQ(head.frozen()->Find(place, 10), 1);
  EXPECT_EQ(head.FindLive(place, 20), 2);
  EXPECT_TRUE(head.Has(place, 10, 10));
  EXPECT_TRUE(head.Has(place, 20, 20));
  EXPECT_FALSE(head.Has({FamilyId{2}, 0}, 0, 1000));
  EXPECT_FALSE(head.Has({FamilyId{99}, 0}, 0, 1000));
  const auto frozen = head.frozen();
  head.Forget();
  EXPECT_EQ(collect(), "20=2 40=4 ");
  EXPECT_EQ(frozen->samples, 2u) << "whoever looked at it keeps it";
  EXPECT_EQ(Text(head.TailOf(place.family)), "40 10") << "tails stay";
}

}  // namespace
}  // namespace nines::tsdb
