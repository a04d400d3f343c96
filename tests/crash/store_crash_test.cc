#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "base/number.h"
#include "base/prng.h"
#include "tests/support/fault_fs.h"
#include "tsdb/store.h"

// The store on a disk whose power is cut at any write: every acknowledged sample is there
// afterwards, with its value; nothing is there that was never sent; a request that was not
// acknowledged is there whole or not at all.  Unless every commit is synced, what was acknowledged
// since the last sync is there up to some request, and none after it.

namespace nines::tsdb {
namespace {

constexpr int64_t kNoonMs = 1795867200000;

struct Sent {
  std::string series;
  int64_t time_ms;
  double value;  // Of a native histogram its count of observations.
};

// The native histogram that stands for a value.
NativeHistogram HistogramOf(double value) {
  NativeHistogram histogram;
  histogram.count = static_cast<uint64_t>(value);
  histogram.sum = value / 3;
  histogram.positive = {
      .spans = {{-3, 1}}, .deltas = {static_cast<int64_t>(histogram.count)}, .counts = {}};
  return histogram;
}

class StoreCrashTest : public ::testing::TestWithParam<std::tuple<SyncMode, uint64_t>> {
 protected:
  StoreCrashTest() : prng_(std::get<uint64_t>(GetParam())) {
    options_.sync = std::get<SyncMode>(GetParam());
    options_.path = "/data";
    options_.env = disk_.env();
    options_.checkpoint_interval = Duration{1};
    for (const char* job : {"a", "b", "c"}) {
      for (const char* le : {"0.1", "1", "+Inf"}) {
        series_.push_back({{"__name__", "x_bucket"}, {"job", job}, {"le", le}});
      }
      series_.push_back({{"__name__", "x_count"}, {"job", job}});
      series_.push_back({{"__name__", "up"}, {"job", job}});
    }
  }

  // False while the disk is down.
  bool Open() {
    store_.reset();
    auto opened = Store::Open(options_);
    if (!opened) {
      last_error_ = opened.error().message;
      return false;
    }
    store_ = *std::move(opened);
    return true;
  }

  ColumnId Id(const Labels& series) {
    return *store_->Register(store_->Hash(series.ToString()), series);
  }

  ColumnId HistogramId(const Labels& series) {
    return *store_->RegisterHistogram(HistogramAlias(store_->Hash(series.ToString())), series);
  }

