// Micro-benchmarks of the hot steps of ingest and reading, a sample at a time.
#include <benchmark/benchmark.h>

#include <cmath>

#include "base/clock.h"
#include "base/prng.h"
#include "ingest/fingerprints.h"
#include "ingest/remote_write_v1.h"
#include "ingest/remote_write_v2.h"
#include "tests/support/histogram.h"
#include "tests/support/remote_write.h"
#include "tests/support/temp_dir.h"
#include "tsdb/chunk.h"
#include "tsdb/journal.h"
#include "tsdb/store.h"

namespace nines {
namespace {

const std::vector<std::string> kBounds = {"0.01", "0.05", "0.1", "0.2", "0.3", "0.4", "0.5",
                                          "0.6",  "0.7",  "0.8", "0.9", "1",   "5"};
constexpr int kInstances = 125;  // Of 16 series: a request of 2,000 samples.
constexpr int64_t kStepMs = 15'000;

std::vector<test::HistogramCounter> Fleet() {
  std::vector<test::HistogramCounter> fleet;
  for (int i = 0; i < kInstances; ++i)
    fleet.emplace_back("model_request_latency_seconds",
                       Labels({{"instance", "10.0.0." + std::to_string(i) + ":8080"},
                               {"job", "svc-" + std::to_string(i / 10)},
                               {"model", "ranker"},
                               {"route", "/predict"}}),
                       kBounds);
  return fleet;
}

// One scrape of all instances.
std::vector<test::TestSeries> Scrape(std::vector<test::HistogramCounter>& fleet, Prng& prng,
                                     Time at) {
  std::vector<test::TestSeries> all;
  for (test::HistogramCounter& instance : fleet) {
    for (int i = 0; i < 300; ++i)
      instance.Observe(std::exp(static_cast<double>(prng.Below(4000)) / 1000 - 4));
    for (test::TestSeries& series : instance.At(at)) all.push_back(std::move(series));
  }
  return all;
}

void PerSample(benchmark::State& state, size_t samples) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(samples));
}

void BM_DecodeWriteRequest(benchmark::State& state) {
  auto fleet = Fleet();
  Prng prng(1);
  const auto series = Scrape(fleet, prng, FromUnixMs(0));
  const std::string body = test::EncodeWriteRequest(series);
  ingest::WireRequest request;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ingest::DecodeWriteRequest(body, 1'000'000, &request).has_value());
  }
  PerSample(state, series.size());
}
BENCHMARK(BM_DecodeWriteRequest);

void BM_DecodeRequestV2(benchmark::State& state) {
  auto fleet = Fleet();
  Prng prng(1);
  const auto series = Scrape(fleet, prng, FromUnixMs(0));
  const std::string body = test::EncodeRequestV2(series);
  const ingest::WireLimits limits = {.samples_max = 1'000'000, .symbols_max = 1'000'000};
  ingest::WireRequest request;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ingest::DecodeRequestV2(body, limits, &request).has_value());
  }
  PerSample(state, series.size());
}
BENCHMARK(BM_DecodeRequestV2);

// Of a request of either protocol.
void BM_Fingerprints(benchmark::State& state) {
  test::TempDir folder;
  auto store = tsdb::Store::Open({.path = folder.File("data")});
  auto fleet = Fleet();
  Prng prng(1);
  const auto series = Scrape(fleet, prng, FromUnixMs(0));
  const std::string v1 = test::EncodeWriteRequest(series);
  const std::string v2 = test::EncodeRequestV2(series);
  ingest::WireRequest request;
  if (state.range(0) == 1) {
    (void)ingest::DecodeWriteRequest(v1, 1'000'000, &request);
  } else {
    (void)ingest::DecodeRequestV2(v2, {.samples_max = 1'000'000, .symbols_max = 1'000'000},
                                  &request);
  }
  ingest::Fingerprints fingerprints;
  for (auto _ : state) {
    fingerprints.Compute(request, **store);
    benchmark::DoNotOptimize(fingerprints.all().data());
  }
  PerSample(state, series.size());
}
BENCHMARK(BM_Fingerprints)->Arg(1)->Arg(2);

// The table look-up as well, of label sets that are known.
void BM_HashAndFind(benchmark::State& state) {
  test::TempDir folder;
  auto store = tsdb::Store::Open({.path = folder.File("data")});
  auto fleet = Fleet();
  Prng prng(1);
  const auto series = Scrape(fleet, prng, FromUnixMs(0));
  const std::string body = test::EncodeWriteRequest(series);
  ingest::WireRequest request;
  (void)ingest::DecodeWriteRequest(body, 1'000'000, &request);
  std::vector<tsdb::Fingerprint> fingerprints(request.series.size());
  std::vector<tsdb::ColumnId> columns(request.series.size());
  for (size_t i = 0; i < series.size(); ++i)
    (void)(*store)->Register((*store)->Hash(request.series[i].raw_labels), series[i].labels);
  for (auto _ : state) {
    for (size_t i = 0; i < fingerprints.size(); ++i)
      fingerprints[i] = (*store)->Hash(request.series[i].raw_labels);
    (*store)->Find(fingerprints, columns);
    benchmark::DoNotOptimize(columns.data());
  }
  PerSample(state, columns.size());
}
BENCHMARK(BM_HashAndFind);

