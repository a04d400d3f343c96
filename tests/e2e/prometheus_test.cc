// The main job with the real Prometheus as the sender.
//
// Goal: what Prometheus scraped is what we hold, bit by bit, over restarts of ours; our ratio is
// Prometheus' own; the alert goes through its states and the consumer is told both times.
// Method: a model service of the test's own is scraped every 200 ms; Prometheus is asked the same
// questions through its API.  A missing Prometheus fails the test.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "base/number.h"
#include "base/prng.h"
#include "tests/support/histogram.h"
#include "tests/support/nines_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/webhook_receiver.h"
#include "tsdb/store.h"

namespace nines::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr const char* kConfig = R"(
global: {evaluation_interval: 1s}
consumers:
  - name: checkout
    group_interval: 1s
    webhook: {url: "%WEBHOOK%"}
slo_files: [slos.yml]
)";

constexpr const char* kSlos = R"(
slos:
  - name: predict-latency
    service: recommender
    objective: 99
    window: 1h
    counting: promql
    indicator:
      latency:
        histogram: model_request_latency_seconds
        selector: 'route="/predict"'
        threshold: 500ms
        group_by: [job]
    alert: {name: HighModelLatency, window: 10s, for: 3s, labels: {severity: warning}}
    consumers: [checkout]
)";

constexpr const char* kPrometheusConfig = R"(
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs:
  - job_name: model-service
    static_configs: [{targets: ["%MODEL%"], labels: {attempt: "%ATTEMPT%"}}]
remote_write:
  - url: "%NINES%/api/v1/write"
    queue_config: {batch_send_deadline: 200ms, min_backoff: 30ms, max_backoff: 200ms}
)";

constexpr const char* kRatio =
    "sum by (job) (rate(model_request_latency_seconds_bucket{route=\"/predict\",le=\"0.5\"}[10s])) "
    "/ sum by (job) (rate(model_request_latency_seconds_count{route=\"/predict\"}[10s]))";

std::string Replace(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

std::string UrlEncode(const std::string& text) {
  std::string out;
  for (const char c : text) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
    out += std::isalnum(static_cast<unsigned char>(c)) ? std::string(1, c) : hex;
  }
  return out;
}

// A model service: every scrape adds some requests and shows the histogram as text.
class Model {
 public:
  Model() {
    auto server = net::HttpServer::Start({.listen_address = "127.0.0.1:0"},
                                         [this](const net::HttpRequest&) { return Scrape(); });
    EXPECT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  const std::string& address() const { return server_->address(); }
  void Mend() { slowest_ms_ = 400; }

 private:
  net::HttpResponse Scrape() {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < 80; ++i)
      histogram_.Observe(static_cast<double>(50 + prng_.Below(slowest_ms_ - 50)) / 1000);
    std::string text;
    for (const TestSeries& series : histogram_.At(Time{}))
      text += series.labels.ToString() + " " + FormatFloat(series.samples[0].second) + "\n";
    return net::HttpResponse::Text(200, text);
  }

  std::mutex mutex_;
  Prng prng_{7};
  std::atomic<uint64_t> slowest_ms_{600};
  HistogramCounter histogram_{
      "model_request_latency_seconds",
      Labels({{"route", "/predict"}}),
      {"0.01", "0.05", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1", "5"}};
  std::unique_ptr<net::HttpServer> server_;
};

class PrometheusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string program = std::string(PEERS_DIR) + "/usr/bin/prometheus";
    ASSERT_EQ(access(program.c_str(), X_OK), 0) << program << " is missing; ./dev test unpacks it";
    folder_.Write("nines.yml", Replace(kConfig, "%WEBHOOK%", webhook_.Url("/alerts")));
    folder_.Write("slos.yml", kSlos);
    nines_ = std::make_unique<NinesProcess>(NINES_PROGRAM, folder_.path());
    ASSERT_NO_FATAL_FAILURE(nines_->Start());
    ASSERT_NO_FATAL_FAILURE(StartPrometheus(0));
  }

  // When within its interval a target is scraped is a function of its labels: another attempt has
  // another time.
  void StartPrometheus(int attempt) {
    prometheus_.reset();
    std::string config = Replace(kPrometheusConfig, "%MODEL%", model_.address());
    config = Replace(std::move(config), "%NINES%", nines_->url());
    config = Replace(std::move(config), "%ATTEMPT%", std::to_string(attempt));
    prometheus_address_ = "127.0.0.1:" + std::to_string(FreePort());
    prometheus_ = std::make_unique<Process>(std::vector<std::string>{
        std::string(PEERS_DIR) + "/usr/bin/prometheus",
        "--config.file=" + folder_.Write("prometheus.yml", config),
        "--storage.tsdb.path=" + folder_.File("prometheus-" + std::to_string(attempt)),
        "--web.listen-address=" + prometheus_address_});
  }

