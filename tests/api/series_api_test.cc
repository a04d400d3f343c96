#include "api/series_api.h"

#include <gtest/gtest.h>

#include "base/duration.h"
#include "tests/api/fixtures.h"

namespace nines::api {
namespace {

class SeriesApiTest : public testing::Test {
 protected:
  SeriesApiTest() : api_(world_.MakeApi()) {}

  std::string Get(const std::string& target, int status = 200) {
    const net::HttpResponse response = api_->Handle(test::Request("GET", target));
    EXPECT_EQ(response.status, status) << target << " " << response.body;
    return response.body;
  }
  std::string Post(const std::string& path, const std::string& form) {
    net::HttpRequest request = test::Request("POST", path);
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"}};
    request.body = form;
    return api_->Handle(request).body;
  }
  // What the store was asked.
  std::string Asked() {
    std::string text;
    for (const Matchers& set : world_.asked.sets) {
      text += '{';
      for (const Matcher& matcher : set) text += matcher.ToString() + ";";
      text += '}';
    }
    const auto time = [](Time t) {
      return t == Time::min() || t == Time::max() ? "-" : FormatUnixSeconds(t);
    };
    return text + " " + time(world_.asked.from) + " " + time(world_.asked.to);
  }
  static std::string Error(const std::string& message, const char* type = "bad_data") {
    return std::string(R"({"status":"error","errorType":")") + type + R"(","error":")" + message +
           R"("})";
  }

  test::World world_;
  std::unique_ptr<Api> api_;
};

TEST_F(SeriesApiTest, Labels) {
  world_.texts = std::vector<std::string>{"__name__", "job", "le"};
  EXPECT_EQ(Get("/api/v1/labels"), R"({"status":"success","data":["__name__","job","le"]})");
  EXPECT_EQ(Asked(), " - -");
  EXPECT_EQ(Get("/api/v1/labels?limit=2"), R"({"status":"success","data":["__name__","job"],)"
                                           R"("warnings":["results truncated due to limit"]})");
  EXPECT_EQ(Get("/api/v1/labels?limit=3"),
            R"({"status":"success","data":["__name__","job","le"]})");
  world_.texts = std::vector<std::string>{};
  EXPECT_EQ(Get("/api/v1/labels?match[]=up&match[]=%7Bjob%3D%22a%22%7D&start=1.5&end=2"),
            R"({"status":"success","data":[]})");
  EXPECT_EQ(Asked(), R"({__name__="up";}{job="a";} 1.500 2)");
  Post("/api/v1/labels", "match[]=up&start=7");
  EXPECT_EQ(Asked(), R"({__name__="up";} 7 -)");
}

TEST_F(SeriesApiTest, LabelValues) {
  world_.texts = std::vector<std::string>{"a", "b"};
  EXPECT_EQ(Get("/api/v1/label/job/values"), R"({"status":"success","data":["a","b"]})");
  EXPECT_EQ(world_.asked_label, "job");
  Get("/api/v1/label/U__http_2e_status__code/values?match[]=up");
  EXPECT_EQ(world_.asked_label, "http.status_code");
  Get("/api/v1/label/a b/values");
  EXPECT_EQ(world_.asked_label, "a b");
  EXPECT_EQ(Get("/api/v1/label/\xff/values", 400), Error(R"(invalid label name: \"\\xff\")"));
  EXPECT_EQ(Get("/api/v1/label/U__/values", 400), Error(R"(invalid label name: \"\")"));
}

TEST_F(SeriesApiTest, Series) {
  world_.series =
      std::vector<Labels>{Labels{{"__name__", "up"}, {"job", "a"}}, Labels{{"__name__", "up"}}};
  EXPECT_EQ(Get("/api/v1/series?match[]=up"),
            R"({"status":"success","data":[{"__name__":"up","job":"a"},{"__name__":"up"}]})");
  EXPECT_EQ(Get("/api/v1/series?match[]=up&limit=1"),
            R"({"status":"success","data":[{"__name__":"up","job":"a"}],)"
            R"("warnings":["results truncated due to limit"]})");
  EXPECT_EQ(Get("/api/v1/series", 400), Error("no match[] parameter provided"));
  Post("/api/v1/series", "match[]=x_bucket%7Ble%3D%221%22%7D");
  EXPECT_EQ(Asked(), R"({__name__="x_bucket";le="1";} - -)");
}

