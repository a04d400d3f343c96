#include "app/server.h"

#include <gtest/gtest.h>

#include "net/http_client.h"
#include "tests/support/histogram.h"
#include "tests/support/process.h"
#include "tests/support/remote_write.h"
#include "tests/support/temp_dir.h"

namespace nines::app {
namespace {

using namespace std::chrono_literals;

constexpr const char* kConfig = R"(
global: {evaluation_interval: 100ms}
slo_files: [slos.yml]
consumers: [{name: checkout, webhook: {url: "http://127.0.0.1:1/"}}]
)";

std::string Slos(const std::string& name, const std::string& threshold) {
  return "slos:\n  - {name: " + name + ", service: s, objective: 99, window: 1h, indicator: " +
         "{latency: {histogram: latency_seconds, threshold: " + threshold +
         ", group_by: [job]}}, alert: {window: 1m}, consumers: [checkout]}\n";
}

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.Write("nines.yml", kConfig);
    folder_.Write("slos.yml", Slos("first", "500ms"));
  }

  Result<std::unique_ptr<Server>> Start() {
    return Server::Start({.config_file = folder_.File("nines.yml"),
                          .storage_path = folder_.File("data"),
                          .listen_address = "127.0.0.1:0",
                          .clock = &SystemClock()});
  }

  net::ClientResponse Ask(const Server& server, const std::string& path,
                          const std::string& method = "GET") {
    auto reply = client_.Send({.method = method, .url = "http://" + server.address() + path});
    EXPECT_TRUE(reply) << reply.error().message;
    return reply ? *reply : net::ClientResponse{};
  }

  // Waits until the reply to `path` holds `text`.
  void Expect(const Server& server, const std::string& path, const std::string& text) {
    EXPECT_TRUE(test::WaitUntil(
        [&] { return Ask(server, path).body.find(text) != std::string::npos; }, 20s))
        << path << " has no " << text << ":\n"
        << Ask(server, path).body;
  }

  test::TempDir folder_;
  net::HttpClient client_;
};

TEST_F(ServerTest, AnswersFromTheStart) {
  auto server = Start();
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(Ask(**server, "/-/healthy").status, 200);
  EXPECT_EQ(Ask(**server, "/-/ready").status, 200);
  EXPECT_EQ(Ask(**server, "/metrics").status, 200);
  EXPECT_EQ(Ask(**server, "/").status, 200);
  EXPECT_EQ(Ask(**server, "/nothing").status, 404);
  Expect(**server, "/api/v1/slos", "\"id\":\"first\"");
  Expect(**server, "/api/v1/slos/first", "\"condition\":\"no_data\"");
}

TEST_F(ServerTest, NoConfigurationWorks) {
  auto server = Server::Start({.config_file = "",
                               .storage_path = folder_.File("data"),
                               .listen_address = "127.0.0.1:0",
                               .clock = &SystemClock()});
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(Ask(**server, "/api/v1/slos").body, R"({"status":"success","data":[]})");
}

TEST_F(ServerTest, WhatIsWrittenIsEvaluatedAndNamed) {
  auto server = Start();
  ASSERT_TRUE(server) << server.error().message;
  test::HistogramCounter histogram("latency_seconds", Labels({{"job", "a"}}), {"0.1", "0.25", "1"});
  const Time now = SystemClock().Wall();
  for (int i = 20; i >= 0; --i) {
    histogram.ObserveMany(0.05, 10);
    const auto written = test::PostWrite(client_, "http://" + (*server)->address(),
                                         histogram.At(now - Duration{i * 1000}));
    ASSERT_TRUE(written);
    ASSERT_EQ(written->status, 204) << written->body;
  }
  Expect(**server, "/api/v1/slos/first", "\"condition\":\"no_such_bound\"");
  Expect(**server, "/api/v1/slos/first", "0.25");

  folder_.Write("slos.yml", Slos("first", "250ms"));
  EXPECT_EQ(Ask(**server, "/-/reload", "POST").status, 200);
  Expect(**server, "/api/v1/slos/first", "\"ratio\":1");
}

