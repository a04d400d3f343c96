#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/support/fault_fs.h"
#include "tests/tsdb/store_fixture.h"

// The power goes or a sync fails at each single step of joining a day, and of joining it again:
// what was acknowledged is there, once.

namespace nines::tsdb {
namespace {

class JoiningCrashTest : public ::testing::Test {
 protected:
  JoiningCrashTest() {
    options_.path = "/data";
    options_.env = disk_->env();
    options_.checkpoint_interval = Duration{1};
    options_.out_of_order_window = std::chrono::hours{48};
  }
  ~JoiningCrashTest() override { store_.reset(); }

  void NewDisk() {
    store_.reset();
    disk_ = std::make_unique<test::FaultFs>();
    options_.env = disk_->env();
    options_.join_bytes = 40;
    sent_.clear();
    now_ = FromUnixMs(kNoonMs);
    Open();
  }
  void Open() {
    auto opened = Store::Open(options_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void Put(const std::string& name, int64_t time_ms, double value) {
    const Labels series{{"__name__", name}};
    const auto id = store_->Register(store_->Hash(name), series);
    ASSERT_TRUE(id);
    const Append sample{*id, time_ms, value};
    const auto report = store_->Append({&sample, 1}, now_);
    if (!report) {
      unsure_[{name, time_ms}] = value;
      return;
    }
    ASSERT_EQ(report->stored, 1u);
    sent_[{name, time_ms}] = value;
  }
  // Two days of two families in a few fragments each.
  void Fill() {
    for (int i = 0; i < 12; ++i) {
      const int64_t at = kNoonMs - 3 * kDayMs + i * 240 * kMinuteMs;
      Put("a", at, i);
      Put("b", at + 1, -i);
      if (i % 4 == 3) Maintain();
    }
  }
  // Many late cells, so that the first day is joined again.
  void FillLate() {
    std::vector<Append> samples;
    const ColumnId id = *store_->Register(store_->Hash("b"), Labels{{"__name__", "b"}});
    for (int i = 0; i < 2500; ++i) {
      samples.push_back({id, kNoonMs - 3 * kDayMs + i * 1000 + 2, std::sqrt(i)});
    }
    const bool stored = static_cast<bool>(store_->Append(samples, now_));
    for (const Append& one : samples) (stored ? sent_ : unsure_)[{"b", one.time_ms}] = one.value;
  }
  void Maintain() {
    now_ += std::chrono::minutes{6};
    (void)store_->Maintain(now_);
  }

  void CheckAll() {
    std::map<std::pair<std::string, int64_t>, double> stored;
    for (const std::string name : {"a", "b"}) {
      const auto id = store_->Register(store_->Hash(name), Labels{{"__name__", name}});
      const WindowQuery all{*id, FromUnixMs(0), FromUnixMs(2 * kNoonMs)};
      const auto read = store_->Read({&*id, 1}, all.from, all.to);
      const auto windows = store_->Windows({&all, 1});
      ASSERT_TRUE(read && windows);
      ASSERT_EQ(windows->at(0).count, read->at(0).size());
      for (const Sample& sample : read->at(0)) {
        stored[{name, ToUnixMs(sample.at)}] = sample.value;
      }
    }
    for (const auto& [key, value] : sent_) {
      const auto at = stored.find(key);
      ASSERT_NE(at, stored.end()) << "lost " << key.first << " " << key.second;
      ASSERT_EQ(at->second, value);
      stored.erase(at);
    }
    for (const auto& [key, value] : unsure_) {
      const auto at = stored.find(key);
      if (at == stored.end()) continue;
      ASSERT_EQ(at->second, value);
      stored.erase(at);
    }
    ASSERT_TRUE(stored.empty()) << "invented " << stored.begin()->first.second;
  }

  // After a power cut, and after the upkeep that follows.
  void CutAndCheck() {
    if (!disk_->is_down()) disk_->PowerCut();
    store_.reset();
    disk_->Restore();
    Open();
    CheckAll();
    for (int i = 0; i < 8; ++i) Maintain();
    CheckAll();
  }

  // Joins both days, then the first one again, with a late row in the middle.
  void JoinTwice() {
    for (int i = 0; i < 7; ++i) Maintain();
    FillLate();
    for (int i = 0; i < 4; ++i) Maintain();
    Put("a", kNoonMs - 3 * kDayMs + 77, 0.5);
    for (int i = 0; i < 8; ++i) Maintain();
  }

  std::unique_ptr<test::FaultFs> disk_ = std::make_unique<test::FaultFs>();
  Options options_;
  std::unique_ptr<Store> store_;
  Time now_{};
  std::map<std::pair<std::string, int64_t>, double> sent_;
  std::map<std::pair<std::string, int64_t>, double> unsure_;
};

TEST_F(JoiningCrashTest, PowerCutAtEveryChange) {
  bool was_cut = true;
  for (uint64_t n = 0; was_cut; n += n < 10 ? 1 : 13) {
    SCOPED_TRACE("change " + std::to_string(n));
    unsure_.clear();
    NewDisk();
    Fill();
    disk_->PowerCutIn(n);
    JoinTwice();
    was_cut = disk_->is_down();
    CutAndCheck();
    if (HasFailure()) return;
  }
}

TEST_F(JoiningCrashTest, AFailedSyncAnywhere) {
  for (uint64_t n = 0; n < 90; n += 7) {
    SCOPED_TRACE("sync " + std::to_string(n));
    unsure_.clear();
    NewDisk();
    Fill();
    disk_->FailSyncIn(n);
    JoinTwice();
    CheckAll();
    CutAndCheck();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace nines::tsdb
