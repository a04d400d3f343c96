#include "api/samples_api.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/api/fixtures.h"
#include "tests/support/temp_dir.h"

namespace nines::api {
namespace {

using test::World;

TEST(SamplesApi, ValuesHistogramsAndStarts) {
  World world;
  world.samples = std::vector{test::Samples()};
  const auto response = world.MakeApi()->Handle(
      test::Request("GET",
                    "/api/v1/samples?match[]={__name__%3D%22x%22}&"
                    "match%5B%5D=job%3D~%22a%7Cb%22&start=1000.5&end=2000"));
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(world.asked_samples, "__name__=\"x\" | job=~\"a|b\" | 1000500 2000000");
  EXPECT_EQ(response.body,
            R"({"status":"success","data":[{"metric":{"__name__":"x","job":"a"},)"
            R"("values":[[1795891339.250,"0.5"],[1795891340,"StaleNaN"]],)"
            R"("histograms":[[1795891339,{"count":"6","sum":"18.5","buckets":)"
            R"([[1,"-1","-0.5","1"],[3,"-0.001","0.001","1"],[0,"0.5","1","1"],[0,"1","2","2"],)"
            R"([0,"4","8","1"]]}]],"starts":[[1795891200,1795891339]]}]})");
}

TEST(SamplesApi, NothingFound) {
  World world;
  EXPECT_EQ(ListSamples("match[]=a=\"b\"&start=1&end=1",
                        [](const auto&, Time, Time) { return std::vector<SeriesSamples>{}; })
                .body,
            R"({"status":"success","data":[]})");
}

TEST(SamplesApi, WhatIsWrongIsSaid) {
  const auto check = [](std::string_view query, const std::string& message) {
    const net::HttpResponse response = ListSamples(query, [](const auto&, Time, Time) {
      ADD_FAILURE() << "asked the store";
      return std::vector<SeriesSamples>{};
    });
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_NE(response.body.find(message), std::string::npos) << response.body;
    EXPECT_NE(response.body.find(R"("errorType":"bad_data")"), std::string::npos);
  };
  check("start=1&end=2", "no match[]");
  check("match[]=a=b&start=1&end=2", "match[]: ");
  check("match[]=a=%22b%22&end=2", "no start");
  check("match[]=a=%22b%22&start=1", "no end");
  check("match[]=a=%22b%22&start=x&end=2", "start: ");
  check("match[]=a=%22b%22&start=3&end=2", "end is before start");
  const net::HttpResponse failed =
      ListSamples("match[]=a=%22b%22&start=1&end=2", [](const auto&, Time, Time) {
        return Result<std::vector<SeriesSamples>>(Error{Code::kExhausted, "too many"});
      });
  EXPECT_EQ(failed.status, 422);
  EXPECT_EQ(failed.body, R"({"status":"error","errorType":"execution","error":"too many"})");
}

class CollectSamplesTest : public testing::Test {
 protected:
  CollectSamplesTest() {
    auto opened = tsdb::Store::Open({.path = dir_.File("data")});
    if (!opened) ADD_FAILURE() << opened.error().message;
    store_ = *std::move(opened);
  }
  tsdb::Fingerprint Alias(const Labels& labels) { return store_->Hash(labels.ToString()); }
  void Put(const Labels& labels, double value, int64_t start_ms) {
    const tsdb::Append sample{*store_->Register(Alias(labels), labels), kNow, value};
    const tsdb::Start start{0, start_ms};
    ASSERT_TRUE(store_->Append(tsdb::Writes{.samples = {&sample, 1}, .sample_starts = {&start, 1}},
                               FromUnixMs(kNow)));
  }
  void PutHistogram(const Labels& labels, const tsdb::NativeHistogram& histogram) {
    std::string bytes;
    tsdb::EncodeHistogram(histogram, &bytes);
    const tsdb::AppendHistogram one{
        *store_->RegisterHistogram(tsdb::HistogramAlias(Alias(labels)), labels), kNow, bytes};
    ASSERT_TRUE(store_->Append(tsdb::Writes{.histograms = {&one, 1}}, FromUnixMs(kNow)));
  }

  static constexpr int64_t kNow = 1'795'891'339'000;
  nines::test::TempDir dir_;
  std::unique_ptr<tsdb::Store> store_;
};

TEST_F(CollectSamplesTest, JoinsTheColumnsOfASeries) {
  const Labels x = {{"__name__", "x"}, {"job", "a"}};
  const Labels y = {{"__name__", "y"}, {"job", "a"}};
  Put(y, 2, 0);
  Put(x, 1, kNow - 5);
  PutHistogram(x, test::Samples().histograms[0].histogram);
  // Both sets find x, which is there once.
  const auto all =
      CollectSamples(*store_, {{Matcher::Equal("__name__", "x")}, {Matcher::Equal("job", "a")}},
                     FromUnixMs(kNow), FromUnixMs(kNow));
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).labels, x);
  EXPECT_EQ(all->at(0).values.size(), 1u);
  EXPECT_EQ(all->at(0).starts.size(), 1u);
  ASSERT_EQ(all->at(0).histograms.size(), 1u);
  EXPECT_TRUE(Same(all->at(0).histograms[0].histogram, test::Samples().histograms[0].histogram));
  EXPECT_EQ(all->at(1).labels, y);
  EXPECT_TRUE(CollectSamples(*store_, {{Matcher::Equal("job", "a")}}, FromUnixMs(kNow + 1),
                             FromUnixMs(kNow + 2))
                  ->empty());
}

TEST_F(CollectSamplesTest, SamplesMax) {
  const Labels x = {{"__name__", "x"}};
  const tsdb::ColumnId id = *store_->Register(Alias(x), x);
  std::vector<tsdb::Append> samples;
  for (int64_t i = 0; i <= static_cast<int64_t>(kListedSamplesMax); ++i) {
    samples.push_back({id, kNow - i, 1});
  }
  std::ranges::reverse(samples);
  ASSERT_TRUE(store_->Append(samples, FromUnixMs(kNow)));
  const auto collect = [&](int64_t from_ms) {
    return CollectSamples(*store_, {{Matcher::Equal("__name__", "x")}}, FromUnixMs(from_ms),
                          FromUnixMs(kNow));
  };
  const auto most = static_cast<int64_t>(kListedSamplesMax);
  EXPECT_EQ(collect(kNow - most + 1)->at(0).values.size(), kListedSamplesMax);
  EXPECT_EQ(collect(kNow - most).error().code, Code::kExhausted);
}

}  // namespace
}  // namespace nines::api
