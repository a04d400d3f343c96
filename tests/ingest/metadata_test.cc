// Metadata from the wire to the store, by both protocols.
#include "ingest/metadata.h"

#include <gtest/gtest.h>

#include "ingest/remote_write_v1.h"
#include "ingest/remote_write_v2.h"
#include "tests/ingest/handler_fixture.h"
#include "tests/ingest/request_v2.h"
#include "tests/ingest/wire_generator.h"

namespace nines::ingest {
namespace {

TEST(Metadata, FamilyNames) {
  using tsdb::MetricType;
  const auto f = [](const char* series, MetricType type, const char* name) {
    EXPECT_EQ(MetricFamilyName(series, type), name) << series;
  };
  f("x_bucket", MetricType::kHistogram, "x");
  f("x_count", MetricType::kHistogram, "x");
  f("x_sum", MetricType::kHistogram, "x");
  f("x", MetricType::kHistogram, "x");
  f("_sum", MetricType::kHistogram, "_sum");
  f("x_gsum", MetricType::kGaugeHistogram, "x");
  f("x_gcount", MetricType::kGaugeHistogram, "x");
  f("x_sum", MetricType::kSummary, "x");
  f("x_bucket", MetricType::kSummary, "x_bucket");
  f("x_count", MetricType::kGauge, "x_count");
  f("x_total", MetricType::kCounter, "x_total");
}

std::string V1(int type, const std::string& name, const std::string& help,
               const std::string& unit) {
  return WireWriter().Int(1, type).Bytes(2, name).Bytes(4, help).Bytes(5, unit).str();
}

TEST(Metadata, BrokenMessages) {
  const auto f = [](const std::string& message, const std::string& error) {
    const auto parsed = ParseMetadataV1(message);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message, error);
  };
  f("\x0a", "malformed metadata");
  f(WireWriter().Int(1, 8).str(), "unknown metric type 8");
  WireRequest request;
  request.Clear(Protocol::kV2);
  request.symbols = {"", "a"};
  EXPECT_TRUE(ParseMetadataV2("", request));
  EXPECT_FALSE(ParseMetadataV2(WireWriter().Int(3, 2).str(), request));
  EXPECT_FALSE(ParseMetadataV2(WireWriter().Int(4, 2).str(), request));
  EXPECT_FALSE(ParseMetadataV2("\x0a", request));
}

// Damaged messages never crash, and views stay inside.
TEST(Metadata, RandomBytes) {
  WireRequest request;
  request.Clear(Protocol::kV2);
  request.symbols = {"", "a", "b"};
  const std::string v1 = V1(3, "x", "How long.", "seconds");
  const std::string v2 = WireWriter().Int(1, 3).Int(3, 1).Int(4, 2).str();
  for (const uint64_t seed : kSeeds) {
    WireGenerator generator(seed);
    for (int i = 0; i < 500; ++i) {
      const std::string bytes = generator.Damage(v1);
      if (const auto parsed = ParseMetadataV1(bytes)) {
        EXPECT_LE(parsed->help.size() + parsed->unit.size() + parsed->name.size(), bytes.size());
      }
      if (const auto parsed = ParseMetadataV2(generator.Damage(v2), request)) {
        EXPECT_LE(parsed->help.size(), 1u);
      }
    }
  }
}

class MetadataHandlerTest : public HandlerFixture {
 protected:
  std::string Kept() {
    std::string text;
    for (const auto& one : store_->FindMetadata("")) {
      text += one.name + "|" + std::string(MetricTypeName(one.type)) + "|" + one.help + "|" +
              one.unit + "\n";
    }
    return text;
  }
};

TEST_F(MetadataHandlerTest, Version1) {
  const std::string message = WireWriter()
                                  .Bytes(3, V1(3, "x", "How long.", "seconds"))
                                  .Bytes(3, V1(1, "y_total", "Some.", ""))
                                  .str();
  Expect(Write(message), 204, "");
  EXPECT_EQ(Kept(), "x|histogram|How long.|seconds\ny_total|counter|Some.|\n");
  Expect(Write(message), 204, "");
  EXPECT_EQ(Counters().at("nines_ingest_metadata_total"), 4);
}

TEST_F(MetadataHandlerTest, WhatIsNotKeptIsCounted) {
  Open({.path = {}, .metadata_max = 1}, {.metadata_bytes_max = 9});
  Expect(Write(WireWriter()
                   .Bytes(3, V1(3, "x", "123456789", ""))
                   .Bytes(3, V1(3, "y", "1234567890", ""))
                   .Bytes(3, V1(3, "1234567890", "", ""))
                   .Bytes(3, V1(3, "", "help", ""))
                   .Bytes(3, V1(3, "z", "\xff", ""))
                   .Bytes(3, V1(9, "z", "", ""))
                   .Bytes(3, "broken")
                   .Bytes(3, V1(3, "z", "", ""))
                   .str()),
         204, "");
  EXPECT_EQ(Kept(), "x|histogram|123456789|\n");
  EXPECT_EQ(Counters().at("nines_ingest_metadata_total"), 1);
  EXPECT_EQ(Counters().at("nines_ingest_metadata_refused_total{metadata_bytes_max}"), 2);
  EXPECT_EQ(Counters().at("nines_ingest_metadata_refused_total{invalid}"), 4);
  EXPECT_EQ(Counters().at("nines_ingest_metadata_refused_total{metadata_max}"), 1);
}

TEST_F(MetadataHandlerTest, Version2) {
  RequestV2 request;
  const auto meta = [&](int type, const char* help, const char* unit) {
    return WireWriter()
        .Bytes(5,
               WireWriter().Int(1, type).Int(3, request.Ref(help)).Int(4, request.Ref(unit)).str())
        .str();
  };
  request.Series({{"__name__", "x_bucket"}, {"le", "1"}}, {{kNowMs, 1}},
                 meta(3, "How long.", "seconds"));
  request.Series({{"__name__", "x_bucket"}, {"le", "2"}}, {{kNowMs, 1}},
                 meta(3, "How long.", "seconds"));
  request.Series({{"__name__", "x_sum"}}, {{kNowMs, 1}}, meta(3, "How long.", "seconds"));
  request.Series({{"__name__", "up"}}, {{kNowMs, 1}}, meta(2, "", ""));
  request.Series({{"__name__", "quiet"}}, {{kNowMs, 1}}, meta(0, "", ""));
  request.Series({{"__name__", "quieter"}}, {{kNowMs, 1}}, WireWriter().Bytes(5, "").str());
  EXPECT_EQ(WriteV2(request).status, 204);
  EXPECT_EQ(Kept(), "up|gauge||\nx|histogram|How long.|seconds\n");
}

}  // namespace
}  // namespace nines::ingest
