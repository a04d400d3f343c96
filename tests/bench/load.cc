// The load of the ingest benchmarks: histograms of a fleet of model services, by remote write 1.0.
//
// Every instance has model_request_latency_seconds with the demo's 13 bounds, +Inf, sum and count;
// labels job, instance, model, route.  Counters grow by random traffic of some 20 requests a second
// with log-normal latencies.  With --churn-every, a part of the instances is replaced by new ones
// now and then, as a rollout does.  The same arguments send the same bytes but for the time of the
// first scrape, which --start gives.
//
// Requests are built before the clock starts, --window scrapes at a time where all of them would
// not fit into memory; the clock stands still while the next ones are built.
//
// Prints one line of JSON: what was sent, how long it took, and the latencies of the requests.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <deque>
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
constexpr uint64_t kInstancesAJob = 10;
constexpr size_t kLatenciesAJob = size_t{1} << 14;

struct Args {
  std::string url;
  uint64_t series = 100'000;
  int64_t from = 0;  // Scrapes [from, to) are sent; those before are only counted.
  int64_t to = 40;
  int64_t start_ms = 0;  // The time of scrape 0.
  int64_t step_ms = 15'000;
  int64_t window = 0;  // Scrapes that are built at a time; 0 is all.
  int64_t churn_every = 0;
  uint64_t churn_percent = 20;
  size_t batch = 2000;
  int connections = 4;
  uint64_t rate = 0;  // Samples a second; 0 is as fast as it goes.
};

// The latencies that a service's requests are drawn from.
struct Job {
  std::vector<double> seconds;
  std::vector<uint8_t> bucket;

  explicit Job(uint64_t id) {
    Prng prng(id * 104729 + 7);
    const double median = 0.05 * std::exp(static_cast<double>(prng.Below(1000)) / 400);
    for (size_t i = 0; i < kLatenciesAJob; ++i) {
      // Sum of four uniforms, near enough to a normal deviate.
      double normal = -2;
      for (int k = 0; k < 4; ++k) normal += static_cast<double>(prng.Below(1 << 20)) / (1 << 20);
      seconds.push_back(median * std::exp(0.6 * std::sqrt(3.0) * normal));
      const auto at = std::lower_bound(std::begin(kLimits), std::end(kLimits) - 1, seconds.back());
      bucket.push_back(static_cast<uint8_t>(at - std::begin(kLimits)));
    }
  }
};

// One instance of a service, its counters as they are now.
struct Instance {
  const Job* job;
  std::vector<test::TestSeries> series;
  uint64_t counts[kBuckets] = {};
  double sum = 0;
  Prng prng;

