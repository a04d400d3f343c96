// Remote write 2.0 through the handler.  What both protocols share is in write_handler_test.cc.

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/prng.h"
#include "tests/ingest/handler_fixture.h"
#include "tests/ingest/request_v2.h"
#include "tests/ingest/wire_writer.h"

namespace nines::ingest {
namespace {

class WriteHandlerV2Test : public HandlerFixture {
 protected:
  // The sender is told `samples`, and no histogram or exemplar.
  void ExpectV2(const WriteResponse& response, int status, const std::string& message,
                uint64_t samples) {
    Expect(response, status, message);
    EXPECT_TRUE(response.tells_written);
    EXPECT_EQ(response.samples_written, samples);
    EXPECT_EQ(response.histograms_written, 0u);
    EXPECT_EQ(response.exemplars_written, 0u);
  }
};

TEST_F(WriteHandlerV2Test, StoresWhatIsSent) {
  const auto message =
      RequestV2()
          .Series({{"__name__", "x_bucket"}, {"le", "0.5"}, {"job", "a"}}, {{kNowMs - 1000, 1}})
          .Series({{"le", "+Inf"}, {"job", "a"}, {"__name__", "x_bucket"}},
                  {{kNowMs - 1000, 2}, {kNowMs, 3}})
          .Series({{"__name__", "y"}, {"empty", ""}}, {{kNowMs, tsdb::StaleMarker()}});
  ExpectV2(WriteV2(message), 204, "", 4);
  const std::map<std::string, Samples> buckets = {
      {R"(x_bucket{job="a", le="0.5"})", {{kNowMs - 1000, 1}}},
      {R"(x_bucket{job="a", le="+Inf"})", {{kNowMs - 1000, 2}, {kNowMs, 3}}}};
  EXPECT_EQ(Stored("x_bucket"), buckets);
  EXPECT_TRUE(tsdb::IsStale(Stored("y").at("y").at(0).second));
  // Again, from known series: accepted, and there once.
  ExpectV2(WriteV2(message), 204, "", 4);
  ExpectV2(PostV2(Block(message.SymbolsLast())), 204, "", 4);
  EXPECT_EQ(Stored("x_bucket"), buckets);
  EXPECT_EQ(store_->stats().series, 3u);
}

// Aliases differ, columns do not.
TEST_F(WriteHandlerV2Test, BothProtocolsWriteTheSameSeries) {
  const std::string v1 = WireWriter()
                             .Bytes(1, LabelMessage("__name__", "x"))
                             .Bytes(1, LabelMessage("a", "1"))
                             .Bytes(2, SampleMessage(kNowMs - 3, 1))
                             .str();
  const WriteResponse first = Write(WireWriter().Bytes(1, v1).str());
  Expect(first, 204, "");
  EXPECT_FALSE(first.tells_written);
  ExpectV2(WriteV2(RequestV2().Series({{"__name__", "x"}, {"a", "1"}}, {{kNowMs - 2, 2}})), 204, "",
           1);
  ExpectV2(
      WriteV2(RequestV2({"", "1", "a"}).Series({{"a", "1"}, {"__name__", "x"}}, {{kNowMs, 3}})),
      204, "", 1);
  EXPECT_EQ(Stored("x"), (std::map<std::string, Samples>{
                             {R"(x{a="1"})", {{kNowMs - 3, 1}, {kNowMs - 2, 2}, {kNowMs, 3}}}}));
  EXPECT_EQ(store_->stats().series, 1u);
}

// ---- The form of a request.

TEST_F(WriteHandlerV2Test, BodiesThatAreNone) {
  ExpectV2(PostV2(""), 400, "empty body", 0);
  ExpectV2(PostV2("hello, I am no snappy block"), 400, "body is corrupt snappy block", 0);
  const std::string message = RequestV2().Series({{"__name__", "x"}}, {{kNowMs, 1}}).SymbolsFirst();
  ExpectV2(PostV2(Block(message.substr(0, message.size() - 1))), 400,
           "body is not a remote write 2.0 message: malformed at byte 17 of 38", 0);
  ExpectV2(WriteV2(RequestV2({"a"}).Series({{"__name__", "x"}}, {{kNowMs, 1}})), 400,
           "body is not a remote write 2.0 message: its symbols do not begin with the empty one",
           0);
  EXPECT_EQ(store_->stats().series, 0u);
}

TEST_F(WriteHandlerV2Test, NothingToStoreIsFine) {
  ExpectV2(PostV2(Block("")), 204, "", 0);
  ExpectV2(WriteV2(RequestV2()), 204, "", 0);
  EXPECT_EQ(store_->stats().series, 0u);
}

TEST_F(WriteHandlerV2Test, NothingIsToldBeforeTheFormIsTaken) {
  const std::string body = Block(RequestV2().SymbolsFirst());
  const auto encoding =
      handler_->Handle({.content_type = kTypeV2, .content_encoding = "zstd", .body = body}, kNow);
  EXPECT_EQ(encoding.status, 415);
  EXPECT_FALSE(encoding.tells_written);
  const auto type = handler_->Handle(
      {.content_type = "application/x-protobuf;proto=io.prometheus.write.v3.Request", .body = body},
      kNow);
  EXPECT_EQ(type.status, 415);
  EXPECT_FALSE(type.tells_written);
}

// The reserved fields are there for this: nothing is taken for what it is not.
TEST_F(WriteHandlerV2Test, TheOtherProtocolsMessage) {
  const std::string v1 =
      WireWriter().Bytes(1, LabelMessage("__name__", "x")).Bytes(2, SampleMessage(kNowMs, 1)).str();
  ExpectV2(PostV2(Block(WireWriter().Bytes(1, v1).str())), 204, "", 0);
  Expect(Write(RequestV2().Series({{"__name__", "x"}}, {{kNowMs, 1}}).SymbolsFirst()), 204, "");
  EXPECT_EQ(store_->stats().series, 0u);
}

// ---- Limits: at the value and one above.

TEST_F(WriteHandlerV2Test, BodyBytesMax) {
  const std::string body = Block(RequestV2().SymbolsFirst());
  handler_->SetLimits({.body_bytes_max = body.size()});
  ExpectV2(PostV2(body), 204, "", 0);
  handler_->SetLimits({.body_bytes_max = body.size() - 1});
  EXPECT_EQ(PostV2(body).status, 413);
}

TEST_F(WriteHandlerV2Test, SamplesMaxStoresNothing) {
  const auto message = RequestV2().Series({{"__name__", "x"}}, {{kNowMs - 1, 1}, {kNowMs, 1}});
  handler_->SetLimits({.samples_max = 1});
  ExpectV2(WriteV2(message), 400, "request has more than 1 samples (samples_max)", 0);
  EXPECT_TRUE(Stored("x").empty());
  handler_->SetLimits({.samples_max = 2});
  ExpectV2(WriteV2(message), 204, "", 2);
}

TEST_F(WriteHandlerV2Test, SymbolsMaxStoresNothing) {
  const auto message = RequestV2().Series({{"__name__", "x"}}, {{kNowMs, 1}});
  handler_->SetLimits({.symbols_max = 2});
  ExpectV2(WriteV2(message), 400, "request has more than 2 symbols (symbols_max)", 0);
  EXPECT_TRUE(Stored("x").empty());
  EXPECT_EQ(Counters().at("nines_ingest_requests_refused_total{symbols_max}"), 1);
  handler_->SetLimits({.symbols_max = 3});
  ExpectV2(WriteV2(message), 204, "", 1);
}

TEST_F(WriteHandlerV2Test, DefaultSymbolsMaxIsAsDocumented) {
  std::string symbols;
  for (int i = 0; i < 1'000'000; ++i) symbols += WireWriter().Bytes(4, "").str();
  ExpectV2(PostV2(Block(symbols)), 204, "", 0);
  symbols += WireWriter().Bytes(4, "").str();
  ExpectV2(PostV2(Block(symbols)), 400, "request has more than 1000000 symbols (symbols_max)", 0);
}

TEST_F(WriteHandlerV2Test, LimitsOfLabels) {
  handler_->SetLimits({.labels_max = 2, .label_name_bytes_max = 8, .label_value_bytes_max = 4});
  ExpectV2(WriteV2(RequestV2().Series({{"__name__", "x"}, {"12345678", "1234"}}, {{kNowMs, 1}})),
           204, "", 1);
  const std::string at = " at 2026-11-28T18:42:19.000Z)";
  ExpectV2(WriteV2(RequestV2().Series({{"__name__", "x"}, {"a", "1"}, {"b", "2"}}, {{kNowMs, 1}})),
           400,
           "0 of 1 samples were stored; labels of a series above 2 (labels_max): 1 "
           "(x{a=\"1\", b=\"2\"}" +
               at,
           0);
  ExpectV2(WriteV2(RequestV2().Series({{"__name__", "x"}, {"a23456789", "1"}}, {{kNowMs, 1}})), 400,
           "0 of 1 samples were stored; bytes of a label name above 8 (label_name_bytes_max): 1 "
           "(x{a23456789=\"1\"}" +
               at,
           0);
  ExpectV2(WriteV2(RequestV2().Series({{"__name__", "x"}, {"a", "12345"}}, {{kNowMs, 1}})), 400,
           "0 of 1 samples were stored; bytes of a label value above 4 (label_value_bytes_max): 1 "
           "(x{a=\"12345\"}" +
               at,
           0);
}

// One long symbol, and very many references to it: work stays of the order of the body.
TEST_F(WriteHandlerV2Test, ManyReferencesToALongSymbol) {
  RequestV2 message({"", "__name__", "x", std::string(1 << 20, 'v')});
  std::vector<uint32_t> refs = {1, 2};
  for (int i = 0; i < 31; ++i) refs.insert(refs.end(), {3, 3});
  const std::string series =
      WireWriter().Raw(RequestV2::Packed(refs)).Bytes(2, SampleMessage(kNowMs, 1)).str();
  for (int i = 0; i < 20'000; ++i) message.Raw(series);
  const auto start = SystemClock().Monotonic();
  const auto response = WriteV2(message);
  EXPECT_LT(SystemClock().Monotonic() - start, std::chrono::seconds{5});
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.message.find("label_name_bytes_max): 20000 ("), std::string::npos);
  EXPECT_LT(response.message.size(), 10'000u);
}

// ---- What cannot be stored is named, the rest is stored, and the counts are what is readable.

TEST_F(WriteHandlerV2Test, BadSeries) {
  const std::string sample = WireWriter().Bytes(2, SampleMessage(kNowMs, 1)).str();
  RequestV2 message({"", "__name__", "x", "\xff"});
  message.Raw(RequestV2::Packed({1}) + sample);
  message.Series({{"__name__", "good"}}, {{kNowMs, 1}, {kNowMs + 1, 2}});
  message.Raw(RequestV2::Packed({1, 99}) + sample);
  message.Series({{"a", "b"}}, {{kNowMs, 1}, {kNowMs + 1, 2}});
  message.Series({{"__name__", "x"}, {"b", "1"}, {"b", "2"}}, {{kNowMs, 1}});
  message.Raw(RequestV2::Packed({1, 2, 2, 3}) + sample);
  message.Series({{"__name__", "also"}}, {{kNowMs, 1}});
  ExpectV2(WriteV2(message), 400,
           "3 of 9 samples were stored; invalid labels: 6 "
           "(odd number of label references in {} at 2026-11-28T18:42:19.000Z, "
           "label reference 99 beyond the 10 symbols in {} at 2026-11-28T18:42:19.000Z, "
           "no metric name in {a=\"b\"} at 2026-11-28T18:42:19.000Z, ...)",
           3);
  EXPECT_EQ(Stored("good").at("good").size() + Stored("also").at("also").size(), 3u);
  EXPECT_EQ(store_->stats().series, 2u);
  EXPECT_EQ(Counters().at("nines_ingest_samples_refused_total{labels}"), 6);
  EXPECT_EQ(Counters().at("nines_ingest_samples_total"), 3);
}

TEST_F(WriteHandlerV2Test, SeriesWithNeitherSamplesNorHistograms) {
  const auto message = RequestV2()
                           .Series({{"__name__", "x"}}, {{kNowMs, 1}})
                           .Series({{"__name__", "x"}}, {})
                           .Series({{"__name__", "y"}}, {}, WireWriter().Bytes(5, "").str());
  for (int round = 0; round < 2; ++round) {  // Of a series that is new, and known.
    ExpectV2(WriteV2(message), 400,
             "1 of 1 samples were stored; series with neither samples nor histograms: 2 (x, y)", 1);
  }
  EXPECT_EQ(store_->stats().series, 1u);
  EXPECT_EQ(Counters().at("nines_ingest_samples_refused_total{no_samples}"), 4);
}

TEST_F(WriteHandlerV2Test, RefusalsOfTheStore) {
  constexpr int64_t kHour = 3'600'000;
  ExpectV2(WriteV2(RequestV2().Series({{"__name__", "x"}}, {{kNowMs, 1}})), 204, "", 1);
  ExpectV2(WriteV2(RequestV2()
                       .Series({}, {{kNowMs, 1}})
                       .Series({{"__name__", "x"}}, {{kNowMs - kHour, 1}, {kNowMs, 1}, {kNowMs, 2}})
                       .Series({{"__name__", "y"}}, {{kNowMs, 1}, {kNowMs + kHour, 2}})),
           400,
           "2 of 6 samples were stored; "
           "invalid labels: 1 (no metric name in {} at 2026-11-28T18:42:19.000Z); "
           "duplicate sample for timestamp: 1 (x at 2026-11-28T18:42:19.000Z); "
           "too old sample: 1 (x at 2026-11-28T17:42:19.000Z); "
           "sample is too far in the future: 1 (y at 2026-11-28T19:42:19.000Z)",
           2);
  EXPECT_EQ(Stored("x"), (std::map<std::string, Samples>{{"x", {{kNowMs, 1}}}}));
  EXPECT_EQ(Stored("y"), (std::map<std::string, Samples>{{"y", {{kNowMs, 1}}}}));
}

TEST_F(WriteHandlerV2Test, StoreUnavailable) {
  ASSERT_TRUE(store_->Close(kNow));
  const auto response = WriteV2(RequestV2().Series({{"__name__", "x"}}, {{kNowMs, 1}}));
  ExpectV2(response, 503, response.message, 0);
  EXPECT_NE(response.message, "");
}

// Damaged bodies: each is answered, what is told is readable, and a good request afterwards is
// stored as ever.
TEST_F(WriteHandlerV2Test, Garbage) {
  const std::string message =
      RequestV2()
          .Series({{"__name__", "x"}, {"a", "1"}}, {{kNowMs, 1}, {kNowMs + 1, 2}})
          .Series({{"__name__", "y"}}, {{kNowMs, 3}})
          .SymbolsFirst();
  const auto start = SystemClock().Monotonic();
  for (const uint64_t seed : {21u, 22u, 23u}) {
    Prng prng(seed);
    for (int i = 0; i < 500; ++i) {
      if (SystemClock().Monotonic() - start > std::chrono::seconds{2}) break;
      SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(i));
      std::string damaged = message;
      for (uint64_t n = 1 + prng.Below(3); n > 0; --n) {
        damaged[prng.Below(damaged.size())] = static_cast<char>(prng.Below(256));
      }
      if (prng.Chance(20)) damaged.resize(prng.Below(damaged.size()));
      const auto response = PostV2(Block(damaged));
      EXPECT_TRUE(response.status == 204 || response.status == 400) << response.status;
      EXPECT_EQ(response.message.empty(), response.status == 204);
      EXPECT_LE(response.samples_written, 3u);
      EXPECT_LT(response.message.size(), 10'000u);
    }
  }
  ExpectV2(WriteV2(RequestV2().Series({{"__name__", "after"}}, {{kNowMs, 1}})), 204, "", 1);
  EXPECT_EQ(Stored("after").size(), 1u);
}

}  // namespace
}  // namespace nines::ingest
