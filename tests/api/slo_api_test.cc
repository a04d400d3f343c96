#include "api/slo_api.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/api/fixtures.h"

namespace nines::api {
namespace {

using evaluator::Condition;
using evaluator::SloStatus;
using evaluator::State;

const Time kNow = test::At("2026-11-28T18:42:20.000Z");

TEST(SloApi, AFullSlo) {
  SloStatus slo = test::Slo("predict-latency");
  slo.condition = Condition::kBreached;
  slo.message = "job=\"model\": ratio 0.82 is below 0.99";
  slo.groups = {test::FiringGroup()};
  EXPECT_EQ(SloJson(slo, kNow),
            R"({"id":"predict-latency","name":"predict-latency","service":"recommender",)"
            R"("objective":0.99,"window":"30d","alert_window":"5m",)"
            R"("indicator":{"type":"latency","histogram":"model_request_latency_seconds",)"
            R"("selector":"route=\"/predict\"","threshold":"500ms"},)"
            R"("consumers":["checkout"],"condition":"breached",)"
            R"("message":"job=\"model\": ratio 0.82 is below 0.99",)"
            R"("groups":[{"labels":{"job":"model"},"state":"firing",)"
            R"("since":"2026-11-28T18:41:00.000Z","active_since":"2026-11-28T18:31:00.000Z",)"
            R"("condition":"breached","message":"ratio 0.82 is below 0.99",)"
            R"("good":820,"total":1000,"ratio":0.82,)"
            R"("error_budget":{"events":100000,"total":1000,"consumed":1250,)"
            R"("remaining_ratio":-0.25,"remaining_events":-250},)"
            R"("burn_rates":{"30d":1.25,"5m":18},)"
            R"("alerts":[{"name":"predict-latency","state":"firing",)"
            R"("active_since":"2026-11-28T18:31:00.000Z","fired_at":"2026-11-28T18:41:00.000Z",)"
            R"("labels":{"job":"model","severity":"warning"},)"
            R"("annotations":{"summary":"Model service latency is too high"},"value":0.82}],)"
            R"("complete":true,"data_through":"2026-11-28T18:42:18.500Z","data_age_seconds":1.5,)"
            R"("evaluated_at":"2026-11-28T18:42:19.000Z"}],)"
            R"("evaluated_at":"2026-11-28T18:42:19.000Z","evaluation_interval_seconds":5})");
}

TEST(SloApi, WhatIsNotKnownIsNull) {
  SloStatus slo = test::Slo("idle");
  slo.consumers.clear();
  slo.selector.clear();
  slo.condition = Condition::kNoData;
  slo.evaluated_at.reset();
  slo.evaluation_interval = std::chrono::milliseconds{500};
  slo.groups = {test::EmptyGroup()};
  slo.groups[0].burn_rates = {{"5m", std::nullopt}};
  EXPECT_EQ(SloJson(slo, kNow),
            R"({"id":"idle","name":"idle","service":"recommender",)"
            R"("objective":0.99,"window":"30d","alert_window":"5m",)"
            R"("indicator":{"type":"latency","histogram":"model_request_latency_seconds",)"
            R"("selector":"","threshold":"500ms"},)"
            R"("consumers":[],"condition":"no_data","message":"",)"
            R"("groups":[{"labels":{"job":"idle"},"state":"inactive",)"
            R"("since":null,"active_since":null,"condition":"no_data","message":"",)"
            R"("good":null,"total":null,"ratio":null,)"
            R"("error_budget":{"events":null,"total":null,"consumed":null,)"
            R"("remaining_ratio":null,"remaining_events":null},)"
            R"("burn_rates":{"5m":null},"alerts":[],)"
            R"("complete":false,"data_through":null,"data_age_seconds":null,"evaluated_at":null}],)"
            R"("evaluated_at":null,"evaluation_interval_seconds":0.5})");
}