  // Sends one request of samples that the store has not seen.
  void Send() {
    std::vector<Sent> sent;
    std::vector<Append> samples;
    std::vector<AppendHistogram> histograms;
    std::deque<std::string> bytes;
    const size_t n = 1 + prng_.Below(40);
    for (size_t i = 0; i < n; ++i) {
      const Labels& series = series_[prng_.Below(series_.size())];
      // Most in order, some behind; never twice, so that all of it must be stored.
      const int64_t time_ms = kNoonMs + clock_ms_++ * 1000 - (prng_.Chance(15) ? 60'500 : 0);
      const bool is_histogram = prng_.Chance(25);
      const std::string text = series.ToString() + (is_histogram ? " histogram" : "");
      if (!used_.insert({text, time_ms}).second) continue;
      const auto value = static_cast<double>(prng_.Below(1000));
      sent.push_back({text, time_ms, value});
      if (is_histogram) {
        EncodeHistogram(HistogramOf(value), &bytes.emplace_back());
        histograms.push_back({HistogramId(series), time_ms, bytes.back()});
      } else {
        samples.push_back({Id(series), time_ms, value});
      }
    }
    const auto report = store_->Append(Writes{.samples = samples, .histograms = histograms}, Now());
    if (!report) {
      unsure_.push_back(sent);
      return;
    }
    EXPECT_EQ(report->stored, samples.size());
    EXPECT_EQ(report->histograms_stored, histograms.size());
    tail_.push_back(sent);
    if (options_.sync == SyncMode::kAlways) MarkDurable();
  }

  void MarkDurable() {
    for (const auto& request : tail_) {
      acknowledged_.insert(acknowledged_.end(), request.begin(), request.end());
    }
    tail_.clear();
  }
  bool Maintain(Time now) {
    if (!store_->Maintain(now)) return false;
    if (store_->stats().head_samples == 0) MarkDurable();
    return true;
  }
  void Sync() {
    if (options_.sync == SyncMode::kInterval && store_->Sync()) MarkDurable();
  }

  Time Now() const { return FromUnixMs(kNoonMs + clock_ms_ * 1000); }

  using Stored = std::map<std::pair<std::string, int64_t>, double>;

  Stored ReadAll() {
    Stored stored;
    const Time from = FromUnixMs(kNoonMs - 10'000'000);
    const auto series = store_->Select({}, from, Now());
    EXPECT_TRUE(series) << series.error().message;
    if (!series) return stored;
    std::vector<ColumnId> columns;
    std::vector<WindowQuery> queries;
    for (const Series& one : *series) {
      columns.push_back(one.id);
      queries.push_back({one.id, from, Now()});
    }
    const auto read = store_->Read(columns, from, Now());
    const auto windows = store_->Windows(queries);
    EXPECT_TRUE(read && windows);
    if (!read || !windows) return stored;
    for (size_t i = 0; i < columns.size(); ++i) {
      EXPECT_EQ(windows->at(i).count, read->at(i).size());
      for (const Sample& sample : read->at(i)) {
        stored[{Text(series->at(i)), ToUnixMs(sample.at)}] = sample.value;
      }
      if (series->at(i).role == Role::kHistogram) CheckHistograms(columns[i], read->at(i));
    }
    return stored;
  }

  static std::string Text(const Series& series) {
    return series.labels.ToString() + (series.role == Role::kHistogram ? " histogram" : "");
  }

  void CheckHistograms(ColumnId column, const std::vector<Sample>& counts) {
    const auto read = store_->ReadHistograms({&column, 1}, FromUnixMs(kNoonMs - 10'000'000), Now());
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->at(0).size(), counts.size());
    for (size_t i = 0; i < counts.size(); ++i) {
      EXPECT_EQ(read->at(0)[i].at, counts[i].at);
      EXPECT_TRUE(Same(read->at(0)[i].histogram, HistogramOf(counts[i].value)));
    }
  }

  void CheckAll() {
    Stored stored = ReadAll();
    for (const Sent& one : acknowledged_) {
      const auto at = stored.find({one.series, one.time_ms});
      ASSERT_NE(at, stored.end()) << "lost " << one.series << " " << one.time_ms;
      ASSERT_EQ(at->second, one.value) << one.series << " " << one.time_ms;
      stored.erase(at);
    }
    bool is_over = false;
    for (const auto& request : tail_) {
      const bool was_over = is_over;
      ASSERT_NO_FATAL_FAILURE(CheckWhole(request, &stored, &is_over));
      ASSERT_TRUE(!was_over || is_over) << "lost one in the middle";
      is_over = is_over || was_over;
    }
    tail_.clear();
    for (const auto& request : unsure_) {
      bool is_lost = false;
      ASSERT_NO_FATAL_FAILURE(CheckWhole(request, &stored, &is_lost));
    }
    unsure_.clear();
    ASSERT_TRUE(stored.empty()) << "invented " << stored.begin()->first.first << " "
                                << stored.begin()->first.second;
  }

  // A request that is there whole, or lost.
  void CheckWhole(const std::vector<Sent>& request, Stored* stored, bool* is_lost) {
    size_t found = 0;
    for (const Sent& one : request) {
      const auto at = stored->find({one.series, one.time_ms});
      if (at == stored->end()) continue;
      ASSERT_EQ(at->second, one.value);
      ++found;
      stored->erase(at);
    }
    ASSERT_TRUE(found == 0 || found == request.size()) << found << " of " << request.size();
    *is_lost = found == 0;
    // What came through stays from now on.
    if (found > 0) acknowledged_.insert(acknowledged_.end(), request.begin(), request.end());
  }