TEST_F(SeriesApiTest, Exemplars) {
  EXPECT_EQ(Get("/api/v1/query_exemplars?query=x_bucket"), R"({"status":"success","data":[]})");
  world_.exemplars = {
      {.labels = {{"__name__", "x_bucket"}, {"le", "1"}},
       .exemplars = {{.labels = {{"trace_id", "ab"}}, .value = 0.5, .time_ms = 1600096945479},
                     {.labels = {}, .value = 6, .time_ms = 1600096955000}}}};
  EXPECT_EQ(Get("/api/v1/query_exemplars?query=x_bucket&start=1600096945&end=1600096965"),
            R"({"status":"success","data":[{"seriesLabels":{"__name__":"x_bucket","le":"1"},)"
            R"("exemplars":[{"labels":{"trace_id":"ab"},"value":"0.5","timestamp":1600096945.479},)"
            R"({"labels":{},"value":"6","timestamp":1600096955}]}]})");
  EXPECT_EQ(Asked(), R"({__name__="x_bucket";} 1600096945 1600096965)");
  EXPECT_EQ(Get("/api/v1/query_exemplars?query=up&start=2&end=1", 400),
            Error("end timestamp must not be before start timestamp"));
  const std::string refused = Get("/api/v1/query_exemplars?query=rate(up[5m])", 400);
  EXPECT_NE(refused.find("a series selector is all that this version takes"), refused.npos)
      << refused;
  EXPECT_NE(Get("/api/v1/query_exemplars", 400).find("parse error"), std::string::npos);
}

TEST_F(SeriesApiTest, Metadata) {
  EXPECT_EQ(Get("/api/v1/metadata"), R"({"status":"success","data":{}})");
  EXPECT_EQ(world_.asked_metric, "");
  world_.metadata = {{"up", tsdb::MetricType::kGauge, "Is it?", ""},
                     {"x", tsdb::MetricType::kHistogram, "How long.", "seconds"}};
  const std::string up = R"("up":[{"type":"gauge","help":"Is it?","unit":""}])";
  const std::string x = R"("x":[{"type":"histogram","help":"How long.","unit":"seconds"}])";
  const auto reply = [](const std::string& data) {
    return R"({"status":"success","data":{)" + data + "}}";
  };
  EXPECT_EQ(Get("/api/v1/metadata?metric=x"), reply(up + "," + x));
  EXPECT_EQ(world_.asked_metric, "x");
  EXPECT_EQ(Get("/api/v1/metadata?limit=1&limit_per_metric=1"), reply(up));
  EXPECT_EQ(Get("/api/v1/metadata?limit=2"), reply(up + "," + x));
  EXPECT_EQ(Get("/api/v1/metadata?limit=-1"), reply(up + "," + x));
  EXPECT_EQ(Get("/api/v1/metadata?limit=0"), reply(""));
  EXPECT_EQ(Get("/api/v1/metadata?limit=x", 400), Error("limit must be a number"));
  EXPECT_EQ(Get("/api/v1/metadata?limit_per_metric=x", 400),
            Error("limit_per_metric must be a number"));
}

TEST_F(SeriesApiTest, Errors) {
  const auto f = [this](const std::string& query, const std::string& message) {
    EXPECT_EQ(Get("/api/v1/labels?" + query, 400), Error(message));
  };
  f("start=x", R"(invalid parameter \"start\": Invalid time value for 'start': )"
               R"(cannot parse \"x\" to a valid timestamp)");
  f("end=y", R"(invalid parameter \"end\": Invalid time value for 'end': )"
             R"(cannot parse \"y\" to a valid timestamp)");
  f("limit=z", R"(invalid parameter \"limit\": cannot parse \"z\" to a number)");
  f("limit=-1", R"(invalid parameter \"limit\": limit must be non-negative)");
  f("match[]=%7B%7D", "match[] must contain at least one non-empty matcher");
  f("match[]=%7Ba%3D%22%22%7D", "match[] must contain at least one non-empty matcher");
  f("match[]=%7Ba", "1:3: parse error: expected one of =, !=, =~, !~");
  EXPECT_EQ(Get("/api/v1/series?match[]=%7B%7D", 400),
            Error(R"(invalid parameter \"match[]\": )"
                  "match[] must contain at least one non-empty matcher"));
  world_.texts = nines::Error{Code::kUnavailable, "the disk is sick"};
  EXPECT_EQ(Get("/api/v1/labels", 422), Error("the disk is sick", "execution"));
}

TEST(LabelNameEscapes, AsInPrometheus3) {
  const auto f = [](const char* escaped, const char* name) {
    EXPECT_EQ(UnescapeLabelName(escaped), name) << escaped;
  };
  f("job", "job");
  f("U_a", "U_a");
  f("U__a", "a");
  f("U__a__b", "a_b");
  f("U__a_2e_b", "a.b");
  f("U__a_e9_", "a\xc3\xa9");
  f("U__a_1f600_", "a\xf0\x9f\x98\x80");
  f("U__a_b", "U__a_b");
  f("U__a_zz_", "U__a_zz_");
  f("U__a_d800_", "U__a_d800_");
  f("U__a_110000_", "U__a_110000_");
  f("U__a_", "U__a_");
}

}  // namespace
}  // namespace nines::api