// JSON has neither; a page that reads a bare NaN would show nothing at all.
TEST(SloApi, NotANumberIsNull) {
  SloStatus slo = test::Slo("a");
  slo.groups = {test::EmptyGroup()};
  slo.groups[0].ratio = std::numeric_limits<double>::quiet_NaN();
  slo.groups[0].error_budget.remaining_ratio = -std::numeric_limits<double>::infinity();
  const std::string json = SloJson(slo, kNow);
  EXPECT_NE(json.find(R"("ratio":null,)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("remaining_ratio":null,)"), std::string::npos) << json;
}

TEST(SloApi, HostileTextStaysText) {
  SloStatus slo = test::Slo("a");
  slo.service = "</script><script>alert(1)</script>\"\n\x01";
  const std::string json = SloJson(slo, kNow);
  EXPECT_EQ(json.find('<'), std::string::npos) << json;
  EXPECT_EQ(json.find('\n'), std::string::npos) << json;
}

std::vector<SloStatus> ThreeSlos() {
  std::vector<SloStatus> slos = {test::Slo("firing"), test::Slo("idle"), test::Slo("groupless")};
  slos[0].condition = Condition::kBreached;
  slos[0].groups = {test::FiringGroup(), test::EmptyGroup()};
  slos[1].service = "search";
  slos[1].condition = Condition::kNoData;
  slos[1].groups = {test::EmptyGroup()};
  slos[2].condition = Condition::kNoSuchBound;
  return slos;
}

// `ids`: of the SLOs that are listed, each with a blank behind it.
void CheckFilter(const char* query, const char* ids) {
  SCOPED_TRACE(query);
  const Result<SloFilter> filter = ParseSloFilter(query);
  ASSERT_TRUE(filter.has_value()) << filter.error().message;
  std::string found;
  for (const SloStatus& slo : ThreeSlos()) {
    if (filter->Matches(slo)) found += slo.id + " ";
  }
  EXPECT_EQ(found, ids);
}

TEST(SloApi, Filters) {
  CheckFilter("", "firing idle groupless ");
  CheckFilter("service=recommender", "firing groupless ");
  CheckFilter("service=recommender&service=search", "firing idle groupless ");
  CheckFilter("service=", "");
  CheckFilter("service=nobody", "");
  CheckFilter("state=firing", "firing ");
  CheckFilter("state=inactive", "firing idle ");
  CheckFilter("state=pending&state=firing", "firing ");
  CheckFilter("condition=no_data", "firing idle ");
  CheckFilter("condition=no_such_bound", "groupless ");
  CheckFilter("condition=no_data&service=search", "idle ");
  CheckFilter("condition=breached&service=search", "");
  CheckFilter("other=1", "firing idle groupless ");
}

void CheckRefused(const char* query, const char* error) {
  SCOPED_TRACE(query);
  const net::HttpResponse response = ListSlos(ThreeSlos(), query, kNow);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            R"({"status":"error","errorType":"bad_data","error":")" + std::string(error) + "\"}");
}

TEST(SloApi, UnknownFilterValuesAreRefused) {
  CheckRefused("state=Firing",
               R"(parameter state: \"Firing\" is none of inactive, pending, firing)");
  CheckRefused("state=", R"(parameter state: \"\" is none of inactive, pending, firing)");
  CheckRefused("condition=bad",
               R"(parameter condition: \"bad\" is none of ok, breached, no_traffic, no_data, )"
               R"(no_such_bound, window_beyond_retention, incomplete)");
}

TEST(SloApi, Envelopes) {
  EXPECT_EQ(ListSlos({}, "", kNow).body, R"({"status":"success","data":[]})");
  const std::vector<SloStatus> slos = ThreeSlos();
  const net::HttpResponse list = ListSlos(slos, "service=search", kNow);
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(net::FindHeader(list.headers, "Content-Type"), "application/json");
  EXPECT_EQ(list.body, R"({"status":"success","data":[)" + SloJson(slos[1], kNow) + "]}");
  EXPECT_EQ(GetSlo(slos, "idle", kNow).body,
            R"({"status":"success","data":)" + SloJson(slos[1], kNow) + "}");
  const net::HttpResponse missing = GetSlo(slos, "Idle", kNow);
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body,
            R"({"status":"error","errorType":"not_found","error":"no SLO named \"Idle\""})");
}

}  // namespace
}  // namespace nines::api