  Instance(uint64_t id, uint64_t generation, const Job* job_)
      : job(job_), prng(id * 7919 + generation * 15485863 + 1) {
    const uint64_t number = id / kInstancesAJob;
    const std::string host = std::to_string(id / 250) + "." + std::to_string(id % 250);
    const Labels base({{"instance", "10." + std::to_string(generation) + "." + host + ":8080"},
                       {"job", "svc-" + std::to_string(number)},
                       {"model", "ranker-v" + std::to_string(number % 7)},
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

  void Scrape(int64_t time_ms, int64_t step_ms) {
    const uint64_t mean = static_cast<uint64_t>(step_ms) / 50;
    const uint64_t events = mean - mean / 5 + prng.Below(mean * 2 / 5 + 1);
    for (uint64_t i = 0; i < events; ++i) {
      const size_t at = prng.Below(kLatenciesAJob);
      sum += job->seconds[at];
      ++counts[job->bucket[at]];
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

// The fleet, scrape by scrape.
class Fleet {
 public:
  explicit Fleet(const Args& args) : args_(args) {
    const uint64_t count = std::max<uint64_t>(1, args.series / kSeriesAnInstance);
    for (uint64_t i = 0; i * kInstancesAJob < count; ++i) jobs_.emplace_back(i);
    for (uint64_t i = 0; i < count; ++i) instances_.emplace_back(i, 0, &jobs_[i / kInstancesAJob]);
  }

  // The requests of the next scrapes, none when all were built.
  std::vector<Request> Build() {
    std::vector<Request> requests;
    const int64_t end = args_.window == 0 ? args_.to : std::min(args_.to, scrape_ + args_.window);
    for (; scrape_ < end; ++scrape_) {
      if (args_.churn_every != 0 && scrape_ > 0 && scrape_ % args_.churn_every == 0) Replace();
      for (Instance& instance : instances_) {
        instance.Scrape(args_.start_ms + scrape_ * args_.step_ms, args_.step_ms);
        if (scrape_ < args_.from) continue;
        for (const test::TestSeries& series : instance.series) {
          pending_.push_back(series);
          if (pending_.size() == args_.batch) Flush(&requests);
        }
      }
      Flush(&requests);
    }
    return requests;
  }
  bool done() const { return scrape_ >= args_.to; }

 private:
  void Flush(std::vector<Request>* requests) {
    if (pending_.empty()) return;
    requests->push_back({test::SnappyBlock(test::EncodeWriteRequest(pending_)), pending_.size()});
    pending_.clear();
  }

  // The oldest go.
  void Replace() {
    const size_t count = instances_.size() * args_.churn_percent / 100;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t id = replaced_ % instances_.size();
      const uint64_t generation = replaced_ / instances_.size() + 1;
      instances_[id] = Instance(id, generation, &jobs_[id / kInstancesAJob]);
      ++replaced_;
    }
  }

  const Args& args_;
  std::deque<Job> jobs_;
  std::vector<Instance> instances_;
  std::vector<test::TestSeries> pending_;
  int64_t scrape_ = 0;
  uint64_t replaced_ = 0;
};

double Seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

// What was sent so far.
struct Tally {
  std::atomic<uint64_t> samples{0};
  std::atomic<uint64_t> failed{0};
  std::vector<double> latencies;
  double seconds = 0;
};

void Send(const Args& args, const std::vector<Request>& requests, Tally* tally) {
  const Clock& clock = SystemClock();
  std::atomic<size_t> next{0};
  const size_t before_these = tally->latencies.size();
  tally->latencies.resize(before_these + requests.size());
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
      tally->latencies[before_these + i] = Seconds(clock.Monotonic() - before);
      if (reply && reply->status / 100 == 2)
        tally->samples += requests[i].samples;
      else
        ++tally->failed;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < args.connections; ++i) threads.emplace_back(client);
  for (std::thread& thread : threads) thread.join();
  tally->seconds += Seconds(clock.Monotonic() - began);
}

int Run(const Args& args) {
  Fleet fleet(args);
  Tally tally;
  while (!fleet.done()) Send(args, fleet.Build(), &tally);
  std::vector<double>& latencies = tally.latencies;
  std::sort(latencies.begin(), latencies.end());
  const auto quantile = [&](double q) {
    if (latencies.empty()) return 0.0;
    return latencies[static_cast<size_t>(q * static_cast<double>(latencies.size() - 1))];
  };
  std::printf(
      "{\"samples\": %llu, \"failed_requests\": %llu, \"requests\": %zu, \"seconds\": %.4f, "
      "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
      static_cast<unsigned long long>(tally.samples), static_cast<unsigned long long>(tally.failed),
      latencies.size(), tally.seconds, quantile(0.5) * 1e3, quantile(0.99) * 1e3,
      quantile(1) * 1e3);
  return tally.failed == 0 ? 0 : 1;
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
  app.add_option("--step", args.step_ms, "Milliseconds from scrape to scrape");
  app.add_option("--window", args.window, "Scrapes built at a time; 0 is all");
  app.add_option("--churn-every", args.churn_every, "Scrapes between replacements; 0 is never");
  app.add_option("--churn-percent", args.churn_percent, "Share of the instances replaced");
  app.add_option("--batch", args.batch, "Samples a request");
  app.add_option("--connections", args.connections);
  app.add_option("--rate", args.rate, "Samples a second");
  CLI11_PARSE(app, argc, argv);
  return nines::bench::Run(args);
}
