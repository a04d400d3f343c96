// The real vmagent as the sender, over restarts of both ends.
//
// Goal: every scrape that it made is held exactly once, bit by bit.
// Method: a target of the test's own numbers its scrapes and notes what it showed.  Nines is killed
// twice, vmagent is stopped and started once; at the end the target goes away, and the staleness
// markers that vmagent sends for it are behind everything else in its one queue.  A missing vmagent
// fails the test.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "base/number.h"
#include "base/prng.h"
#include "tests/support/histogram.h"
#include "tests/support/nines_process.h"
#include "tests/support/temp_dir.h"
#include "tsdb/store.h"

namespace nines::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr const char* kConfig = R"(
global: {evaluation_interval: 100ms}
slo_files: [slos.yml]
)";
// Its group says how far the data have come.
constexpr const char* kSlos = R"(
slos:
  - name: progress
    service: s
    objective: 99
    window: 1h
    counting: promql
    indicator: {latency: {histogram: latency_seconds, threshold: 250ms, group_by: [job]}}
)";
constexpr const char* kScrapes = R"(
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs:
  - job_name: target
    static_configs: [{targets: ["%TARGET%"]}]
)";

using Values = std::map<std::string, double>;  // By series.

// vmagent reads decimal fractions of more digits than 2^53 has with an error of its own, and -0 as
// 0: so the fractions here are eighths, and small.
class Target {
 public:
  Target() {
    auto server = net::HttpServer::Start({.listen_address = "127.0.0.1:0"},
                                         [this](const net::HttpRequest&) { return Scrape(); });
    EXPECT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  const std::string& address() const { return server_->address(); }

  size_t scrapes() {
    const std::lock_guard lock(mutex_);
    return shown_.size();
  }
  // From now on scrapes fail.  When the last one was answered.
  Time GoAway() {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    return last_;
  }
  // What each scrape showed.  REQUIRES: it is gone.
  const std::vector<Values>& shown() const { return shown_; }

 private:
  net::HttpResponse Scrape() {
    const std::lock_guard lock(mutex_);
    if (gone_) return net::HttpResponse::Text(503, "");
    last_ = SystemClock().Wall();
    for (int i = 0; i < 20; ++i) histogram_.Observe(static_cast<double>(prng_.Below(24)) / 8);
    Values values;
    for (const TestSeries& series : histogram_.At(last_)) {
      values[series.labels.ToString()] = series.samples[0].second;
    }
    values["scrape"] = static_cast<double>(shown_.size());
    values["big"] = static_cast<double>((uint64_t{1} << 53) - 1 - shown_.size());
    values["small"] = std::ldexp(static_cast<double>(shown_.size()), -10);
    values["infinite"] = -std::numeric_limits<double>::infinity();
    std::string text;
    for (const auto& [series, value] : values) text += series + " " + FormatFloat(value) + "\n";
    shown_.push_back(std::move(values));
    return net::HttpResponse::Text(200, text);
  }

  std::mutex mutex_;
  Prng prng_{11};
  HistogramCounter histogram_{"latency_seconds", Labels({{"route", "/a"}}), {"0.25", "1", "2.5"}};
  std::vector<Values> shown_;
  Time last_;
  bool gone_ = false;
  std::unique_ptr<net::HttpServer> server_;
};

class VmagentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(access(program_.c_str(), X_OK), 0)
        << program_ << " is missing; ./dev test unpacks it";
    folder_.Write("nines.yml", kConfig);
    folder_.Write("slos.yml", kSlos);
    std::string scrapes = kScrapes;
    scrapes.replace(scrapes.find("%TARGET%"), 8, target_.address());
    folder_.Write("scrapes.yml", scrapes);
    nines_ = std::make_unique<NinesProcess>(NINES_PROGRAM, folder_.path());
    ASSERT_NO_FATAL_FAILURE(nines_->Start());
    StartVmagent();
  }

  void StartVmagent() {
    vmagent_ = std::make_unique<Process>(
        std::vector<std::string>{program_, "-promscrape.config=" + folder_.File("scrapes.yml"),
                                 "-remoteWrite.url=" + nines_->url() + "/api/v1/write",
                                 "-remoteWrite.tmpDataPath=" + folder_.File("vmagent"),
                                 "-remoteWrite.queues=1", "-remoteWrite.flushInterval=100ms",
                                 "-httpListenAddr=127.0.0.1:" + std::to_string(FreePort())});
  }
  bool WaitForScrapes(size_t count) {
    return WaitUntil([&] { return target_.scrapes() >= count; }, 60s);
  }
  // How far the data have come.
  std::optional<Time> DataThrough() {
    boost::system::error_code failed;
    const json::value reply = json::parse(nines_->Get("/api/v1/slos/progress"), failed);
    if (failed || !reply.is_object() || !reply.as_object().contains("data")) return std::nullopt;
    const json::array& groups = reply.at("data").at("groups").as_array();
    if (groups.empty() || !groups[0].at("data_through").is_string()) return std::nullopt;
    return *ParseTime(std::string(groups[0].at("data_through").as_string()));
  }

  const std::string program_ = std::string(PEERS_DIR) + "/usr/bin/vmagent";
  TempDir folder_;
  Target target_;
  std::unique_ptr<NinesProcess> nines_;
  std::unique_ptr<Process> vmagent_;
};

