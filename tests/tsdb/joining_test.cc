#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "tests/tsdb/contents.h"
#include "tests/tsdb/hex.h"
#include "tests/tsdb/store_fixture.h"
#include "tsdb/bytes.h"

// Days that are over become chunks: written once, equal to what was there, beside what comes late.

namespace nines::tsdb {
namespace {

constexpr int64_t kMidnightMs = kNoonMs - kDayMs / 2;
constexpr const char* kName = "chunks.2026-11-28";

Labels Bucket(const std::string& le) {
  return {{"__name__", "x_bucket"}, {"job", "a"}, {"le", le}};
}
const Labels kCount{{"__name__", "x_count"}, {"job", "a"}};
const Labels kUp{{"__name__", "up"}, {"job", "a"}};

// Of the key of a summary.
struct Where {
  uint32_t family;
  int slot;
};
Where WhereOf(const std::string& key) {
  ByteReader reader(key);
  EXPECT_EQ(reader.U8(), 's');
  const uint32_t family = reader.U32Be();
  return {family, reader.U16Be()};
}

class JoiningTest : public StoreFixture {
 protected:
  // A histogram and a gauge every `step_ms` from midnight on, a checkpoint an hour.
  void FillDay(int64_t step_ms, int64_t length_ms = kDayMs) {
    now_ = FromUnixMs(kMidnightMs + kDayMs);
    double n = 0;
    for (int64_t at = 0; at < length_ms; at += step_ms, n += 3) {
      if (at > 0 && at % (60 * kMinuteMs) == 0) Checkpoint();
      ASSERT_EQ(Put(Bucket("0.1"), kMidnightMs + at, n), "stored");
      ASSERT_EQ(Put(Bucket("+Inf"), kMidnightMs + at, n * 2), "stored");
      ASSERT_EQ(Put(kCount, kMidnightMs + at, n * 2), "stored");
      ASSERT_EQ(Put(kUp, kMidnightMs + at, at % (100 * kMinuteMs) == 0 ? 0 : 1.5), "stored");
    }
    Checkpoint();
  }
  // Maintains so many times.
  void Join(int calls = 1, Duration after = std::chrono::hours{2}) {
    for (int i = 0; i < calls; ++i) {
      const Result<void> done = store_->Maintain(FromUnixMs(kMidnightMs + kDayMs) + after);
      ASSERT_TRUE(done) << done.error().message;
    }
  }
  std::vector<std::string> ChunkNames() {
    store_.reset();
    std::vector<std::string> names;
    for (const auto& [name, records] : ReadContents(options_.path)) {
      if (name.starts_with("chunks.")) names.push_back(name);
    }
    Open();
    return names;
  }
  // The slots of the fragments of a day, by family.
  std::map<uint32_t, std::vector<int>> Slots(const std::string& name) {
    store_.reset();
    Contents contents = ReadContents(options_.path);
    Open();
    std::map<uint32_t, std::vector<int>> slots;
    for (const auto& [key, value] : contents[name]) {
      if (key[0] != 's') continue;
      const Where where = WhereOf(key);
      slots[where.family].push_back(where.slot);
      EXPECT_TRUE(contents[name].contains('d' + key.substr(1)));
    }
    return slots;
  }
  std::string Everything() {
    std::string text;
    for (const Labels& series : {Bucket("0.1"), Bucket("+Inf"), kCount, kUp}) {
      text += Read(series) + "\n";
      for (const int64_t width_ms : {7 * kMinuteMs, 50 * kMinuteMs, 5 * 60 * kMinuteMs}) {
        for (int64_t to = -kDayMs / 2; to < kDayMs; to += 111 * kMinuteMs) {
          text += WindowText(series, kNoonMs + to - width_ms, kNoonMs + to) + "\n";
          text += Read(series, kNoonMs + to - width_ms, kNoonMs + to) + "\n";
        }
      }
    }
    for (int64_t at = -kDayMs; at < 2 * kDayMs; at += 97 * kMinuteMs) {
      text += Select("", kNoonMs + at, kNoonMs + at + 13 * kMinuteMs) + "\n";
    }
    const auto families = store_->Families("x", {});
    EXPECT_TRUE(families);
    text += std::to_string(ToUnixMs(*families->at(0).newest)) + " " +
            std::to_string(families->at(0).spacing.count()) + "\n";
    return text;
  }
};

TEST_F(JoiningTest, OneChunkAUnitAndTheSameAnswers) {
  Open();
  FillDay(10 * kMinuteMs);
  const std::string before = Everything();
  Join();
  EXPECT_EQ(Everything(), before);
  EXPECT_EQ(ChunkNames(), (std::vector<std::string>{std::string(kName) + ".1"}));
  const auto slots = Slots(std::string(kName) + ".1");
  EXPECT_EQ(slots.size(), 2u);
  for (const auto& [family, of_family] : slots) {
    EXPECT_EQ(of_family, (std::vector<int>{0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44})) << family;
  }
  EXPECT_EQ(Everything(), before) << "reopened";
  store_.reset();
  const std::string mark = ReadContents(options_.path)[std::string(kName) + ".1"]["j"];
  EXPECT_EQ(ToHex(mark), ToHex(BytesOf("tsdb/FORMAT.md", "joined-mark")));
  for (const auto& entry : std::filesystem::directory_iterator(options_.path)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("JOINING")) << entry.path();
  }
}

// More rows than one chunk of a unit has: as many chunks as slots.
TEST_F(JoiningTest, ManyRowsStayInTheirSlots) {
  Open();
  now_ = FromUnixMs(kNoonMs);
  std::vector<Append> samples;
  const ColumnId id = Id(kUp);
  // 512 rows in the unit at 08:00, 513 in that at 10:00.
  for (const auto& [start_ms, rows] : {std::pair(int64_t{8}, 512), std::pair(int64_t{10}, 513)}) {
    for (int i = 0; i < rows; ++i) {
      samples.push_back({id, kMidnightMs + start_ms * 60 * kMinuteMs + i * 14'000, i * 1.0});
    }
  }
  ASSERT_EQ(store_->Append(samples, now_)->stored, samples.size());
  Checkpoint();
  const std::string before = Read(kUp);
  Join();
  EXPECT_EQ(Read(kUp), before);
  EXPECT_EQ(Slots(std::string(kName) + ".1").at(0), (std::vector<int>{16, 20, 21, 22, 23}));
}

// Not before an hour has passed, nor while rows are still coming.
TEST_F(JoiningTest, WaitsForTheEndAndForQuiet) {
  Open();
  FillDay(60 * kMinuteMs);
  Join(2, std::chrono::minutes{59});
  EXPECT_EQ(ChunkNames(), std::vector<std::string>{kName});
  Join(1, std::chrono::minutes{61});
  EXPECT_EQ(ChunkNames(), std::vector<std::string>{std::string(kName) + ".1"});

  // A day in the past, rows of which came just now.
  const Labels past{{"__name__", "past"}};
  const std::vector<std::string> both = {"chunks.2026-11-23", std::string(kName) + ".1"};
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Put(past, kMidnightMs - 5 * kDayMs + i, 1), "stored");
    Checkpoint();
    ASSERT_TRUE(store_->Maintain(upkeep_ + std::chrono::minutes{4}));
  }
  store_.reset();
  EXPECT_TRUE(ReadContents(options_.path).contains(both[0]));
  Open();
}

// What a checkpoint brings while a day is joined step by step is taken along.
TEST_F(JoiningTest, LateRowsWhileJoining) {
  options_.join_bytes = 1;
  Open();
  FillDay(20 * kMinuteMs, kDayMs - 20 * kMinuteMs);
  const std::string before = Everything();
  Join(10);
  EXPECT_EQ(Everything(), before) << "in the middle";
  const Labels late{{"__name__", "late"}, {"job", "a"}};
  ASSERT_EQ(Put(late, kMidnightMs + 60 * kMinuteMs, 7), "stored");
  ASSERT_EQ(Put(kUp, kMidnightMs + kDayMs - 19 * kMinuteMs, 8), "stored");
  Join(60);
  EXPECT_EQ(Read(late), std::to_string(-11 * 60 * kMinuteMs) + "=7");
  EXPECT_NE(Read(kUp).find(std::to_string(12 * 60 * kMinuteMs - 19 * kMinuteMs) + "=8"),
            std::string::npos);
  EXPECT_EQ(ChunkNames(), std::vector<std::string>{std::string(kName) + ".1"});
  EXPECT_EQ(Read(late), std::to_string(-11 * 60 * kMinuteMs) + "=7");
  EXPECT_NE(Read(kUp).find(std::to_string(12 * 60 * kMinuteMs - 19 * kMinuteMs) + "=8"),
            std::string::npos);
}

// Few late rows stand beside the chunks; many of them have the day joined again.
TEST_F(JoiningTest, JoinsAgainWhenThereIsMuchBesideTheChunks) {
  Open();
  FillDay(5 * kMinuteMs);
  Join();
  EXPECT_EQ(ChunkNames(), std::vector<std::string>{std::string(kName) + ".1"});
  const Labels late{{"__name__", "late"}, {"job", "a"}};
  now_ = FromUnixMs(kMidnightMs + kDayMs + 2 * 60 * kMinuteMs);
  Put(late, kMidnightMs + kMinuteMs, 1);
  Checkpoint();
  Join(3, std::chrono::hours{4});
  EXPECT_EQ(ChunkNames(), std::vector<std::string>{std::string(kName) + ".1"}) << "few";
  EXPECT_EQ(Read(late), std::to_string(-12 * 60 * kMinuteMs + kMinuteMs) + "=1");
  const std::string up = Read(kUp);
  std::vector<Append> samples;
  for (int i = 0; i < 4000; ++i) {
    samples.push_back({Id(late), kMidnightMs + 2 * kMinuteMs + i * 1000, std::sqrt(i)});
  }
  ASSERT_EQ(store_->Append(samples, now_)->stored, samples.size());
  Checkpoint();
  const std::string lines = Read(late);
  Join(3, std::chrono::hours{4});
  EXPECT_EQ(ChunkNames(), std::vector<std::string>{std::string(kName) + ".2"}) << "many";
  EXPECT_EQ(Read(late), lines);
  EXPECT_EQ(Read(kUp), up);
  Join(3, std::chrono::hours{5});
  EXPECT_EQ(ChunkNames(), std::vector<std::string>{std::string(kName) + ".2"}) << "and rests then";
}

// A day that is not over, in very many files.
TEST_F(JoiningTest, JoinsADayInVeryManyFiles) {
  Open();
  for (int i = 0; i < 98; ++i) {
    Put(kUp, kNoonMs + i * 1000, i);
    Checkpoint();
  }
  const std::string before = Read(kUp);
  EXPECT_EQ(ChunkNames(), std::vector<std::string>{std::string(kName) + ".1"});
  EXPECT_EQ(Read(kUp), before);
  Put(kUp, kNoonMs + 200 * 1000, 7);
  EXPECT_EQ(Read(kUp), before + " 200000=7");
  EXPECT_EQ(Put(kUp, kNoonMs + 50 * 1000, 50), "repeated");
  EXPECT_EQ(Put(kUp, kNoonMs + 50 * 1000, 51), "duplicate sample for timestamp");
}

TEST_F(JoiningTest, TheRetentionDropsAJoinedDayAndOneThatIsBeingJoined) {
  options_.retention = std::chrono::hours{48};
  options_.join_bytes = 1;
  Open();
  FillDay(20 * kMinuteMs);
  Join(3);
  EXPECT_FALSE(Read(kUp).empty());
  ASSERT_TRUE(store_->Maintain(FromUnixMs(kMidnightMs + 3 * kDayMs)));
  EXPECT_EQ(Read(kUp), "");
  EXPECT_EQ(ChunkNames(), std::vector<std::string>{});
}

// Not where the disk is nearly full: see Options::min_free.
TEST_F(JoiningTest, WaitsForRoom) {
  DiskSpace space{.free = 100, .total = 1000};
  options_.disk_space = [&](const std::string&) { return space; };
  options_.min_free = {.bytes = 50, .percent = 100};
  Open();
  FillDay(60 * kMinuteMs);
  space.free = 10;
  Join(1, std::chrono::hours{2});
  EXPECT_EQ(ChunkNames(), std::vector<std::string>{kName});
  space.free = 100;
  Join(1, std::chrono::hours{3});
  EXPECT_EQ(ChunkNames(), std::vector<std::string>{std::string(kName) + ".1"});
}

TEST_F(JoiningTest, Metrics) {
  prometheus::Registry registry;
  options_.registry = &registry;
  Open();
  FillDay(20 * kMinuteMs);
  Join();
  const std::string text = prometheus::TextSerializer().Serialize(registry.Collect());
  EXPECT_NE(text.find("nines_tsdb_joined_days_total 1\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("nines_tsdb_joined_bytes_total 0\n"), std::string::npos) << text;
  store_.reset();
}

}  // namespace
}  // namespace nines::tsdb