// Through the sockets, both protocols in turn into the same series.
TEST_F(ServerTest, RemoteWrite2IsEvaluatedAndTheSenderToldWhatWasWritten) {
  auto server = Start();
  ASSERT_TRUE(server) << server.error().message;
  const std::string url = "http://" + (*server)->address();
  folder_.Write("slos.yml", Slos("first", "250ms"));
  EXPECT_EQ(Ask(**server, "/-/reload", "POST").status, 200);
  const auto told = [](const net::ClientResponse& reply, const std::string& kind) {
    return std::string(
        net::FindHeader(reply.headers, "X-Prometheus-Remote-Write-" + kind + "-Written"));
  };
  test::HistogramCounter histogram("latency_seconds", Labels({{"job", "a"}}), {"0.1", "0.25", "1"});
  const Time now = SystemClock().Wall();
  for (int i = 20; i >= 0; --i) {
    histogram.ObserveMany(0.05, 10);
    const auto series = histogram.At(now - Duration{i * 1000});
    const auto written = i % 2 == 0 ? test::PostWriteV2(client_, url, series)
                                    : test::PostWrite(client_, url, series);
    ASSERT_TRUE(written);
    ASSERT_EQ(written->status, 204) << written->body;
    EXPECT_EQ(told(*written, "Samples"), i % 2 == 0 ? std::to_string(series.size()) : "");
    EXPECT_EQ(told(*written, "Histograms"), i % 2 == 0 ? "0" : "");
    EXPECT_EQ(told(*written, "Exemplars"), i % 2 == 0 ? "0" : "");
  }
  Expect(**server, "/api/v1/slos/first", "\"ratio\":1");
  Expect(**server, "/metrics", "nines_tsdb_families 1\n");

  const std::vector<test::TestSeries> partial = {
      {Labels({{"__name__", "x"}}), {{ToUnixMs(now), 1}, {ToUnixMs(now), 2}}},
      {Labels({{"no", "name"}}), {{ToUnixMs(now), 1}}}};
  const auto refused = test::PostWriteV2(client_, url, partial);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 400);
  EXPECT_NE(refused->body.find("1 of 3 samples were stored"), std::string::npos) << refused->body;
  EXPECT_EQ(told(*refused, "Samples"), "1");
}

// Through the sockets: what a reload changes about what is kept.
TEST_F(ServerTest, RulesAreReloaded) {
  auto server = Start();
  ASSERT_TRUE(server) << server.error().message;
  const std::string url = "http://" + (*server)->address();
  const Time now = SystemClock().Wall();
  int64_t at = ToUnixMs(now);
  const auto write = [&](const std::string& replica) {
    const std::vector<test::TestSeries> series = {
        {Labels({{"__name__", "x"}, {"cluster", "eu"}, {"__replica__", replica}}), {{++at, 1}}}};
    const auto reply = test::PostWriteV2(client_, url, series);
    EXPECT_TRUE(reply && reply->status == 204);
    EXPECT_EQ(net::FindHeader(reply->headers, "X-Prometheus-Remote-Write-Samples-Written"), "1");
  };
  write("a");
  write("b");
  Expect(**server, "/metrics", "nines_ingest_samples_total 2\n");

  folder_.Write("nines.yml", std::string(kConfig) + "ingest: {ha: {}}\n");
  EXPECT_EQ(Ask(**server, "/-/reload", "POST").status, 200);
  write("a");
  write("b");
  Expect(**server, "/api/v1/status/ha", R"("cluster":"eu","replica":"a")");
  Expect(**server, "/metrics", "nines_ingest_samples_dropped_total{reason=\"ha\"} 1\n");

  folder_.Write("nines.yml", std::string(kConfig) +
                                 "ingest: {relabel_configs: [{source_labels: [__name__], "
                                 "regex: x, action: drop}]}\n");
  EXPECT_EQ(Ask(**server, "/-/reload", "POST").status, 200);
  write("b");
  Expect(**server, "/metrics", "nines_ingest_samples_dropped_total{reason=\"relabel\"} 1\n");
  Expect(**server, "/metrics", "nines_ingest_samples_total 3\n");
}

TEST_F(ServerTest, ReloadTakesAllOrNothing) {
  auto server = Start();
  ASSERT_TRUE(server) << server.error().message;
  folder_.Write("slos.yml", Slos("second", "500ms"));
  folder_.Write("nines.yml", std::string(kConfig) + "storage: {retention: 1d}\n");
  const net::ClientResponse fixed = Ask(**server, "/-/reload", "POST");
  EXPECT_NE(fixed.status, 200);
  EXPECT_NE(fixed.body.find("storage.retention"), std::string::npos) << fixed.body;

  folder_.Write("nines.yml", kConfig);
  folder_.Write("slos.yml", Slos("second", "soon"));
  const net::ClientResponse bad = Ask(**server, "/-/reload", "POST");
  EXPECT_NE(bad.status, 200);
  EXPECT_NE(bad.body.find("slos.yml:2"), std::string::npos) << bad.body;
  EXPECT_NE(bad.body.find("threshold"), std::string::npos) << bad.body;
  Expect(**server, "/api/v1/slos", "\"id\":\"first\"");

  folder_.Write("slos.yml", Slos("second", "500ms"));
  EXPECT_EQ(Ask(**server, "/-/reload", "POST").status, 200);
  Expect(**server, "/api/v1/slos", "\"id\":\"second\"");
}

TEST_F(ServerTest, RefusesToStartInWords) {
  {
    auto first = Start();
    ASSERT_TRUE(first) << first.error().message;
    const auto second = Start();  // The same data.
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another process"), std::string::npos)
        << second.error().message;
  }
  folder_.Write("nines.yml", "globl: {}");
  const auto bad = Start();
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("nines.yml:1"), std::string::npos) << bad.error().message;
}

}  // namespace
}  // namespace nines::app
