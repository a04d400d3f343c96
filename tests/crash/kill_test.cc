// kill -9 under load, the real program, again and again.
//
// Goal: every sample that was acknowledged is there afterwards, and none that was not sent; the
// newest exemplar of each series likewise.
// Method: four clients post requests whose samples are a function of series and time; after a
// number of acknowledgements drawn from the seed the program is killed; its store is then read by
// the test itself, through the library.  What was sent but not acknowledged may be there or not.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "base/prng.h"
#include "tests/support/nines_process.h"
#include "tests/support/remote_write.h"
#include "tests/support/temp_dir.h"
#include "tsdb/store.h"

namespace nines::test {
namespace {

constexpr int kRounds = 50;
constexpr int kClients = 4;
constexpr int kSeriesAClient = 40;
constexpr int64_t kStepMs = 1000;

double ValueOf(int client, int series, int64_t step) {
  return static_cast<double>(client * 1'000'000 + series * 10'000) + static_cast<double>(step) / 3;
}

Labels SeriesOf(int client, int series) {
  return Labels({{"__name__", "load_bucket"},
                 {"le", std::to_string(series)},
                 {"client", std::to_string(client)}});
}

// One client: posts step after step until told to stop; counts what was acknowledged and sent.
struct Client {
  int id = 0;
  int64_t acknowledged = 0;  // Steps, all of [0, acknowledged).
  int64_t sent = 0;          // Steps that were at least begun.

  void Run(const std::string& url, int64_t first_ms, const std::atomic<bool>& stop,
           std::atomic<int64_t>& total) {
    net::HttpClient http;
    while (!stop) {
      std::vector<TestSeries> request;
      for (int s = 0; s < kSeriesAClient; ++s) {
        const int64_t at_ms = first_ms + acknowledged * kStepMs;
        const double value = ValueOf(id, s, acknowledged);
        request.push_back(
            {SeriesOf(id, s), {{at_ms, value}}, {{Labels({{"trace_id", "t"}}), value, at_ms}}});
      }
      sent = std::max(sent, acknowledged + 1);
      const auto reply = PostWrite(http, url, request);
      if (!reply || reply->status != 204) continue;
      ++acknowledged;
      ++total;
    }
  }
};

// The newest one is that of the last step acknowledged, or of one that was sent.
void CheckExemplars(const tsdb::Store& store, const Client& client, int series,
                    const Matchers& matchers, int64_t first_ms) {
  const auto found = store.FindExemplars({{matchers}, Time::min(), Time::max()});
  if (client.acknowledged == 0 && found.empty()) return;
  ASSERT_EQ(found.size(), 1u);
  const tsdb::Exemplar& newest = found.front().exemplars.back();
  const int64_t step = (newest.time_ms - first_ms) / kStepMs;
  ASSERT_GE(step, client.acknowledged - 1);
  ASSERT_LT(step, client.sent);
  ASSERT_EQ(newest.value, ValueOf(client.id, series, step));
}

void CheckStore(const std::string& path, const std::vector<Client>& clients, int64_t first_ms) {
  auto store = tsdb::Store::Open({.path = path});
  ASSERT_TRUE(store) << store.error().message;
  for (const Client& client : clients) {
    for (int s = 0; s < kSeriesAClient; ++s) {
      const Labels labels = SeriesOf(client.id, s);
      Matchers matchers;
      for (const Label& label : labels) matchers.push_back(Matcher::Equal(label.name, label.value));
      const Time from = FromUnixMs(first_ms), to = FromUnixMs(first_ms + client.sent * kStepMs);
      const auto found = (*store)->Select(matchers, from, to);
      ASSERT_TRUE(found) << found.error().message;
      ASSERT_NO_FATAL_FAILURE(CheckExemplars(**store, client, s, matchers, first_ms));
      if (client.acknowledged == 0 && found->empty()) continue;
      ASSERT_EQ(found->size(), 1u) << labels.ToString();
      const tsdb::ColumnId column = found->front().id;
      const auto read = (*store)->Read(std::span(&column, 1), from, to);
      ASSERT_TRUE(read) << read.error().message;
      const std::vector<tsdb::Sample>& samples = read->front();
      ASSERT_GE(static_cast<int64_t>(samples.size()), client.acknowledged) << labels.ToString();
      ASSERT_LE(static_cast<int64_t>(samples.size()), client.sent) << labels.ToString();
      for (size_t i = 0; i < samples.size(); ++i) {
        const auto step = static_cast<int64_t>(i);
        ASSERT_EQ(ToUnixMs(samples[i].at), first_ms + step * kStepMs) << labels.ToString();
        ASSERT_EQ(samples[i].value, ValueOf(client.id, s, step)) << labels.ToString();
      }
    }
  }
}

TEST(Kill, EveryAcknowledgedSampleIsThere) {
  constexpr uint64_t kSeed = 20260101;
  Prng prng(kSeed);
  TempDir folder;
  // Checkpoints happen under the load too.
  folder.Write("nines.yml", "storage: {checkpoint_interval: 1s}\n");
  NinesProcess nines(NINES_PROGRAM, folder.path());
  const int64_t first_ms = ToUnixMs(SystemClock().Wall()) / 1000 * 1000 - 7'200'000;
  std::vector<Client> clients(kClients);
  for (int i = 0; i < kClients; ++i) clients[static_cast<size_t>(i)].id = i;

  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", round " + std::to_string(round));
    ASSERT_NO_FATAL_FAILURE(nines.Start());
    std::atomic<bool> stop{false};
    std::atomic<int64_t> total{0};
    std::vector<std::thread> threads;
    for (Client& client : clients)
      threads.emplace_back([&] { client.Run(nines.url(), first_ms, stop, total); });
    const auto enough = static_cast<int64_t>(1 + prng.Below(100));
    const bool loaded = WaitUntil([&] { return total.load() >= enough; }, std::chrono::seconds{60});
    nines.Kill9();
    stop = true;
    for (std::thread& thread : threads) thread.join();
    ASSERT_TRUE(loaded) << nines.log();
    ASSERT_NO_FATAL_FAILURE(CheckStore(nines.data_path(), clients, first_ms));
  }
}

TEST(Kill, SigtermInFlightLosesNothing) {
  TempDir folder;
  NinesProcess nines(NINES_PROGRAM, folder.path());
  const int64_t first_ms = ToUnixMs(SystemClock().Wall()) / 1000 * 1000 - 7'200'000;
  std::vector<Client> clients(1);
  ASSERT_NO_FATAL_FAILURE(nines.Start());
  std::atomic<bool> stop{false};
  std::atomic<int64_t> total{0};
  std::thread thread([&] { clients[0].Run(nines.url(), first_ms, stop, total); });
  const bool loaded = WaitUntil([&] { return total.load() >= 50; }, std::chrono::seconds{60});
  EXPECT_EQ(nines.Terminate(), 0) << nines.log();
  stop = true;
  thread.join();
  ASSERT_TRUE(loaded) << nines.log();
  ASSERT_NO_FATAL_FAILURE(CheckStore(nines.data_path(), clients, first_ms));
}

}  // namespace
}  // namespace nines::test
