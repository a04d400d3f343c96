// Native histograms with the real Prometheus as the sender.
//
// Goal: what Prometheus scraped is what we hold and show, each histogram, over a kill -9 of ours.
// Method: a service of the test's own shows a native histogram in protobuf; Prometheus and we are
// asked for it in the same JSON.  A missing Prometheus fails the test.
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <mutex>
#include <span>

#include "base/clock.h"
#include "base/prng.h"
#include "tests/support/nines_process.h"
#include "tests/support/temp_dir.h"

namespace nines::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

// Protobuf, by hand.
class Message {
 public:
  Message& Varint(uint32_t field, uint64_t value) {
    Raw(field << 3);
    Raw(value);
    return *this;
  }
  Message& Signed(uint32_t field, int64_t value) {
    return Varint(field, (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  Message& Double(uint32_t field, double value) {
    Raw(field << 3 | 1);
    const auto bits = std::bit_cast<uint64_t>(value);
    for (int i = 0; i < 64; i += 8) bytes_.push_back(static_cast<char>(bits >> i));
    return *this;
  }
  Message& Bytes(uint32_t field, const std::string& bytes) {
    Raw(field << 3 | 2);
    Raw(bytes.size());
    bytes_ += bytes;
    return *this;
  }
  // With its size in front.
  std::string Delimited() const {
    Message size;
    size.Raw(bytes_.size());
    return size.bytes_ + bytes_;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void Raw(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }
  std::string bytes_;
};

// Shows io.prometheus.client.MetricFamily; every scrape adds some observations.
class Service {
 public:
  Service() {
    auto server = net::HttpServer::Start({.listen_address = "127.0.0.1:0"},
                                         [this](const net::HttpRequest&) { return Scrape(); });
    EXPECT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  const std::string& address() const { return server_->address(); }

 private:
  static constexpr size_t kBuckets = 6;

  net::HttpResponse Scrape() {
    const std::lock_guard lock(mutex_);
    for (uint64_t n = prng_.Below(20); n > 0; --n) {
      ++count_;
      sum_ += static_cast<double>(prng_.Below(1000)) / 64;
      const uint64_t bucket = prng_.Below(2 * kBuckets);
      if (bucket < kBuckets) {
        ++positive_[bucket];
      } else if (bucket < kBuckets + 2) {
        ++negative_[bucket - kBuckets];
      } else {
        ++zero_;
      }
    }
    Message histogram;
    histogram.Varint(1, count_).Double(2, sum_).Signed(5, 3).Double(6, 0.001).Varint(7, zero_);
    AddSide(&histogram, 9, {negative_, 2});
    AddSide(&histogram, 12, {positive_, kBuckets});
    Message label;
    label.Bytes(1, "route").Bytes(2, "/predict");
    Message metric;
    metric.Bytes(1, label.bytes()).Bytes(7, histogram.bytes());
    Message family;
    family.Bytes(1, "latency").Varint(3, 4).Bytes(4, metric.bytes());
    net::HttpResponse response;
    response.headers = {
        {"Content-Type",
         "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
         "encoding=delimited"}};
    response.body = family.Delimited();
    return response;
  }

  // Buckets from index -1 on.
  static void AddSide(Message* histogram, uint32_t field, std::span<const uint64_t> counts) {
    Message span;
    span.Signed(1, -1).Varint(2, counts.size());
    histogram->Bytes(field, span.bytes());
    int64_t before = 0;
    for (const uint64_t count : counts) {
      histogram->Signed(field + 1, static_cast<int64_t>(count) - before);
      before = static_cast<int64_t>(count);
    }
  }

  std::mutex mutex_;
  Prng prng_{9};
  uint64_t count_ = 0;
  uint64_t zero_ = 0;
  double sum_ = 0;
  uint64_t positive_[kBuckets] = {};
  uint64_t negative_[2] = {};
  std::unique_ptr<net::HttpServer> server_;
};

class NativeHistogramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string program = std::string(PEERS_DIR) + "/usr/bin/prometheus";
    ASSERT_EQ(access(program.c_str(), X_OK), 0) << program << " is missing; ./dev test unpacks it";
    folder_.Write("nines.yml", "{}\n");
    nines_ = std::make_unique<NinesProcess>(NINES_PROGRAM, folder_.path());
    ASSERT_NO_FATAL_FAILURE(nines_->Start());
    const std::string config =
        folder_.Write("prometheus.yml",
                      "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
                      "scrape_configs: [{job_name: service, static_configs: [{targets: [\"" +
                          service_.address() +
                          "\"]}]}]\n"
                          "remote_write:\n"
                          "  - url: " +
                          nines_->url() +
                          "/api/v1/write\n"
                          "    send_native_histograms: true\n"
                          "    queue_config: {batch_send_deadline: 200ms, min_backoff: 30ms, "
                          "max_backoff: 200ms}\n");
    address_ = "127.0.0.1:" + std::to_string(FreePort());
    prometheus_ = std::make_unique<Process>(std::vector<std::string>{
        program, "--enable-feature=native-histograms", "--config.file=" + config,
        "--storage.tsdb.path=" + folder_.File("prometheus"), "--web.listen-address=" + address_});
  }

  // By time in ms, as JSON.
  using Histograms = std::map<int64_t, std::string>;

  Histograms Ask(const std::string& url, const std::vector<std::string>& path) {
    const auto reply = client_.Send({.url = url});
    Histograms found;
    if (!reply) return found;
    boost::system::error_code failed;
    const json::value parsed = json::parse(reply->body, failed);
    const json::value* at = failed ? nullptr : &parsed;
    for (const std::string& name : path) {
      at = at != nullptr && at->is_object() ? at->as_object().if_contains(name) : nullptr;
    }
    if (at == nullptr || at->as_array().empty()) return found;
    for (const json::value& one : at->as_array().at(0).at("histograms").as_array()) {
      found[std::llround(one.at(0).to_number<double>() * 1000)] = json::serialize(one.at(1));
    }
    return found;
  }
  Histograms Theirs() {
    return Ask("http://" + address_ + "/api/v1/query?query=latency%5B10m%5D", {"data", "result"});
  }
  Histograms Ours() {
    return Ask(nines_->url() +
                   "/api/v1/samples?match[]=__name__%3D%22latency%22&start=0&"
                   "end=" +
                   std::to_string(ToUnixMs(SystemClock().Wall()) / 1000 + 60),
               {"data"});
  }

  TempDir folder_;
  Service service_;
  net::HttpClient client_;
  std::string address_;
  std::unique_ptr<NinesProcess> nines_;
  std::unique_ptr<Process> prometheus_;
};

TEST_F(NativeHistogramTest, EveryHistogramScrapedIsHeld) {
  ASSERT_TRUE(WaitUntil([&] { return Ours().size() >= 8; }, 60s)) << nines_->log();
  nines_->Kill9();
  ASSERT_NO_FATAL_FAILURE(nines_->Start());
  const size_t enough = Ours().size() + 8;
  ASSERT_TRUE(WaitUntil([&] { return Ours().size() >= enough; }, 60s)) << nines_->log();
  const Histograms ours = Ours();
  Histograms theirs = Theirs();
  // What was scraped after we were asked.
  theirs.erase(theirs.upper_bound(ours.rbegin()->first), theirs.end());
  EXPECT_EQ(ours, theirs);
  EXPECT_NE(ours.rbegin()->second.find("[3,\"-0.001\",\"0.001\""), std::string::npos)
      << ours.rbegin()->second;
}

}  // namespace
}  // namespace nines::test