  json::value Ask(const std::string& url) {
    const auto reply = client_.Send({.url = url});
    if (!reply) return nullptr;
    boost::system::error_code failed;
    json::value parsed = json::parse(reply->body, failed);
    return failed ? json::value(nullptr) : parsed;
  }
  json::value AskPrometheus(const std::string& path_and_query) {
    return Ask("http://" + prometheus_address_ + path_and_query);
  }

  // The SLO's group as GET /api/v1/slos/{name} shows it, null before there is one; `slo` too.
  json::value Group(json::value* slo = nullptr) {
    const json::value reply = Ask(nines_->url() + "/api/v1/slos/predict-latency");
    const json::value* groups = reply.is_object() ? reply.as_object().if_contains("data") : nullptr;
    if (groups == nullptr) return nullptr;
    if (slo != nullptr) *slo = *groups;
    const json::array& all = groups->at("groups").as_array();
    return all.empty() ? json::value(nullptr) : all.at(0);
  }

  bool WaitForState(const std::string& state) {
    return WaitUntil(
        [&] {
          const json::value group = Group();
          return group.is_object() && group.at("state").as_string() == state;
        },
        60s);
  }

  TempDir folder_;
  Model model_;
  WebhookReceiver webhook_;
  net::HttpClient client_;
  std::string prometheus_address_;
  std::unique_ptr<NinesProcess> nines_;
  std::unique_ptr<Process> prometheus_;
};

json::value BodyOf(const net::HttpRequest& request) { return json::parse(request.body); }

TEST_F(PrometheusTest, TheConsumerIsToldOfBreachAndMend) {
  ASSERT_TRUE(WaitForState("pending")) << nines_->log();
  ASSERT_TRUE(WaitForState("firing")) << nines_->log();
  ASSERT_TRUE(webhook_.WaitFor(1, 30s)) << nines_->log();

  // A crash after the 2xx was read must neither repeat the page nor lose the alert.
  ASSERT_TRUE(WaitUntil(
      [&] {
        return nines_->Get("/api/v1/notifications").find(R"("state":"sent")") != std::string::npos;
      },
      30s))
      << nines_->log();
  nines_->Kill9();
  ASSERT_NO_FATAL_FAILURE(nines_->Start());
  ASSERT_TRUE(WaitForState("firing")) << nines_->log();

  model_.Mend();
  ASSERT_TRUE(WaitForState("inactive")) << nines_->log();
  ASSERT_TRUE(webhook_.WaitFor(2, 30s)) << nines_->log();

  const std::vector<net::HttpRequest> requests = webhook_.Requests();
  ASSERT_EQ(requests.size(), 2u);
  const json::value firing = BodyOf(requests[0]), resolved = BodyOf(requests[1]);
  EXPECT_EQ(firing.at("status").as_string(), "firing");
  EXPECT_EQ(resolved.at("status").as_string(), "resolved");
  const json::value &was = firing.at("alerts").at(0), &now = resolved.at("alerts").at(0);
  EXPECT_EQ(json::serialize(was.at("labels")),
            R"({"alertname":"HighModelLatency","job":"model-service","service":"recommender",)"
            R"("severity":"warning","slo":"predict-latency"})");
  EXPECT_EQ(was.at("endsAt").as_string(), "0001-01-01T00:00:00Z");
  EXPECT_NE(now.at("endsAt").as_string(), "0001-01-01T00:00:00Z");
  EXPECT_EQ(was.at("startsAt"), now.at("startsAt"));
  EXPECT_EQ(firing.at("groupKey"), resolved.at("groupKey"));
}