std::vector<tsdb::Append> JournalSamples() {
  auto fleet = Fleet();
  Prng prng(1);
  std::vector<tsdb::Append> samples;
  uint32_t column = 0;
  for (const test::TestSeries& series : Scrape(fleet, prng, FromUnixMs(1'700'000'000'000)))
    samples.push_back(
        {tsdb::ColumnId{column++}, series.samples[0].first, series.samples[0].second});
  return samples;
}

void BM_JournalEncode(benchmark::State& state) {
  const auto samples = JournalSamples();
  std::string entry;
  for (auto _ : state) {
    entry.clear();
    tsdb::EncodeJournalEntry({.samples = samples}, &entry);
    benchmark::DoNotOptimize(entry.data());
  }
  PerSample(state, samples.size());
  state.counters["bytes_a_sample"] =
      static_cast<double>(entry.size()) / static_cast<double>(samples.size());
}
BENCHMARK(BM_JournalEncode);

void BM_JournalDecode(benchmark::State& state) {
  const auto samples = JournalSamples();
  std::string entry;
  tsdb::EncodeJournalEntry({.samples = samples}, &entry);
  tsdb::JournalEntry decoded;
  for (auto _ : state) {
    benchmark::DoNotOptimize(tsdb::DecodeJournalEntry(entry, &decoded).has_value());
  }
  PerSample(state, samples.size());
}
BENCHMARK(BM_JournalDecode);

// 120 rows of one histogram.
tsdb::Block HistogramBlock() {
  test::HistogramCounter histogram("h", {}, kBounds);
  Prng prng(1);
  tsdb::Block block;
  for (int row = 0; row < 120; ++row) {
    for (int i = 0; i < 300; ++i)
      histogram.Observe(std::exp(static_cast<double>(prng.Below(4000)) / 1000 - 4));
    const auto series = histogram.At(FromUnixMs(1'700'000'000'000 + row * kStepMs));
    block.times_ms.push_back(series[0].samples[0].first);
    block.columns.resize(series.size());
    for (size_t c = 0; c < series.size(); ++c) {
      block.columns[c].ordinal = static_cast<uint32_t>(c);
      block.columns[c].is_count = series[c].labels.Get("__name__") == "h_count";
      block.columns[c].values.push_back(series[c].samples[0].second);
      block.columns[c].present.push_back(1);
    }
  }
  return block;
}

void BM_ChunkEncode(benchmark::State& state) {
  const tsdb::Block block = HistogramBlock();
  size_t bytes = 0;
  for (auto _ : state) {
    const tsdb::EncodedBlock encoded = tsdb::Encode(block);
    bytes = encoded.data.size() + encoded.summary.size();
    benchmark::DoNotOptimize(encoded.data.data());
  }
  const size_t samples = block.times_ms.size() * block.columns.size();
  PerSample(state, samples);
  state.counters["bytes_a_sample"] = static_cast<double>(bytes) / static_cast<double>(samples);
}
BENCHMARK(BM_ChunkEncode);

void BM_ChunkDecodeColumn(benchmark::State& state) {
  const tsdb::Block block = HistogramBlock();
  const tsdb::EncodedBlock encoded = tsdb::Encode(block);
  for (auto _ : state) benchmark::DoNotOptimize(tsdb::DecodeColumn(encoded.data, 6)->size());
  PerSample(state, block.times_ms.size());
}
BENCHMARK(BM_ChunkDecodeColumn);

// A store with an hour of the fleet in fragments and memory.
struct Filled {
  test::TempDir folder;
  std::unique_ptr<tsdb::Store> store;
  Time now = FromUnixMs(ToUnixMs(SystemClock().Wall()) / 1000 * 1000);

  Filled() {
    store = std::move(*tsdb::Store::Open({.path = folder.File("data")}));
    auto fleet = Fleet();
    Prng prng(1);
    for (int step = 240; step >= 0; --step) {
      std::vector<tsdb::Append> samples;
      for (const test::TestSeries& series : Scrape(fleet, prng, now - Duration{step * kStepMs})) {
        const auto column = store->Register(store->Hash(series.labels.ToString()), series.labels);
        samples.push_back({*column, series.samples[0].first, series.samples[0].second});
      }
      (void)store->Append(samples, now);
    }
  }
};

void BM_Select(benchmark::State& state) {
  Filled filled;
  const Matchers matchers = {Matcher::Equal("__name__", "model_request_latency_seconds_bucket"),
                             Matcher::Equal("le", "0.5"), Matcher::Equal("job", "svc-3")};
  for (auto _ : state)
    benchmark::DoNotOptimize(
        filled.store->Select(matchers, filled.now - Duration{300'000}, filled.now)->size());
}
BENCHMARK(BM_Select);

void BM_Windows(benchmark::State& state) {
  Filled filled;
  const Matchers matchers = {Matcher::Equal("__name__", "model_request_latency_seconds_count")};
  const Duration window{state.range(0) * 60'000};
  const auto series = *filled.store->Select(matchers, filled.now - window, filled.now);
  std::vector<tsdb::WindowQuery> queries;
  for (const tsdb::Series& one : series)
    queries.push_back({one.id, filled.now - window, filled.now});
  for (auto _ : state) benchmark::DoNotOptimize(filled.store->Windows(queries)->size());
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(queries.size()));
}
BENCHMARK(BM_Windows)->ArgName("minutes")->Arg(5)->Arg(60);

}  // namespace
}  // namespace nines
