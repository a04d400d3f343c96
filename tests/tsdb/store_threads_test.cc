#include <atomic>
#include <thread>

#include "tests/tsdb/store_fixture.h"

// Many threads at once: requests are seen whole or not at all, also while a checkpoint moves rows.

namespace nines::tsdb {
namespace {

using StoreThreadsTest = StoreFixture;

constexpr int kWriters = 3;
constexpr int kRequests = 300;
constexpr int kColumns = 5;

Labels SeriesOf(int writer, int column) {
  return {
      {"__name__", "x_bucket"}, {"le", std::to_string(column)}, {"writer", std::to_string(writer)}};
}

// Each request of a writer puts one value into all its columns at one time, and then again into
// columns of a second family; a reader never finds them unequal.
TEST_F(StoreThreadsTest, RequestsAreSeenWhole) {
  Open();
  std::array<std::vector<ColumnId>, kWriters> ids;
  for (int writer = 0; writer < kWriters; ++writer) {
    for (int column = 0; column < kColumns; ++column) {
      ids[writer].push_back(Id(SeriesOf(writer, column)));
    }
    ids[writer].push_back(Id({{"__name__", "up"}, {"writer", std::to_string(writer)}}));
  }
  std::atomic<int> writing = kWriters;
  std::atomic<int> torn = 0;
  std::atomic<int> failed = 0;
  std::atomic<int> reads = 0;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < kRequests; ++i) {
        std::vector<Append> samples;
        for (const ColumnId id : ids[writer]) {
          samples.push_back({id, kNoonMs + i, static_cast<double>(i)});
        }
        const auto report = store_->Append(samples, now_);
        if (!report || report->stored != samples.size()) ++failed;
      }
      --writing;
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (writing > 0) {
        for (const auto& columns : ids) {
          const auto read = store_->Read(columns, now_, now_ + std::chrono::hours{1});
          std::vector<WindowQuery> queries;
          for (const ColumnId id : columns) {
            queries.push_back({id, now_ - Duration{1}, now_ + std::chrono::hours{1}});
          }
          const auto windows = store_->Windows(queries);
          if (!read || !windows) {
            ++failed;
            continue;
          }
          ++reads;
          for (const auto& samples : *read) {
            if (samples.size() != read->front().size()) ++torn;
            // No hole: every request before the newest is there.
            if (!samples.empty() &&
                samples.size() != static_cast<size_t>(samples.back().value) + 1) {
              ++torn;
            }
          }
          for (const Window& window : *windows) {
            if (window.count != windows->front().count) ++torn;
          }
        }
      }
    });
  }
  threads.emplace_back([&] {
    Time at = now_;
    while (writing > 0) {
      if (!store_->Maintain(at += options_.checkpoint_interval)) ++failed;
    }
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(failed, 0);
  EXPECT_GT(reads, 0);
  Crash();
  for (const auto& columns : ids) {
    const auto read = store_->Read(columns, now_, now_ + std::chrono::hours{1});
    ASSERT_TRUE(read);
    for (const auto& samples : *read) EXPECT_EQ(samples.size(), static_cast<size_t>(kRequests));
  }
}

// Threads that race for the same cells: one wins, and it is the one that lasts.
TEST_F(StoreThreadsTest, OneOfSeveralValuesWins) {
  Open();
  const Labels up{{"__name__", "up"}};
  const ColumnId id = Id(up);
  std::array<std::atomic<int>, 100> winner{};
  std::vector<std::thread> threads;
  for (int thread = 1; thread <= 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (size_t i = 0; i < winner.size(); ++i) {
        const Append sample{id, kNoonMs + static_cast<int64_t>(i), static_cast<double>(thread)};
        const auto report = store_->Append({&sample, 1}, now_);
        if (report && report->stored == 1) winner[i] += thread;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto check = [&](const char* when) {
    const auto read = store_->Read({&id, 1}, now_, now_ + Duration{99});
    ASSERT_EQ(read->at(0).size(), winner.size()) << when;
    for (size_t i = 0; i < winner.size(); ++i) {
      EXPECT_EQ(read->at(0)[i].value, winner[i]) << when << " at " << i;
    }
  };
  check("at once");
  Crash();
  check("after a replay");
  Checkpoint();
  check("in fragments");
}

TEST_F(StoreThreadsTest, RegistrationsRace) {
  Open();
  std::array<std::vector<ColumnId>, 4> ids;
  std::vector<std::thread> threads;
  for (auto& mine : ids) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const Labels series = SeriesOf(i / 20, i % 20);
        const auto id = store_->Register(store_->Hash(series.ToString()), series);
        const Append sample{*id, kNoonMs, 1};
        mine.push_back(store_->Append({&sample, 1}, now_) ? *id : kNoColumn);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : ids) EXPECT_EQ(mine, ids[0]);
  EXPECT_EQ(store_->stats().series, 200u);
  EXPECT_EQ(store_->stats().head_samples, 200u);
  Crash();
  EXPECT_EQ(store_->stats().series, 200u);
}

}  // namespace
}  // namespace nines::tsdb
