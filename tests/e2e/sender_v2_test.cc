// A sender of remote write 2.0 over restarts of both ends.
//
// Goal: every sample that it was given is held exactly once, bit by bit.
// Method: a log of scrapes is sent with retries; Nines is killed twice while requests are under
// way, the sender is begun anew twice, some requests before where it was.
#include <gtest/gtest.h>

#include <map>

#include "base/clock.h"
#include "base/prng.h"
#include "tests/support/histogram.h"
#include "tests/support/nines_process.h"
#include "tests/support/retrying_sender.h"
#include "tests/support/temp_dir.h"
#include "tsdb/store.h"

namespace nines::test {
namespace {

using namespace std::chrono_literals;

constexpr size_t kScrapes = 500;
constexpr size_t kSentAgain = 12;

// Three instances with a histogram each, and gauges whose values have every bit of a double.
std::vector<std::vector<TestSeries>> MakeLog(Time begin, uint64_t seed) {
  Prng prng(seed);
  std::vector<HistogramCounter> histograms;
  for (int i = 0; i < 3; ++i) {
    histograms.emplace_back("latency_seconds", Labels({{"instance", std::to_string(i)}}),
                            std::vector<std::string>{"0.1", "0.25", "1", "2.5"});
  }
  std::vector<std::vector<TestSeries>> log;
  for (size_t scrape = 0; scrape < kScrapes; ++scrape) {
    const Time at = begin + scrape * 250ms;
    std::vector<TestSeries> entry;
    for (HistogramCounter& histogram : histograms) {
      for (int i = 0; i < 5; ++i) {
        histogram.Observe(static_cast<double>(prng.Below(3'000'000)) / 1e6);
      }
      for (TestSeries& series : histogram.At(at)) entry.push_back(std::move(series));
    }
    for (int i = 0; i < 10; ++i) {
      const auto bits = (prng.Next() & 0x800fffffffffffffu) | (prng.Below(0x7ff) << 52);
      entry.push_back({Labels({{"__name__", "bits"}, {"i", std::to_string(i)}}),
                       {{ToUnixMs(at), std::bit_cast<double>(bits)}}});
    }
    log.push_back(std::move(entry));
  }
  return log;
}

using Bits = std::map<int64_t, uint64_t>;  // Time in ms -> the value's bits.

TEST(SenderV2, EverySampleIsHeldOnceOverRestartsOfBothEnds) {
  const TempDir folder;
  const Time now = SystemClock().Wall();
  const auto log = MakeLog(now - kScrapes * 250ms, 20261128);
  NinesProcess nines(NINES_PROGRAM, folder.path());
  ASSERT_NO_FATAL_FAILURE(nines.Start());
  auto sender = std::make_unique<RetryingSender>(nines.url(), &log, 0);
  const auto reaches = [&](size_t count) {
    return WaitUntil([&] { return sender->acknowledged() >= count || !sender->failure().empty(); },
                     60s);
  };
  size_t retries = 0;
  for (const size_t at : {kScrapes / 5, kScrapes * 3 / 5}) {
    ASSERT_TRUE(reaches(at)) << nines.log();
    nines.Kill9();
    ASSERT_NO_FATAL_FAILURE(nines.Start());
    ASSERT_TRUE(reaches(at + kScrapes / 5)) << nines.log();
    retries += sender->retries();
    const size_t from = sender->acknowledged() - kSentAgain;
    sender.reset();
    sender = std::make_unique<RetryingSender>(nines.url(), &log, from);
  }
  ASSERT_TRUE(reaches(kScrapes)) << nines.log();
  ASSERT_EQ(sender->failure(), "");
  EXPECT_GE(retries, 2u) << "Nines was away twice";
  sender.reset();
  ASSERT_EQ(nines.Terminate(), 0) << nines.log();

  std::map<std::string, Bits> sent, held;
  for (const auto& entry : log) {
    for (const TestSeries& series : entry) {
      for (const auto& [time_ms, value] : series.samples) {
        sent[series.labels.ToString()][time_ms] = std::bit_cast<uint64_t>(value);
      }
    }
  }
  auto store = tsdb::Store::Open({.path = nines.data_path()});
  ASSERT_TRUE(store) << store.error().message;
  const auto matcher = Matcher::Make("__name__", MatchType::kRegex, ".+");
  const auto found = (*store)->Select({*matcher}, now - 1h, now + 1h);
  ASSERT_TRUE(found) << found.error().message;
  for (const tsdb::Series& series : *found) {
    const auto read = (*store)->Read(std::span(&series.id, 1), now - 1h, now + 1h);
    ASSERT_TRUE(read) << read.error().message;
    Bits& bits = held[series.labels.ToString()];
    for (const tsdb::Sample& sample : read->front()) {
      EXPECT_TRUE(bits.emplace(ToUnixMs(sample.at), std::bit_cast<uint64_t>(sample.value)).second);
    }
  }
  EXPECT_EQ(held.size(), 3u * 7u + 10u);
  EXPECT_EQ(held, sent);
}

}  // namespace
}  // namespace nines::test
