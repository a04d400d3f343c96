#include "tsdb/starts.h"

#include "tests/tsdb/hex.h"
#include "tests/tsdb/store_fixture.h"

namespace nines::tsdb {
namespace {

const Labels kUp{{"__name__", "up"}};

StartTime At(int64_t start_ms, int64_t first_ms) {
  return {FromUnixMs(start_ms), FromUnixMs(first_ms)};
}

std::string Text(const std::vector<StartTime>& starts) {
  std::string text;
  for (const StartTime& one : starts) {
    if (!text.empty()) text += ' ';
    text += std::to_string(ToUnixMs(one.start)) + "@" + std::to_string(ToUnixMs(one.first_sample));
  }
  return text;
}

TEST(Starts, BytesAreThoseOfFormatMd) {
  const std::vector<StartTime> starts = {At(1000, 3000), At(8000, 9000)};
  const std::string bytes = EncodeStarts(starts);
  EXPECT_EQ(ToHex(bytes), ToHex(BytesOf("tsdb/FORMAT.md", "starts")));
  EXPECT_EQ(*DecodeStarts(bytes), starts);
}

TEST(Starts, RefusesWhatNoWriterWrites) {
  const std::string bytes = EncodeStarts({At(1000, 3000), At(8000, 9000)});
  const auto check = [](const std::string& damaged, const char* what) {
    const auto decoded = DecodeStarts(damaged);
    ASSERT_FALSE(decoded) << what;
    EXPECT_EQ(decoded.error().code, Code::kCorrupt) << what;
  };
  for (size_t size = 0; size < bytes.size(); ++size) check(bytes.substr(0, size), "prefix");
  check(bytes + '\0', "a byte too many");
  check("\x02" + bytes.substr(1), "version 2");
  check(std::string("\x01\x00", 2), "none");
  check(std::string("\x01\x01\x02\x00", 4), "a start at its sample");
  check(std::string("\x01\x02\x08\x08\x01\x02", 6), "samples that run backwards");
  std::vector<StartTime> many;
  for (int64_t i = 1; i <= int64_t{kStartsMax}; ++i) many.push_back(At(i * 10, i * 10 + 5));
  EXPECT_TRUE(DecodeStarts(EncodeStarts(many)));
  many.push_back(At(5000, 6000));
  check(EncodeStarts(many), "one too many");
}

TEST(Starts, Add) {
  std::vector<StartTime> starts;
  const auto add = [&](int64_t start_ms, int64_t time_ms) {
    return AddStart(FromUnixMs(start_ms), FromUnixMs(time_ms), &starts);
  };
  EXPECT_TRUE(add(100, 200));
  EXPECT_FALSE(add(100, 200));
  EXPECT_FALSE(add(100, 300)) << "a later sample of the same";
  EXPECT_TRUE(add(400, 500));
  EXPECT_TRUE(add(100, 150)) << "an earlier one";
  EXPECT_TRUE(add(210, 320)) << "between";
  EXPECT_EQ(Text(starts), "100@150 210@320 400@500");
}

TEST(Starts, TheNewestAreKept) {
  std::vector<StartTime> starts;
  for (int64_t i = 1; i <= int64_t{kStartsMax}; ++i) {
    EXPECT_TRUE(AddStart(FromUnixMs(i * 10), FromUnixMs(i * 10 + 5), &starts));
  }
  EXPECT_EQ(starts.size(), kStartsMax);
  EXPECT_FALSE(AddStart(FromUnixMs(1), FromUnixMs(2), &starts)) << "older than all";
  EXPECT_TRUE(AddStart(FromUnixMs(5000), FromUnixMs(6000), &starts));
  EXPECT_EQ(starts.size(), kStartsMax);
  EXPECT_EQ(ToUnixMs(starts.front().start), 20);
  EXPECT_EQ(ToUnixMs(starts.back().start), 5000);
}

class StoreStartsTest : public StoreFixture {
 protected:
  void PutWithStart(int64_t time_ms, double value, int64_t start_ms) {
    const Append sample{Id(kUp), time_ms, value};
    const Start start{0, start_ms};
    const auto report =
        store_->Append(Writes{.samples = {&sample, 1}, .sample_starts = {&start, 1}}, now_);
    ASSERT_TRUE(report) << report.error().message;
  }
  std::string Starts(ColumnId column) {
    const auto starts = store_->Starts(column);
    if (!starts) return starts.error().message;
    std::string text;
    for (const StartTime& one : *starts) {
      text += std::to_string(ToUnixMs(one.start) - kNoonMs) + "@" +
              std::to_string(ToUnixMs(one.first_sample) - kNoonMs) + " ";
    }
    return text;
  }
  template <class Check>
  void Everywhere(Check check) {
    check("as written");
    Crash();
    check("replayed");
    Checkpoint();
    check("after a checkpoint");
    CloseAndOpen();
    check("reopened");
  }
};

TEST_F(StoreStartsTest, AreKeptWithTheirFirstSample) {
  Open();
  PutWithStart(kNoonMs, 1, kNoonMs - 5000);
  PutWithStart(kNoonMs + 1000, 2, kNoonMs - 5000);
  Crash();  // What is known of a column has to be found again.
  PutWithStart(kNoonMs + 2000, 3, kNoonMs - 5000);
  PutWithStart(kNoonMs + 3000, 1, kNoonMs + 2500);
  PutWithStart(kNoonMs - 1000, 1, kNoonMs - 5000);
  Everywhere(
      [&](const char* when) { EXPECT_EQ(Starts(Id(kUp)), "-5000@-1000 2500@3000 ") << when; });
}

TEST_F(StoreStartsTest, WhatSaysNothingIsLeftOut) {
  Open();
  PutWithStart(kNoonMs, 1, 0);
  PutWithStart(kNoonMs + 1000, 1, kNoonMs + 1000);
  PutWithStart(kNoonMs + 2000, 1, kNoonMs + 9000);
  PutWithStart(kNoonMs + 3000, 1, -7);
  Everywhere([&](const char* when) {
    EXPECT_EQ(Starts(Id(kUp)), "") << when;
    EXPECT_EQ(Read(kUp), "0=1 1000=1 2000=1 3000=1") << when;
  });
}

TEST_F(StoreStartsTest, OfWhatIsRefusedNothingIsKept) {
  Open();
  const ColumnId up = Id(kUp);
  const ColumnId x = HistogramId(Labels{{"__name__", "x"}});
  PutWithStart(kNoonMs, 1, kNoonMs - 100);
  const std::string bytes = Encoded(ExampleHistogram());
  const std::vector<Append> samples = {
      {up, kNoonMs, 7}, {up, kNoonMs + 1000, 8}, {up, kNoonMs + 2000, 9}};
  const std::vector<AppendHistogram> histograms = {{x, kNoonMs + 2 * kDayMs, bytes},
                                                   {x, kNoonMs, bytes}};
  const std::vector<Start> starts = {{0, kNoonMs - 90}, {2, kNoonMs + 1500}};
  const std::vector<Start> histogram_starts = {{0, kNoonMs - 80}, {1, kNoonMs - 70}};
  const auto report = store_->Append(Writes{.samples = samples,
                                            .histograms = histograms,
                                            .sample_starts = starts,
                                            .histogram_starts = histogram_starts},
                                     now_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->refused.size(), 1u);
  EXPECT_EQ(report->refused_histograms.size(), 1u);
  Everywhere([&](const char* when) {
    EXPECT_EQ(Starts(up), "-100@0 1500@2000 ") << when;
    EXPECT_EQ(Starts(x), "-70@0 ") << when;
  });
}

TEST_F(StoreStartsTest, ManyOfOneColumnAreBounded) {
  Open();
  for (int64_t i = 0; i < 2 * int64_t{kStartsMax}; ++i) {
    PutWithStart(kNoonMs + i * 1000, 1, kNoonMs + i * 1000 - 1);
    if (i == 40) Crash();
  }
  Everywhere([&](const char* when) {
    const auto starts = store_->Starts(Id(kUp));
    ASSERT_TRUE(starts) << when;
    EXPECT_EQ(starts->size(), kStartsMax) << when;
    EXPECT_EQ(ToUnixMs(starts->back().first_sample) - kNoonMs, 63000) << when;
  });
}

// What a failed commit noted is written with the next.
TEST(StartKeeper, IsGivenAgainUntilItIsSettled) {
  std::map<std::string, std::string> records;
  StartKeeper keeper([&](const std::string& key) { return Result<std::string>(records[key]); });
  const auto changes = [&] {
    std::vector<Change> all;
    keeper.AddChanges(&all);
    return all;
  };
  ASSERT_TRUE(keeper.Take(ColumnId{3}, 200, 100));
  ASSERT_EQ(changes().size(), 1u);
  ASSERT_TRUE(keeper.Take(ColumnId{3}, 400, 300));
  const auto again = changes();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(Text(*DecodeStarts(*again[0].value)), "100@200 300@400");
  records[again[0].key] = *again[0].value;
  keeper.Settle();
  EXPECT_TRUE(changes().empty());
  ASSERT_TRUE(keeper.Take(ColumnId{3}, 500, 300));
  ASSERT_TRUE(keeper.Take(ColumnId{3}, 350, 100)) << "late, of the one before";
  EXPECT_TRUE(changes().empty());
}

TEST(StartKeeper, WhatCannotBeReadIsAnError) {
  StartKeeper keeper([](const std::string&) {
    return Result<std::string>(Error{Code::kUnavailable, "sick"});
  });
  EXPECT_FALSE(keeper.Take(ColumnId{1}, 200, 100));
  std::vector<Change> changes;
  keeper.AddChanges(&changes);
  EXPECT_TRUE(changes.empty());
  EXPECT_TRUE(keeper.Take(ColumnId{1}, 200, 200)) << "says nothing, and asks nothing";
}

}  // namespace
}  // namespace nines::tsdb
