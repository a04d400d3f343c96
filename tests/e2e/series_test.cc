// Which series there are, and their exemplars, asked of Nines and of the real Prometheus after the
// same remote writes.
//
// Goal: the same answer to each request: the same status, data and words of an error.
// Method: a table of requests over both APIs.  Prometheus orders series of a single selector by
// age, so arrays are compared in order of their text.  A missing Prometheus fails the test.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/clock.h"
#include "tests/support/nines_process.h"
#include "tests/support/remote_write.h"
#include "tests/support/temp_dir.h"

namespace nines::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

// What the two answer, as text that is the same where the answers mean the same.
std::string Normal(const net::ClientResponse& reply) {
  boost::system::error_code failed;
  json::value body = json::parse(reply.body, failed);
  if (failed) return std::to_string(reply.status) + " " + reply.body;
  json::value* data = body.as_object().if_contains("data");
  std::string text = std::to_string(reply.status);
  if (data == nullptr || !data->is_array()) return text + " " + json::serialize(body);
  std::vector<std::string> items;
  for (const json::value& item : data->as_array()) items.push_back(json::serialize(item));
  std::ranges::sort(items);
  for (const std::string& item : items) text += "\n" + item;
  return text;
}

class SeriesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string program = std::string(PEERS_DIR) + "/usr/bin/prometheus";
    ASSERT_EQ(access(program.c_str(), X_OK), 0) << program << " is missing; ./dev test unpacks it";
    nines_ = std::make_unique<NinesProcess>(NINES_PROGRAM, folder_.path());
    ASSERT_NO_FATAL_FAILURE(nines_->Start());
    const std::string config = folder_.Write("prometheus.yml", "global: {scrape_interval: 1m}\n");
    const std::string address = "127.0.0.1:" + std::to_string(FreePort());
    prometheus_url_ = "http://" + address;
    prometheus_ = std::make_unique<Process>(std::vector<std::string>{
        program, "--config.file=" + config, "--storage.tsdb.path=" + folder_.File("prometheus"),
        "--web.listen-address=" + address, "--web.enable-remote-write-receiver",
        "--enable-feature=exemplar-storage"});
    ASSERT_TRUE(WaitUntil(
        [&] {
          const auto reply = client_.Send({.url = prometheus_url_ + "/-/ready"});
          return reply && reply->status == 200;
        },
        60s))
        << prometheus_->Output();
  }

  void WriteBoth(const std::vector<TestSeries>& series) {
    for (const std::string& url : {prometheus_url_, nines_->url()}) {
      const auto reply = PostWrite(client_, url, series);
      ASSERT_TRUE(reply);
      ASSERT_EQ(reply->status, 204) << url << " " << reply->body;
    }
  }

  std::string Ask(const std::string& url, const std::string& target) {
    const auto reply = client_.Send({.url = url + target});
    return reply ? Normal(*reply) : "no answer";
  }
  void Compare(const std::string& target) {
    EXPECT_EQ(Ask(nines_->url(), target), Ask(prometheus_url_, target)) << target;
  }

  TempDir folder_;
  net::HttpClient client_;
  std::string prometheus_url_;
  std::unique_ptr<NinesProcess> nines_;
  std::unique_ptr<Process> prometheus_;
};

TEST_F(SeriesTest, AnswersAreThoseOfPrometheus) {
  const int64_t now_ms = ToUnixMs(SystemClock().Wall());
  std::vector<TestSeries> series;
  for (const char* job : {"a", "b"}) {
    for (const char* le : {"0.5", "1", "+Inf"}) {
      series.push_back({Labels({{"__name__", "x_bucket"}, {"job", job}, {"le", le}}),
                        {{now_ms - 1000, 1}, {now_ms, 2}},
                        {{Labels({{"trace_id", std::string(job) + le}}), 0.25, now_ms - 1000},
                         {Labels({{"trace_id", "late"}, {"span_id", "1"}}), 1.5, now_ms}}});
    }
    series.push_back({Labels({{"__name__", "x_count"}, {"job", job}}), {{now_ms, 2}}});
    series.push_back({Labels({{"__name__", "x_sum"}, {"job", job}}), {{now_ms, 0.5}}});
  }
  series.push_back(
      {Labels({{"__name__", "up"}, {"job", "a"}, {"zone", "\xc3\xa9"}}), {{now_ms, 1}}});
  series.push_back({Labels({{"__name__", "x"}, {"le", "odd"}}), {{now_ms, 1}}});
  ASSERT_NO_FATAL_FAILURE(WriteBoth(series));

  const std::vector<std::string> selectors = {
      "match[]=up",
      "match[]=x_bucket",
      "match[]=x_bucket%7Ble%3D%221%22%7D",
      "match[]=%7Bjob%3D%22a%22%7D",
      "match[]=%7Bjob%3D~%22a%7Cb%22%2Cle%3D%22%22%7D",
      "match[]=%7B__name__%3D~%22x_.*%22%2Cle!%3D%221%22%7D",
      "match[]=up&match[]=x_count",
      "match[]=nothing",
      "match[]=%7Ble%3D%22odd%22%7D&match[]=%7Bzone!%3D%22%22%7D",
      "match[]=%7Bjob!%3D%22a%22%2C__name__%3D%22x%22%7D"};
  const std::string around =
      "&start=" + std::to_string(now_ms / 1000 - 60) + "&end=" + std::to_string(now_ms / 1000 + 60);
  const std::string long_ago = "&start=1000&end=2000";
  for (const std::string path :
       {"/api/v1/labels", "/api/v1/label/job/values", "/api/v1/label/le/values",
        "/api/v1/label/__name__/values", "/api/v1/label/zone/values",
        "/api/v1/label/nothing/values", "/api/v1/series"}) {
    for (const std::string& selector : selectors) {
      for (const std::string& time : {std::string(), around, long_ago}) {
        Compare(path + "?" + selector + time);
      }
    }
    Compare(path);
    Compare(path + "?" + around);
    Compare(path + "?match[]=%7B%7D");
    Compare(path + "?match[]=%7Bjob%3D~%22.*%22%7D");
    Compare(path + "?match[]=up&start=x");
    Compare(path + "?match[]=up&end=2026");
  }
  for (const char* target :
       {"/api/v1/query_exemplars?query=x_bucket",
        "/api/v1/query_exemplars?query=x_bucket%7Bjob%3D%22a%22%2Cle!%3D%221%22%7D",
        "/api/v1/query_exemplars?query=nothing",
        "/api/v1/query_exemplars?query=x_bucket&start=1000&end=2000",
        "/api/v1/query_exemplars?query=up&start=2&end=1",
        "/api/v1/query_exemplars?query=up&start=x", "/api/v1/metadata", "/api/v1/metadata?metric=x",
        "/api/v1/metadata?limit=x"}) {
    Compare(target);
  }
}

}  // namespace
}  // namespace nines::test
