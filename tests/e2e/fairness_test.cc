// One client that floods beside one that does not.
//
// Goal: the paced client's requests do not wait behind those of the other one; what the other one
// sends is answered too.
// Method: a flood of garbage and of large valid requests comes over many connections, as fast as it
// is answered; 127.0.0.1 sends small requests one after another.  First the flood is its own, and
// they wait in its queue, as they would for anybody's flood on a server without turns; then it
// comes from 127.0.0.2.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/clock.h"
#include "tests/support/nines_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/remote_write.h"
#include "tests/support/temp_dir.h"

namespace nines::test {
namespace {

using namespace std::chrono_literals;

constexpr int kPacedRequests = 15;
constexpr int kFloodConnections = 128;
constexpr int kFloodSamples = 6'000;  // Of one request.

std::string Post(const std::string& body) {
  return "POST /api/v1/write HTTP/1.1\r\nHost: h\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Snappy's header claims more than follows: it is looked at and refused.
std::string Garbage() { return Post("\xff\xff\x7f" + std::string(200'000, '\x55')); }

std::string Large(Time now) {
  std::vector<TestSeries> series;
  for (int i = 0; i < 60; ++i) {
    TestSeries one{Labels({{"__name__", "flood"}, {"i", std::to_string(i)}}), {}};
    for (int s = 0; s < kFloodSamples / 60; ++s) one.samples.emplace_back(ToUnixMs(now) - s, s);
    std::reverse(one.samples.begin(), one.samples.end());
    series.push_back(std::move(one));
  }
  return Post(SnappyBlock(EncodeWriteRequest(series)));
}

// Sends one request after another over connections of its own until it is destroyed.
class Flood {
 public:
  Flood(uint16_t port, std::string from, Time now)
      : from_(std::move(from)), garbage_(Garbage()), large_(Large(now)) {
    for (int i = 0; i < kFloodConnections; ++i) {
      threads_.emplace_back([this, port, i] { Run(port, i % 4 == 0 ? garbage_ : large_); });
    }
  }
  ~Flood() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  int answered(int status_class) const { return answered_[static_cast<size_t>(status_class)]; }
  int unanswered() const { return unanswered_; }

 private:
  void Run(uint16_t port, const std::string& request) {
    auto client = std::make_unique<RawClient>(port, from_);
    while (!stop_) {
      const RawResponse response = client->Exchange(request);
      if (response.status == 0) {
        ++unanswered_;
      } else {
        ++answered_[static_cast<size_t>(response.status / 100)];
      }
      if (response.status == 0 || response.head.find("Connection: close") != std::string::npos) {
        client = std::make_unique<RawClient>(port, from_);
      }
    }
  }

  const std::string from_;
  const std::string garbage_;
  const std::string large_;
  std::atomic<bool> stop_{false};
  std::array<std::atomic<int>, 6> answered_{};
  std::atomic<int> unanswered_{0};
  std::vector<std::thread> threads_;
};

class FairnessTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(nines_.Start()); }

  uint16_t port() const {
    return static_cast<uint16_t>(std::stoi(nines_.url().substr(nines_.url().rfind(':') + 1)));
  }

  // The times of the paced requests, sorted.
  std::vector<std::chrono::nanoseconds> Pace(Time begin) {
    std::vector<std::chrono::nanoseconds> took;
    for (int i = 0; i < kPacedRequests; ++i) {
      std::vector<TestSeries> series;
      for (int s = 0; s < 20; ++s) {
        series.push_back({Labels({{"__name__", "paced"}, {"i", std::to_string(s)}}),
                          {{ToUnixMs(begin) + i, i}}});
      }
      const auto sent = SystemClock().Monotonic();
      const auto reply = PostWrite(nines_.client(), nines_.url(), series);
      took.push_back(SystemClock().Monotonic() - sent);
      EXPECT_TRUE(reply && reply->status == 204) << (reply ? reply->body : reply.error().message);
    }
    std::sort(took.begin(), took.end());
    return took;
  }

  TempDir folder_;
  NinesProcess nines_{NINES_PROGRAM, folder_.path()};
};

TEST_F(FairnessTest, APacedClientIsServedBesideAFlood) {
  const Time now = SystemClock().Wall();
  // The median of paced requests beside a flood from that address.
  const auto beside = [&](const std::string& from, Time begin) {
    Flood flood(port(), from, now);
    EXPECT_TRUE(WaitUntil([&] { return flood.answered(2) >= 20 && flood.answered(4) >= 20; }, 60s));
    const auto took = Pace(begin);
    EXPECT_EQ(flood.unanswered(), 0);
    EXPECT_EQ(flood.answered(5), 0);
    std::printf("flood from %s: %d stored, %d refused; paced: median %.1f ms, longest %.1f ms\n",
                from.c_str(), flood.answered(2), flood.answered(4),
                static_cast<double>(took[took.size() / 2].count()) / 1e6,
                static_cast<double>(took.back().count()) / 1e6);
    return took[took.size() / 2];
  };
  const auto own = beside("127.0.0.1", now - 10s);
  const auto other = beside("127.0.0.2", now - 5s);
  EXPECT_LT(other * 3 / 2, own);
  const std::string metrics = nines_.Get("/metrics");
  EXPECT_NE(metrics.find("nines_http_in_flight_bytes 0"), std::string::npos);
  EXPECT_NE(metrics.find("nines_ingest_requests_refused_total{reason=\"snappy\"}"),
            std::string::npos);
}

}  // namespace
}  // namespace nines::test
