// The load of the ingest benchmarks: histograms of a fleet of model services, by remote write 1.0.
//
// Every instance has model_request_latency_seconds with the demo's 13 bounds, +Inf, sum and count;
// labels job, instance, model, route.  Counters grow by random traffic of some 20 requests a second
// with log-normal latencies.  All requests are built before the clock starts.  The same arguments
// send the same bytes but for the time of the first scrape, which --start gives.
//
// Prints one line of JSON: what was sent, how long it took, and the latencies of the requests.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <thread>

#include "base/clock.h"
#include "base/prng.h"
#include "net/http_client.h"
#include "tests/support/remote_write.h"

namespace nines::bench {
namespace {

constexpr const char* kBounds[] = {"0.01", "0.05", "0.1", "0.2", "0.3", "0.4", "0.5",
                                   "0.6",  "0.7",  "0.8", "0.9", "1",   "5",   "+Inf"};
constexpr double kLimits[] = {0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 5, 10};
constexpr size_t kBuckets = std::size(kBounds);
constexpr size_t kSeriesAnInstance = kBuckets + 2;
constexpr int kInstancesAJob = 10;
constexpr int64_t kStepMs = 15'000;

struct Args {
  std::string url;
  uint64_t series = 100'000;
  int64_t from = 0;  // Scrapes [from, to) are sent; those before are only counted.
  int64_t to = 40;
  int64_t start_ms = 0;  // The time of scrape 0.
  size_t batch = 2000;
  int connections = 4;
  uint64_t rate = 0;  // Samples a second; 0 is as fast as it goes.
};

// One instance of a service, its counters as they are now.
struct Instance {
  std::vector<test::TestSeries> series;
  uint64_t counts[kBuckets] = {};
  double sum = 0;
  double median = 0.2;
  Prng prng{0};

  explicit Instance(uint64_t id) : prng(id * 7919 + 1) {
    const uint64_t job = id / kInstancesAJob;
    median = 0.05 * std::exp(static_cast<double>(Prng(job).Below(1000)) / 400);
    const Labels base({{"instance", "10.0." + std::to_string(id / 250) + "." +
                                        std::to_string(id % 250) + ":8080"},
                       {"job", "svc-" + std::to_string(job)},
                       {"model", "ranker-v" + std::to_string(job % 7)},
                       {"route", "/predict"}});
    const auto add = [&](const char* suffix, const char* le) {
      Labels labels = base;
      labels.Set("__name__", std::string("model_request_latency_seconds") + suffix);
      labels.Set("le", le);
      series.push_back({std::move(labels), {{0, 0}}});
    };
    for (const char* bound : kBounds) add("_bucket", bound);
    add("_sum", "");
    add("_count", "");
  }

  // Sum of four uniforms, near enough to a normal deviate.
  double Normal() {
    double s = 0;
    for (int i = 0; i < 4; ++i) s += static_cast<double>(prng.Below(1 << 20)) / (1 << 20);
    return (s - 2) * std::sqrt(3.0);
  }

  void Scrape(int64_t time_ms) {
    const uint64_t events = 240 + prng.Below(120);
    for (uint64_t i = 0; i < events; ++i) {
      const double latency = median * std::exp(0.6 * Normal());
      sum += latency;
      const auto at = std::lower_bound(std::begin(kLimits), std::end(kLimits) - 1, latency);
      ++counts[at - std::begin(kLimits)];
    }
    uint64_t running = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      running += counts[i];
      series[i].samples[0] = {time_ms, static_cast<double>(running)};
    }
    series[kBuckets].samples[0] = {time_ms, sum};
    series[kBuckets + 1].samples[0] = {time_ms, static_cast<double>(running)};
  }
};

struct Request {
  std::string body;
  uint64_t samples = 0;
};

std::vector<Request> Build(const Args& args) {
  std::vector<Instance> instances;
  const uint64_t count = std::max<uint64_t>(1, args.series / kSeriesAnInstance);
  for (uint64_t i = 0; i < count; ++i) instances.emplace_back(i);
  std::vector<Request> requests;
  std::vector<test::TestSeries> pending;
  const auto flush = [&] {
    if (pending.empty()) return;
    requests.push_back({test::SnappyBlock(test::EncodeWriteRequest(pending)), pending.size()});
    pending.clear();
  };
  for (int64_t scrape = 0; scrape < args.to; ++scrape) {
    for (Instance& instance : instances) {
      instance.Scrape(args.start_ms + scrape * kStepMs);
      if (scrape < args.from) continue;
      for (const test::TestSeries& series : instance.series) {
        pending.push_back(series);
        if (pending.size() == args.batch) flush();
      }
    }
    flush();
  }
  return requests;
}

double Seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

int Run(const Args& args) {
  const std::vector<Request> requests = Build(args);
  const Clock& clock = SystemClock();
  std::atomic<size_t> next{0};
  std::atomic<uint64_t> samples{0}, failed{0};
  std::vector<double> latencies(requests.size());
  const auto began = clock.Monotonic();
  const auto client = [&] {
    net::HttpClient http;
    for (size_t i; (i = next++) < requests.size();) {
      if (args.rate != 0) {
        const auto due =
            began + std::chrono::nanoseconds(i * args.batch * 1'000'000'000 / args.rate);
        while (clock.Monotonic() < due)
          std::this_thread::yield();  // Pacing to the microsecond; the generator's CPU is its own.
      }
      const auto before = clock.Monotonic();
      const auto reply = http.Send({.method = "POST",
                                    .url = args.url,
                                    .headers = {{"Content-Type", "application/x-protobuf"},
                                                {"Content-Encoding", "snappy"},
                                                {"X-Prometheus-Remote-Write-Version", "0.1.0"}},
                                    .body = requests[i].body,
                                    .timeout = std::chrono::seconds{60}});
      latencies[i] = Seconds(clock.Monotonic() - before);
      if (reply && reply->status / 100 == 2)
        samples += requests[i].samples;
      else
        ++failed;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < args.connections; ++i) threads.emplace_back(client);
  for (std::thread& thread : threads) thread.join();
  const double seconds = Seconds(clock.Monotonic() - began);
  std::sort(latencies.begin(), latencies.end());
  const auto quantile = [&](double q) {
    if (latencies.empty()) return 0.0;
    return latencies[static_cast<size_t>(q * static_cast<double>(latencies.size() - 1))];
  };
  std::printf(
      "{\"samples\": %llu, \"failed_requests\": %llu, \"requests\": %zu, \"seconds\": %.4f, "
      "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
      static_cast<unsigned long long>(samples), static_cast<unsigned long long>(failed),
      requests.size(), seconds, quantile(0.5) * 1e3, quantile(0.99) * 1e3, quantile(1) * 1e3);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace nines::bench

int main(int argc, char** argv) {
  nines::bench::Args args;
  CLI::App app("Sends the ingest benchmark's load by remote write.");
  app.add_option("--url", args.url, "…/api/v1/write")->required();
  app.add_option("--series", args.series);
  app.add_option("--from", args.from, "First scrape to send");
  app.add_option("--to", args.to, "One past the last scrape");
  app.add_option("--start", args.start_ms, "Unix ms of scrape 0")->required();
  app.add_option("--batch", args.batch, "Samples a request");
  app.add_option("--connections", args.connections);
  app.add_option("--rate", args.rate, "Samples a second");
  CLI11_PARSE(app, argc, argv);
  return nines::bench::Run(args);
}