TEST_F(VmagentTest, EveryScrapeIsHeldOnceOverRestartsOfBothEnds) {
  ASSERT_TRUE(WaitForScrapes(12)) << vmagent_->Output();
  nines_->Kill9();
  ASSERT_TRUE(WaitForScrapes(16)) << "vmagent scrapes on while Nines is away";
  ASSERT_NO_FATAL_FAILURE(nines_->Start());
  ASSERT_TRUE(WaitForScrapes(26));

  // A scrape that is under way when vmagent ends may be lost by it.
  const size_t before_stop = target_.scrapes();
  vmagent_->Kill(SIGTERM);
  ASSERT_TRUE(vmagent_->Wait(30s).has_value()) << vmagent_->Output();
  const size_t after_stop = target_.scrapes();
  StartVmagent();
  ASSERT_TRUE(WaitForScrapes(after_stop + 12)) << vmagent_->Output();
  nines_->Kill9();
  ASSERT_NO_FATAL_FAILURE(nines_->Start());
  ASSERT_TRUE(WaitForScrapes(after_stop + 24)) << vmagent_->Output();
  const Time last = target_.GoAway();
  ASSERT_TRUE(WaitUntil([&] { return DataThrough() > last; }, 60s))
      << vmagent_->Output() << nines_->log();
  ASSERT_EQ(nines_->Terminate(), 0) << nines_->log();

  auto store = tsdb::Store::Open({.path = nines_->data_path()});
  ASSERT_TRUE(store) << store.error().message;
  const Time now = SystemClock().Wall();
  // What is held of a series, markers left out.
  const auto held = [&](const std::string& series) {
    const size_t brace = series.find('{');
    Matchers matchers = brace == series.npos ? Matchers() : *ParseMatchers(series.substr(brace));
    matchers.push_back(Matcher::Equal("__name__", series.substr(0, brace)));
    matchers.push_back(Matcher::Equal("job", "target"));
    std::map<Time, double> samples;
    const auto found = (*store)->Select(matchers, now - 15min, now);
    EXPECT_TRUE(found && found->size() == 1) << series;
    if (!found || found->size() != 1) return samples;
    const auto read = (*store)->Read(std::span(&found->front().id, 1), now - 15min, now);
    EXPECT_TRUE(read) << series;
    if (!read) return samples;
    for (const tsdb::Sample& sample : read->front()) {
      if (!tsdb::IsStale(sample.value)) samples[sample.at] = sample.value;
    }
    return samples;
  };
  const std::vector<Values>& shown = target_.shown();
  // On a busy machine vmagent gives up on scrapes that the target answered too late; it says so.
  const std::map<Time, double> up = held("up");
  const auto gave_up = [&](Time after, Time before) {
    return std::any_of(up.upper_bound(after), up.lower_bound(before),
                       [](const auto& sample) { return sample.second == 0; });
  };
  size_t next = 0;
  Time previous;
  const std::map<Time, double> numbers = held("scrape");
  for (const auto& [at, number] : numbers) {
    for (; next < shown.size() && static_cast<double>(next) != number; ++next) {
      EXPECT_TRUE((next + 1 >= before_stop && next < after_stop) || gave_up(previous, at))
          << "scrape " << next << " is lost";
    }
    ASSERT_LT(next, shown.size()) << "scrape " << number << " is held twice or out of order";
    ++next;
    previous = at;
  }
  EXPECT_TRUE(next == shown.size() || gave_up(previous, last)) << "the last scrapes are lost";
  for (const auto& [series, unused] : shown.front()) {
    const std::map<Time, double> samples = held(series);
    ASSERT_EQ(samples.size(), numbers.size()) << series;
    for (const auto& [at, value] : samples) {
      ASSERT_TRUE(numbers.contains(at)) << series;
      const double want = shown[static_cast<size_t>(numbers.at(at))].at(series);
      EXPECT_TRUE(tsdb::SameBits(value, want)) << series << " " << value << " " << want;
    }
  }
}

}  // namespace
}  // namespace nines::test