  void PowerCycle() {
    disk_.Restore();
    ASSERT_TRUE(Open()) << last_error_;
  }

  test::FaultFs disk_;
  Options options_;
  Prng prng_;
  std::vector<Labels> series_;
  std::unique_ptr<Store> store_;
  std::string last_error_;
  int64_t clock_ms_ = 0;
  std::set<std::pair<std::string, int64_t>> used_;
  std::vector<Sent> acknowledged_;       // And durable.
  std::vector<std::vector<Sent>> tail_;  // Acknowledged since the last sync.
  std::vector<std::vector<Sent>> unsure_;
};

// The power goes between requests, in the middle of a checkpoint, while opening, and with torn
// ends of logs.
TEST_P(StoreCrashTest, NothingAcknowledgedIsLost) {
  SCOPED_TRACE("seed " + std::to_string(std::get<uint64_t>(GetParam())));
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    if (store_ == nullptr) {
      ASSERT_TRUE(Open()) << last_error_;
    }
    for (uint64_t i = prng_.Below(12); i > 0; --i) {
      Send();
      if (prng_.Chance(25)) (void)Maintain(Now() + Duration{round + 1});
      if (prng_.Chance(25)) Sync();
    }
    if (prng_.Chance(10) && store_->Close(Now())) MarkDurable();
    const uint64_t how = prng_.Below(3);
    if (how == 0) {
      disk_.PowerCut();
    } else if (how == 1) {
      disk_.PowerCutKeeping(prng_.Below(300));
    } else {
      // A sync fails; the store goes on as far as it can, then the power goes.
      disk_.FailSyncIn(prng_.Below(6));
      for (int i = 0; i < 4; ++i) {
        Send();
        Sync();
        (void)Maintain(Now());
      }
      disk_.PowerCut();
    }
    if (!store_->Maintain(Now())) Send();
    store_.reset();
    PowerCycle();
    CheckAll();
    if (HasFatalFailure() || HasNonfatalFailure()) return;
    if (prng_.Chance(30)) {
      disk_.PowerCut();
      store_.reset();
      disk_.Restore();
    }
  }
}

// Power cuts while the very first Open() is under way, at every sync.
TEST(StoreCreationTest, PowerCutWhileTheDatabaseIsMade) {
  for (uint64_t sync = 0; sync < 40; ++sync) {
    SCOPED_TRACE("sync " + std::to_string(sync));
    test::FaultFs disk;
    Options options;
    options.path = "/data";
    options.env = disk.env();
    disk.FailSyncIn(sync);
    const bool opened = static_cast<bool>(Store::Open(options));
    disk.PowerCut();
    disk.Restore();
    const auto again = Store::Open(options);
    ASSERT_TRUE(again) << again.error().message << (opened ? ", after success" : "");
    const Labels up{{"__name__", "up"}};
    const Append sample{*(*again)->Register((*again)->Hash("up"), up), kNoonMs, 1};
    ASSERT_TRUE((*again)->Append({&sample, 1}, FromUnixMs(kNoonMs)));
  }
}

// A sync that failed is final for the running database: it says so, reads go on, and a restart
// brings it back.
TEST(StoreDiskTest, FailedSyncNeedsARestart) {
  test::FaultFs disk;
  Options options;
  options.path = "/data";
  options.env = disk.env();
  auto store = *Store::Open(options);
  const ColumnId id = *store->Register(store->Hash("up"), Labels{{"__name__", "up"}});
  const Time now = FromUnixMs(kNoonMs);
  const auto put = [&](int64_t i) {
    const Append sample{id, kNoonMs + i, static_cast<double>(i)};
    return static_cast<bool>(store->Append({&sample, 1}, now));
  };
  EXPECT_TRUE(put(0));
  EXPECT_TRUE(store->Maintain(now));
  EXPECT_FALSE(store->needs_restart());
  disk.FailSyncIn(0);
  EXPECT_FALSE(put(1));
  const Result<void> sick = store->Maintain(now);
  ASSERT_FALSE(sick);
  EXPECT_EQ(sick.error().code, Code::kUnavailable);
  EXPECT_NE(sick.error().message.find("until a restart"), std::string::npos)
      << sick.error().message;
  EXPECT_TRUE(store->needs_restart());
  EXPECT_FALSE(store->Maintain(now));
  EXPECT_TRUE(store->needs_restart());
  EXPECT_FALSE(put(2));
  EXPECT_EQ(store->Read({&id, 1}, now, now + Duration{9})->at(0).size(), 1u);
  store.reset();
  store = *Store::Open(options);
  EXPECT_FALSE(store->needs_restart());
  EXPECT_TRUE(put(3));
}

// Likewise when it was the sync of a record, or one on its own.
TEST(StoreDiskTest, AnyFailedSyncNeedsARestart) {
  const Time now = FromUnixMs(kNoonMs);
  for (const bool is_record : {true, false}) {
    SCOPED_TRACE(is_record);
    test::FaultFs disk;
    Options options;
    options.path = "/data";
    options.env = disk.env();
    options.sync = SyncMode::kInterval;
    const auto store = *Store::Open(options);
    const Append sample{*store->Register(store->Hash("up"), Labels{{"__name__", "up"}}), kNoonMs,
                        1};
    ASSERT_TRUE(store->Append({&sample, 1}, now));
    disk.FailSyncIn(0);
    if (is_record) {
      EXPECT_FALSE(store->records().Write(std::vector<Records::Change>{{"room/kind/a", "b"}}));
    } else {
      EXPECT_FALSE(store->Sync());
    }
    const Result<void> sick = store->Maintain(now);
    ASSERT_FALSE(sick);
    EXPECT_NE(sick.error().message.find("until a restart"), std::string::npos)
        << sick.error().message;
    EXPECT_TRUE(store->needs_restart());
  }
}

// One sample a millisecond from kNoonMs on, in order, until it is over.
class StoreSyncTest : public ::testing::TestWithParam<SyncMode> {
 protected:
  StoreSyncTest() {
    options_.path = "/data";
    options_.env = disk_.env();
    options_.sync = GetParam();
    Open();
  }
  void Open() {
    store_.reset();
    auto opened = Store::Open(options_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void Put(int n) {
    for (int i = 0; i < n; ++i) {
      // A definition with each: a power loss must not part them.
      const std::string name = "up" + std::to_string(next_);
      const ColumnId id = *store_->Register(store_->Hash(name), Labels{{"__name__", name}});
      const Append sample{id, kNoonMs + next_, static_cast<double>(next_)};
      const auto report = store_->Append({&sample, 1}, FromUnixMs(kNoonMs));
      ASSERT_TRUE(report) << report.error().message;
      ++next_;
    }
  }
  void PowerCycle() {
    disk_.PowerCut();
    store_.reset();
    disk_.Restore();
    Open();
  }
  // How many are there, which must be the first ones.
  int Count() {
    const auto series = store_->Select({}, FromUnixMs(0), FromUnixMs(2 * kNoonMs));
    EXPECT_TRUE(series);
    const int n = static_cast<int>(series->size());
    EXPECT_EQ(store_->stats().series, static_cast<uint64_t>(n));
    for (const Series& one : *series) {
      const auto read = store_->Read({&one.id, 1}, FromUnixMs(0), FromUnixMs(2 * kNoonMs));
      EXPECT_EQ(read->at(0).size(), 1u);
      EXPECT_EQ("up" + FormatFloat(read->at(0).at(0).value), one.labels.Get("__name__"));
      EXPECT_LT(read->at(0).at(0).value, n);
    }
    next_ = n;
    return n;
  }
  bool IsSafe() const { return GetParam() == SyncMode::kAlways; }

  test::FaultFs disk_;
  Options options_;
  std::unique_ptr<Store> store_;
  int next_ = 0;
};

TEST_P(StoreSyncTest, APowerLossTakesWhatWasNotSynced) {
  const uint64_t syncs = disk_.sync_count();
  Put(3);
  EXPECT_EQ(disk_.sync_count() - syncs, IsSafe() ? 3u : 0u);
  PowerCycle();
  EXPECT_EQ(Count(), IsSafe() ? 3 : 0);
  Put(2);
  ASSERT_TRUE(store_->Sync());
  const uint64_t synced = disk_.sync_count();
  ASSERT_TRUE(store_->Sync());
  EXPECT_EQ(disk_.sync_count(), synced) << "there was nothing to sync";
  const int durable = next_;
  Put(4);
  PowerCycle();
  EXPECT_EQ(Count(), IsSafe() ? durable + 4 : durable);
}

TEST_P(StoreSyncTest, ARecordAndACheckpointSyncWhatCameBefore) {
  Put(2);
  ASSERT_TRUE(store_->records().Write(std::vector<Records::Change>{{"room/kind/a", "b"}}));
  PowerCycle();
  EXPECT_EQ(Count(), 2);
  Put(2);
  ASSERT_TRUE(store_->Close(FromUnixMs(kNoonMs)));
  PowerCycle();
  EXPECT_EQ(Count(), 4);
}

// What a killed process left to the operating system is read by the next, which syncs it before it
// builds on it.
TEST_P(StoreSyncTest, AKillLosesNothingNorDoesAPowerLossAfterIt) {
  Put(3);
  Open();
  EXPECT_EQ(Count(), 3);
  Put(1);
  ASSERT_TRUE(store_->Sync());
  PowerCycle();
  EXPECT_EQ(Count(), 4);
}

INSTANTIATE_TEST_SUITE_P(Modes, StoreSyncTest,
                         ::testing::Values(SyncMode::kAlways, SyncMode::kInterval, SyncMode::kOs));

// No space: refused in words, nothing lost, and well again without a restart.
TEST(StoreDiskTest, FullDiskRefusesAndRecovers) {
  test::FaultFs disk;
  Options options;
  options.path = "/data";
  options.env = disk.env();
  auto store = *Store::Open(options);
  const Labels up{{"__name__", "up"}};
  const ColumnId id = *store->Register(store->Hash("up"), up);
  const Time now = FromUnixMs(kNoonMs);
  const auto put = [&](int64_t i) {
    const Append sample{id, kNoonMs + i, static_cast<double>(i)};
    return store->Append({&sample, 1}, now);
  };
  ASSERT_TRUE(put(0));
  disk.LimitSpace(0);
  const auto refused = put(1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_NE(refused.error().message.find("pace"), std::string::npos) << refused.error().message;
  const auto is_there = [&](int64_t i) {
    const auto read = store->Read({&id, 1}, FromUnixMs(kNoonMs + i), FromUnixMs(kNoonMs + i));
    return read->at(0).size() == 1;
  };
  EXPECT_TRUE(is_there(0));
  EXPECT_FALSE(is_there(1));
  (void)store->Maintain(now);
  EXPECT_FALSE(store->needs_restart()) << "a full disk passes";
  disk.FreeSpace();
  Result<void> well = store->Maintain(now);
  ASSERT_TRUE(well) << well.error().message;
  ASSERT_TRUE(put(2));
  ASSERT_EQ(put(1)->stored, 1u) << "the sender tries again";
  EXPECT_TRUE(is_there(1));
  disk.PowerCut();
  store.reset();
  disk.Restore();
  store = *Store::Open(options);
  EXPECT_TRUE(is_there(0) && is_there(1) && is_there(2));
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreCrashTest,
                         ::testing::Combine(::testing::Values(SyncMode::kAlways,
                                                              SyncMode::kInterval, SyncMode::kOs),
                                            ::testing::Range<uint64_t>(1, 13)));

}  // namespace
}  // namespace nines::tsdb
