// A disk that runs full under load, at any byte, and what follows: room again, a kill, a power cut.
//
// Goal: what was acknowledged is there, with its value and once; nothing is there that was not
// sent; the store works again without being opened anew, and after a kill while the disk was full.
// Method: a disk in memory whose room is drawn from the seed; commits, checkpoints and compactions
// run into its end; each is compared with a map.
#include <gtest/gtest.h>

#include <map>

#include "base/prng.h"
#include "tests/support/fault_fs.h"
#include "tsdb/store.h"

namespace nines::tsdb {
namespace {

constexpr int64_t kNoonMs = 1795867200000;
constexpr int kSeries = 30;

class DiskFullTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  DiskFullTest() : prng_(GetParam()) {
    options_.path = "/data";
    options_.env = disk_.env();
    options_.checkpoint_interval = Duration{1};
  }
  ~DiskFullTest() override { store_.reset(); }

  bool Open() {
    store_.reset();
    auto opened = Store::Open(options_);
    if (!opened) {
      EXPECT_EQ(opened.error().code, Code::kUnavailable) << opened.error().message;
      return false;
    }
    store_ = *std::move(opened);
    return true;
  }

  // A request with a sample of every series; late ones and new series among them.
  bool Put() {
    ++row_;
    std::vector<Append> samples;
    std::vector<std::pair<int, int64_t>> keys;
    for (int i = 0; i < kSeries; ++i) {
      const int series = i == 0 ? static_cast<int>(row_ / 5) + kSeries : i;
      const Labels labels{{"__name__", "x"}, {"i", std::to_string(series)}};
      const auto id = store_->Register(store_->Hash(labels.ToString()), labels);
      EXPECT_TRUE(id) << id.error().message;
      if (!id) return false;
      const int64_t late = i == 1 && row_ % 7 == 0 ? 3 : 0;
      const int64_t time_ms = kNoonMs + (row_ - late) * 60'000 + late;
      samples.push_back({*id, time_ms, static_cast<double>(series * 1000 + row_) * 0.37});
      keys.emplace_back(series, time_ms);
    }
    now_ = FromUnixMs(kNoonMs + row_ * 60'000);
    const auto report = store_->Append(samples, now_);
    for (size_t i = 0; i < keys.size(); ++i) {
      sent_[keys[i].first][keys[i].second] = samples[i].value;
      if (report) acknowledged_[keys[i].first][keys[i].second] = samples[i].value;
    }
    if (!report) {
      EXPECT_EQ(report.error().code, Code::kUnavailable) << report.error().message;
      return false;
    }
    EXPECT_TRUE(report->refused.empty());
    return true;
  }

  void Check() {
    size_t found = 0;
    const auto series = store_->Select({}, FromUnixMs(0), FromUnixMs(2 * kNoonMs));
    ASSERT_TRUE(series) << series.error().message;
    for (const Series& one : *series) {
      const int i = std::stoi(std::string(one.labels.Get("i")));
      const auto read = store_->Read({&one.id, 1}, FromUnixMs(0), FromUnixMs(2 * kNoonMs));
      ASSERT_TRUE(read) << read.error().message;
      int64_t before = 0;
      for (const Sample& sample : read->at(0)) {
        const int64_t time_ms = ToUnixMs(sample.at);
        ASSERT_GT(time_ms, before) << "doubled";
        before = time_ms;
        const auto at = sent_[i].find(time_ms);
        ASSERT_TRUE(at != sent_[i].end() && at->second == sample.value) << "invented";
        found += acknowledged_[i].contains(time_ms) ? 1 : 0;
      }
    }
    size_t wanted = 0;
    for (const auto& [i, samples] : acknowledged_) wanted += samples.size();
    EXPECT_EQ(found, wanted) << "lost";
  }

  // Until the disk refuses something, and a while longer.
  void RunIntoTheEnd() {
    disk_.LimitSpace(prng_.Below(30'000));
    int refused = 0;
    for (int i = 0; i < 400 && refused < 5; ++i) {
      if (!Put()) ++refused;
      if (prng_.Chance(20) && !store_->Maintain(now_)) ++refused;
    }
    EXPECT_GE(refused, 5) << "the disk never was full";
  }

  void CheckWorks() {
    const Result<void> well = store_->Maintain(now_);
    ASSERT_TRUE(well) << well.error().message;
    EXPECT_TRUE(Put()) << "after there is room";
    ASSERT_NO_FATAL_FAILURE(Check());
  }

  Prng prng_;
  test::FaultFs disk_;
  Options options_;
  std::unique_ptr<Store> store_;
  std::map<int, std::map<int64_t, double>> sent_;
  std::map<int, std::map<int64_t, double>> acknowledged_;
  int64_t row_ = 0;
  Time now_{};
};

TEST_P(DiskFullTest, RoomAgainWithoutARestart) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  ASSERT_TRUE(Open());
  for (int i = 0; i < 2; ++i) {
    RunIntoTheEnd();
    ASSERT_NO_FATAL_FAILURE(Check()) << "reading goes on";
    EXPECT_FALSE(store_->needs_restart());
    disk_.FreeSpace();
    ASSERT_NO_FATAL_FAILURE(CheckWorks());
  }
  ASSERT_TRUE(Open());
  ASSERT_NO_FATAL_FAILURE(Check());
}

// A checkpoint after that drops no journal before its rows are on the disk.
TEST_P(DiskFullTest, PowerCutAtAnyChangeAfterThereIsRoom) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  ASSERT_TRUE(Open());
  for (uint64_t change = GetParam() - 1; change < 32; change += 4) {
    SCOPED_TRACE("change " + std::to_string(change));
    RunIntoTheEnd();
    disk_.FreeSpace();
    ASSERT_NO_FATAL_FAILURE(CheckWorks());
    for (int row = 0; row < 20; ++row) EXPECT_TRUE(Put());
    disk_.PowerCutIn(change);
    (void)store_->Maintain(now_);
    if (!disk_.is_down()) disk_.PowerCut();
    store_.reset();
    disk_.Restore();
    ASSERT_TRUE(Open());
    ASSERT_NO_FATAL_FAILURE(Check());
  }
}

TEST_P(DiskFullTest, KilledWhileFull) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  ASSERT_TRUE(Open());
  for (int i = 0; i < 2; ++i) {
    RunIntoTheEnd();
    if (prng_.Chance(50)) {  // Started again before anybody made room.
      for (int times = 0; times < 3; ++times) {
        if (!Open()) continue;
        ASSERT_NO_FATAL_FAILURE(Check());
        (void)Put();
      }
    }
    store_.reset();
    disk_.FreeSpace();
    ASSERT_TRUE(Open());
    ASSERT_NO_FATAL_FAILURE(Check());
    ASSERT_NO_FATAL_FAILURE(CheckWorks());
  }
}

TEST_P(DiskFullTest, PowerCutWhileFull) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  ASSERT_TRUE(Open());
  for (int i = 0; i < 2; ++i) {
    RunIntoTheEnd();
    disk_.PowerCutKeeping(prng_.Below(100));
    store_.reset();
    disk_.Restore();
    disk_.FreeSpace();
    ASSERT_TRUE(Open());
    ASSERT_NO_FATAL_FAILURE(Check());
    ASSERT_NO_FATAL_FAILURE(CheckWorks());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, DiskFullTest, ::testing::Range<uint64_t>(1, 5));

}  // namespace
}  // namespace nines::tsdb