TEST_F(PrometheusTest, TheRatioIsPrometheusOwn) {
  // Slots that are complete and not at a scrape's very millisecond (2.42's windows are closed at
  // the left, ours are open as in 3.x) must give the same ratio.  Where all slots are at a scrape's
  // millisecond, another attempt scrapes at another one.
  constexpr int kSlots = 8;
  std::map<std::string, std::pair<double, double>> compared;  // By slot: ours, theirs.
  int equal = 0;
  std::optional<Time> first_slot;
  const auto compare = [&] {
    json::value slo;
    const json::value group = Group(&slo);
    if (!group.is_object() || !group.at("complete").as_bool() || !group.at("ratio").is_number())
      return false;
    const std::string at(slo.at("evaluated_at").as_string());
    const Time slot = *ParseTime(at);
    if (!first_slot) first_slot = slot;
    if (slot < *first_slot + 12s || compared.contains(at)) return false;
    const json::value reply =
        AskPrometheus("/api/v1/query?time=" + UrlEncode(at) + "&query=" + UrlEncode(kRatio));
    if (!reply.is_object() || reply.at("data").at("result").as_array().empty()) return false;
    const double ours = group.at("ratio").to_number<double>();
    const double theirs =
        *ParseFloat(reply.at("data").at("result").at(0).at("value").at(1).as_string());
    compared[at] = {ours, theirs};
    equal += std::abs(ours - theirs) <= 1e-10 ? 1 : 0;
    return equal >= kSlots;
  };
  bool enough = WaitUntil(compare, 40s);
  for (int attempt = 1; attempt < 3 && !enough; ++attempt) {
    compared.clear();
    equal = 0;
    first_slot.reset();
    ASSERT_NO_FATAL_FAILURE(StartPrometheus(attempt));
    enough = WaitUntil(compare, 60s);
  }
  EXPECT_TRUE(enough) << nines_->log();
  for (const auto& [at, pair] : compared)
    if (std::abs(pair.first - pair.second) > 1e-10)
      std::printf("not compared as equal: %s ours %.17g theirs %.17g\n", at.c_str(), pair.first,
                  pair.second);
  EXPECT_LE(compared.size() - static_cast<size_t>(equal), 2u);
}

TEST_F(PrometheusTest, EverySampleScrapedIsHeld) {
  // Two crashes while samples flow; Prometheus sends again what was not acknowledged.
  const auto samples_in = [&] {
    const json::value reply =
        AskPrometheus("/api/v1/query?query=" +
                      UrlEncode("count_over_time(model_request_latency_seconds_count[10m])"));
    if (!reply.is_object() || reply.at("data").at("result").as_array().empty()) return 0.0;
    return *ParseFloat(reply.at("data").at("result").at(0).at("value").at(1).as_string());
  };
  for (const double enough : {20.0, 40.0}) {
    ASSERT_TRUE(WaitUntil([&] { return samples_in() >= enough; }, 60s));
    nines_->Kill9();
    ASSERT_NO_FATAL_FAILURE(nines_->Start());
  }
  ASSERT_TRUE(WaitUntil([&] { return samples_in() >= 60; }, 60s));
  ASSERT_TRUE(WaitUntil([&] { return Group().is_object(); }, 30s));
  ASSERT_EQ(nines_->Terminate(), 0) << nines_->log();

  const json::value reply = AskPrometheus(
      "/api/v1/query?query=" + UrlEncode("{__name__=~\"model_request_latency_seconds.*\"}[10m]"));
  const json::array& theirs = reply.at("data").at("result").as_array();
  ASSERT_EQ(theirs.size(), 16u);
  auto store = tsdb::Store::Open({.path = nines_->data_path()});
  ASSERT_TRUE(store) << store.error().message;
  for (const json::value& series : theirs) {
    Matchers matchers;
    for (const auto& [name, value] : series.at("metric").as_object())
      matchers.push_back(Matcher::Equal(name, std::string(value.as_string())));
    const Time now = SystemClock().Wall();
    const auto found = (*store)->Select(matchers, now - 15min, now);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1u) << json::serialize(series.at("metric"));
    const auto read = (*store)->Read(std::span(&found->front().id, 1), now - 15min, now);
    ASSERT_TRUE(read) << read.error().message;
    std::map<int64_t, double> ours, scraped;
    for (const tsdb::Sample& sample : read->front()) ours[ToUnixMs(sample.at)] = sample.value;
    ASSERT_GE(ours.size(), 40u);
    for (const json::value& point : series.at("values").as_array()) {
      const int64_t ms = std::llround(point.at(0).to_number<double>() * 1000);
      if (ms <= ours.rbegin()->first) scraped[ms] = *ParseFloat(point.at(1).as_string());
    }
    EXPECT_EQ(ours, scraped) << json::serialize(series.at("metric"));
  }
}

}  // namespace
}  // namespace nines::test
