#include "api/prometheus_api.h"

#include <gtest/gtest.h>

#include "tests/api/fixtures.h"

namespace nines::api {
namespace {

using evaluator::SloStatus;
using evaluator::State;

TEST(PrometheusAlerts, PendingAndFiringOnly) {
  SloStatus slo = test::Slo("predict-latency");
  slo.groups = {test::FiringGroup(), test::FiringGroup(), test::EmptyGroup()};
  slo.groups[1].alerts[0].state = State::kInactive;
  evaluator::AlertStatus pending;
  pending.name = "predict-latency-fast";
  pending.state = State::kPending;
  pending.active_since = test::At("2026-11-28T18:42:10.250Z");
  slo.groups[1].alerts.push_back(pending);
  EXPECT_EQ(ListAlerts({slo}).body,
            R"({"status":"success","data":{"alerts":[)"
            R"({"labels":{"alertname":"predict-latency","job":"model","severity":"warning"},)"
            R"("annotations":{"summary":"Model service latency is too high"},)"
            R"("state":"firing","activeAt":"2026-11-28T18:31:00Z","value":"8.2e-01"},)"
            R"({"labels":{"alertname":"predict-latency-fast"},"annotations":{},)"
            R"("state":"pending","activeAt":"2026-11-28T18:42:10.25Z","value":"NaN"}]}})");
}

TEST(PrometheusAlerts, None) {
  EXPECT_EQ(ListAlerts({test::Slo("a")}).body, R"({"status":"success","data":{"alerts":[]}})");
}

TEST(PrometheusAlerts, ActiveSinceItFiredWhereNothingWasPending) {
  SloStatus slo = test::Slo("a");
  slo.groups = {test::FiringGroup()};
  slo.groups[0].alerts[0].active_since.reset();
  const std::string body = ListAlerts({slo}).body;
  EXPECT_NE(body.find(R"("activeAt":"2026-11-28T18:41:00Z")"), std::string::npos) << body;
}

void CheckWriteReply(const ingest::WriteResponse& response, const char* body, const char* type,
                     const char* retry_after) {
  SCOPED_TRACE(response.status);
  const net::HttpResponse reply = WriteReply(response);
  EXPECT_EQ(reply.status, response.status);
  EXPECT_EQ(reply.body, body);
  EXPECT_EQ(net::FindHeader(reply.headers, "Content-Type"), type);
  EXPECT_EQ(net::FindHeader(reply.headers, "Retry-After"), retry_after);
}

TEST(WriteReply, AsRemoteWriteWantsIt) {
  constexpr const char* kText = "text/plain; charset=utf-8";
  CheckWriteReply({.status = 204, .message = ""}, "", "", "");
  CheckWriteReply({.status = 400, .message = "no metric name"}, "no metric name\n", kText, "");
  CheckWriteReply({.status = 413, .message = "too large"}, "too large\n", kText, "");
  CheckWriteReply({.status = 415, .message = "json"}, "json\n", kText, "");
  CheckWriteReply({.status = 503, .message = "disk", .retry_after = true}, "disk\n", kText, "5");
}

TEST(WriteReply, TellsRemoteWrite2WhatWasWritten) {
  for (const int status : {204, 400, 503}) {
    SCOPED_TRACE(status);
    ingest::WriteResponse response;
    response.status = status;
    response.samples_written = 18'446'744'073'709'551'615u;
    response.histograms_written = 2;
    response.exemplars_written = 3;
    const auto counts = [&] {
      const net::HttpResponse reply = WriteReply(response);
      std::string all;
      for (const char* kind : {"Samples", "Histograms", "Exemplars"}) {
        all += std::string(" ") += net::FindHeader(
            reply.headers, std::string("X-Prometheus-Remote-Write-") + kind + "-Written");
      }
      return all;
    };
    EXPECT_EQ(counts(), "   ");
    response.tells_written = true;
    EXPECT_EQ(counts(), " 18446744073709551615 2 3");
  }
}

TEST(Throttle, OneAnIntervalPassesWithTheNumberOfTheOthers) {
  using std::chrono::seconds;
  Throttle throttle(seconds{10});
  EXPECT_EQ(throttle.Pass(seconds{100}), 0u);
  EXPECT_EQ(throttle.Pass(seconds{100}), std::nullopt);
  EXPECT_EQ(throttle.Pass(std::chrono::milliseconds{109999}), std::nullopt);
  EXPECT_EQ(throttle.Pass(seconds{110}), 2u);
  EXPECT_EQ(throttle.Pass(seconds{120}), 0u);
}

}  // namespace
}  // namespace nines::api
