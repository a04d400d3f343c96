#include "ingest/write_handler.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/prng.h"
#include "tests/ingest/handler_fixture.h"
#include "tests/ingest/wire_writer.h"

namespace nines::ingest {
namespace {

std::string LabelFields(const Pairs& labels) {
  WireWriter writer;
  for (const auto& [name, value] : labels) writer.Bytes(1, LabelMessage(name, value));
  return writer.str();
}

std::string Series(const Pairs& labels, const Samples& samples) {
  WireWriter writer;
  writer.Raw(LabelFields(labels));
  for (const auto& [time_ms, value] : samples) writer.Bytes(2, SampleMessage(time_ms, value));
  return WireWriter().Bytes(1, writer.str()).str();
}

class WriteHandlerTest : public HandlerFixture {};

TEST_F(WriteHandlerTest, StoresWhatIsSent) {
  const std::string message =
      Series({{"__name__", "x_bucket"}, {"le", "0.5"}, {"job", "a"}}, {{kNowMs - 1000, 1}}) +
      Series({{"__name__", "x_bucket"}, {"job", "a"}, {"le", "+Inf"}},
             {{kNowMs - 1000, 2}, {kNowMs, 3}}) +
      Series({{"__name__", "y"}}, {{kNowMs, -0.5}});
  const auto response = Write(message);
  Expect(response, 204, "");
  EXPECT_EQ(response.samples_written, 4u);
  const std::map<std::string, Samples> buckets = {
      {R"(x_bucket{job="a", le="0.5"})", {{kNowMs - 1000, 1}}},
      {R"(x_bucket{job="a", le="+Inf"})", {{kNowMs - 1000, 2}, {kNowMs, 3}}}};
  EXPECT_EQ(Stored("x_bucket"), buckets);
  EXPECT_EQ(Stored("y"), (std::map<std::string, Samples>{{"y", {{kNowMs, -0.5}}}}));
  // Again: accepted, and there once.
  const auto again = Write(message);
  Expect(again, 204, "");
  EXPECT_EQ(again.samples_written, 4u);
  EXPECT_EQ(Stored("x_bucket"), buckets);
}

TEST_F(WriteHandlerTest, LabelsInAnyOrderAreOneSeries) {
  Expect(Write(Series({{"__name__", "x"}, {"a", "1"}, {"b", "2"}}, {{kNowMs - 2, 1}})), 204, "");
  Expect(Write(Series({{"b", "2"}, {"c", ""}, {"a", "1"}, {"__name__", "x"}}, {{kNowMs - 1, 2}})),
         204, "");
  EXPECT_EQ(
      Stored("x"),
      (std::map<std::string, Samples>{{R"(x{a="1", b="2"})", {{kNowMs - 2, 1}, {kNowMs - 1, 2}}}}));
}

TEST_F(WriteHandlerTest, StaleMarkersKeepTheirBits) {
  Expect(Write(Series({{"__name__", "x"}}, {{kNowMs, tsdb::StaleMarker()}})), 204, "");
  const auto stored = Stored("x");
  ASSERT_EQ(stored.count("x"), 1u);
  ASSERT_EQ(stored.at("x").size(), 1u);
  EXPECT_TRUE(tsdb::IsStale(stored.at("x")[0].second));
}

// ---- The form of a request.

TEST_F(WriteHandlerTest, Headers) {
  const std::string body = Block(Series({{"__name__", "x"}}, {{kNowMs, 1}}));
  auto check = [&](std::string_view type, std::string_view encoding, int status,
                   const std::string& message) {
    SCOPED_TRACE(std::string(type) + " " + std::string(encoding));
    Expect(
        handler_->Handle({.content_type = type, .content_encoding = encoding, .body = body}, kNow),
        status, message);
  };
  check("", "", 204, "");
  check("application/x-protobuf", "snappy", 204, "");
  check("application/x-protobuf;proto=prometheus.WriteRequest", "snappy", 204, "");
  check("application/x-protobuf;proto=io.prometheus.write.v3.Request", "snappy", 415,
        "content type has proto=\"io.prometheus.write.v3.Request\"; what is taken is "
        "io.prometheus.write.v2.Request or prometheus.WriteRequest");
  check("application/json", "snappy", 415,
        "content type is \"application/json\"; what is taken is application/x-protobuf");
  check("application/x-protobuf", "gzip", 415,
        "content encoding is \"gzip\"; what is taken is snappy");
  EXPECT_EQ(Counters().at("nines_ingest_requests_refused_total{content_type}"), 2);
  EXPECT_EQ(Counters().at("nines_ingest_requests_refused_total{content_encoding}"), 1);
}

TEST_F(WriteHandlerTest, BodiesThatAreNone) {
  Expect(Post(""), 400, "empty body");
  Expect(Post("hello, I am no snappy block"), 400, "body is corrupt snappy block");
  Expect(Post(std::string("\xff\x06\x00\x00sNaPpY\x01\x05\x00\x00", 14)), 400,
         "body is snappy's framed format; the block format is what is taken");
  Expect(Post(WireWriter().Varint(0xffffffffu).Raw("12345").str()), 400,
         "body declares 4294967295 decoded bytes, above 33554432 (decoded_bytes_max)");
  Expect(Post(WireWriter().Varint(uint64_t{32} << 20).Raw("123456").str()), 400,
         "body is not a snappy block: it declares 33554432 decoded bytes, more than its 10 can "
         "hold");
  const std::string message = Series({{"__name__", "x"}}, {{kNowMs, 1}});
  Expect(Write(message.substr(0, message.size() - 1)), 400,
         "body is not a remote write 1.0 message: malformed at byte 2 of 34");
  EXPECT_EQ(Counters(),
            (std::map<std::string, double>{
                {"nines_ingest_requests_total{400}", 6},
                {"nines_ingest_requests_refused_total{empty_body}", 1},
                {"nines_ingest_requests_refused_total{snappy}", 3},
                {"nines_ingest_requests_refused_total{decoded_bytes_max}", 1},
                {"nines_ingest_requests_refused_total{protobuf}", 1},
                {"nines_ingest_bytes_total", Counters().at("nines_ingest_bytes_total")}}));
}

TEST_F(WriteHandlerTest, NothingToStoreIsFine) {
  Expect(Write(""), 204, "");
  Expect(Write(Series({{"__name__", "x"}}, {})), 204, "");
  Expect(Write(Series({}, {})), 204, "");
  Expect(Write(WireWriter().Bytes(3, WireWriter().Int(1, 1).Bytes(2, "x").str()).str()), 204, "");
  EXPECT_EQ(store_->stats().series, 0u);
}

// ---- Limits: at the value and one above.

TEST_F(WriteHandlerTest, BodyBytesMax) {
  const std::string body = Block(Series({{"__name__", "x"}}, {{kNowMs, 1}}));
  handler_->SetLimits({.body_bytes_max = body.size()});
  Expect(Post(body), 204, "");
  handler_->SetLimits({.body_bytes_max = body.size() - 1});
  Expect(Post(body), 413,
         "body has " + std::to_string(body.size()) + " bytes, above " +
             std::to_string(body.size() - 1) + " (body_bytes_max)");
}

TEST_F(WriteHandlerTest, DecodedBytesMax) {
  const std::string message = Series({{"__name__", "x"}}, {{kNowMs, 1}});
  handler_->SetLimits({.decoded_bytes_max = message.size()});
  Expect(Write(message), 204, "");
  handler_->SetLimits({.decoded_bytes_max = message.size() - 1});
  Expect(Write(message), 400,
         "body declares " + std::to_string(message.size()) + " decoded bytes, above " +
             std::to_string(message.size() - 1) + " (decoded_bytes_max)");
}

TEST_F(WriteHandlerTest, SamplesMaxStoresNothing) {
  const std::string message = Series({{"__name__", "x"}}, {{kNowMs - 1, 1}, {kNowMs, 1}});
  handler_->SetLimits({.samples_max = 1});
  Expect(Write(message), 400, "request has more than 1 samples (samples_max)");
  EXPECT_TRUE(Stored("x").empty());
  handler_->SetLimits({.samples_max = 2});
  Expect(Write(message), 204, "");
}

TEST_F(WriteHandlerTest, LabelsMax) {
  handler_->SetLimits({.labels_max = 2});
  Expect(Write(Series({{"__name__", "x"}, {"a", "1"}}, {{kNowMs, 1}}) +
               Series({{"__name__", "x"}, {"a", "1"}, {"b", "2"}}, {{kNowMs, 1}, {kNowMs + 1, 1}})),
         400,
         "1 of 3 samples were stored; labels of a series above 2 (labels_max): 2 "
         "(x{a=\"1\", b=\"2\"} at 2026-11-28T18:42:19.000Z)");
  EXPECT_EQ(Stored("x").size(), 1u);
}

TEST_F(WriteHandlerTest, LabelNameBytesMax) {
  handler_->SetLimits({.label_name_bytes_max = 8});
  Expect(Write(Series({{"__name__", "x"}, {"12345678", "1"}}, {{kNowMs, 1}}) +
               Series({{"__name__", "x"}, {"a23456789", "2"}}, {{kNowMs, 1}})),
         400,
         "1 of 2 samples were stored; bytes of a label name above 8 (label_name_bytes_max): 1 "
         "(x{a23456789=\"2\"} at 2026-11-28T18:42:19.000Z)");
}

TEST_F(WriteHandlerTest, LabelValueBytesMax) {
  handler_->SetLimits({.label_value_bytes_max = 4});
  Expect(Write(Series({{"__name__", "x"}, {"a", "1234"}}, {{kNowMs, 1}}) +
               Series({{"__name__", "x"}, {"a", "12345"}}, {{kNowMs, 1}})),
         400,
         "1 of 2 samples were stored; bytes of a label value above 4 (label_value_bytes_max): 1 "
         "(x{a=\"12345\"} at 2026-11-28T18:42:19.000Z)");
}

TEST_F(WriteHandlerTest, DefaultLimitsAreAsDocumented) {
  auto labels = [](size_t count) {
    Pairs pairs = {{"__name__", "x"}};
    while (pairs.size() < count) pairs.push_back({std::to_string(pairs.size()), "v"});
    return pairs;
  };
  EXPECT_EQ(Write(Series(labels(64), {{kNowMs, 1}})).status, 204);
  EXPECT_EQ(Write(Series(labels(65), {{kNowMs, 1}})).status, 400);
  auto one = [&](size_t name, size_t value) {
    const Pairs pairs = {{"__name__", "x"}, {std::string(name, 'n'), std::string(value, 'v')}};
    return Write(Series(pairs, {{kNowMs, 1}})).status;
  };
  EXPECT_EQ(one(512, 4096), 204);
  EXPECT_EQ(one(513, 4096), 400);
  EXPECT_EQ(one(512, 4097), 400);
  // A million samples at one time of one series: all but the first are repeats.
  const std::string sample = WireWriter().Bytes(2, SampleMessage(kNowMs, 1)).str();
  std::string series = LabelFields({{"__name__", "many"}});
  for (int i = 0; i < 1'000'000; ++i) series += sample;
  EXPECT_EQ(Write(WireWriter().Bytes(1, series).str()).status, 204);
  series += sample;
  EXPECT_EQ(Write(WireWriter().Bytes(1, series).str()).status, 400);
}

TEST_F(WriteHandlerTest, SeriesMax) {
  tsdb::Options options;
  options.series_max = 2;
  Open(options, {});
  const std::string two =
      Series({{"__name__", "x"}}, {{kNowMs, 1}}) + Series({{"__name__", "y"}}, {{kNowMs, 1}});
  Expect(Write(two), 204, "");
  Expect(Write(Series({{"__name__", "z"}}, {{kNowMs, 1}}) + two), 400,
         "2 of 3 samples were stored; too many series (series_max): 1 "
         "(z at 2026-11-28T18:42:19.000Z)");
  Expect(Write(two), 204, "");
}

// A limit that is lowered counts for what comes afterwards, and only where it is new.
TEST_F(WriteHandlerTest, SetLimits) {
  const std::string known = Series({{"__name__", "x"}, {"a", "1"}}, {{kNowMs, 1}});
  Expect(Write(known), 204, "");
  handler_->SetLimits({.labels_max = 1});
  Expect(Write(known), 204, "");
  EXPECT_EQ(Write(Series({{"__name__", "x"}, {"a", "2"}}, {{kNowMs, 1}})).status, 400);
}

// ---- What cannot be stored is named, the rest is stored.

TEST_F(WriteHandlerTest, BadLabels) {
  const std::string broken =
      WireWriter().Bytes(1, "\x0a\x05x").Bytes(2, SampleMessage(kNowMs, 1)).str();
  Expect(Write(Series({{"a", "b"}}, {{kNowMs, 1}, {kNowMs + 1, 2}}) +
               Series({{"__name__", "good"}}, {{kNowMs, 1}}) +
               Series({{"__name__", "x"}, {"b", "1"}, {"b", "2"}}, {{kNowMs, 1}}) +
               Series({{"__name__", "x"}, {"b", "\xff"}}, {{kNowMs, 1}}) +
               WireWriter().Bytes(1, broken).str()),
         400,
         "1 of 6 samples were stored; invalid labels: 5 "
         "(no metric name in {a=\"b\"} at 2026-11-28T18:42:19.000Z, "
         "repeated label name \"b\" in x{b=\"1\", b=\"2\"} at 2026-11-28T18:42:19.000Z, "
         "label name or value is not UTF-8 in x{b=\"\\xff\"} at 2026-11-28T18:42:19.000Z, ...)");
  EXPECT_EQ(Stored("good").size(), 1u);
  EXPECT_EQ(store_->stats().series, 1u);
  EXPECT_EQ(Counters().at("nines_ingest_samples_refused_total{labels}"), 5);
  EXPECT_EQ(Counters().at("nines_ingest_samples_total"), 1);
}

TEST_F(WriteHandlerTest, RefusalsOfTheStore) {
  tsdb::Options options;
  options.retention = std::chrono::hours{48};
  options.out_of_order_window = std::chrono::minutes{30};
  Open(options, {});
  constexpr int64_t kHour = 3'600'000;
  Expect(Write(Series({{"__name__", "x"}}, {{kNowMs, 1}})), 204, "");
  const std::string message =
      Series({{"no", "name"}}, {{kNowMs, 1}}) + Series({{"__name__", "x"}}, {{kNowMs, 2}}) +
      Series({{"__name__", "x"}}, {{kNowMs - kHour, 2}}) +
      Series({{"__name__", "y"}}, {{kNowMs - 1000, 1}, {kNowMs + kHour, 2}}) +
      Series({{"__name__", "z"}}, {{kNowMs - 100 * kHour, 2}, {kNowMs, 3}});
  auto text = [](tsdb::Refusal refusal) { return std::string(tsdb::RefusalName(refusal)); };
  const auto response = Write(message);
  Expect(response, 400,
         "2 of 7 samples were stored; "
         "invalid labels: 1 (no metric name in {no=\"name\"} at 2026-11-28T18:42:19.000Z); " +
             text(tsdb::Refusal::kDuplicate) + ": 1 (x at 2026-11-28T18:42:19.000Z); " +
             text(tsdb::Refusal::kTooOld) + ": 1 (x at 2026-11-28T17:42:19.000Z); " +
             text(tsdb::Refusal::kBeyondRetention) + ": 1 (z at 2026-11-24T14:42:19.000Z); " +
             text(tsdb::Refusal::kTooFarAhead) + ": 1 (y at 2026-11-28T19:42:19.000Z)");
  EXPECT_EQ(response.samples_written, 2u);
  EXPECT_EQ(Stored("x"), (std::map<std::string, Samples>{{"x", {{kNowMs, 1}}}}));
  EXPECT_EQ(Stored("y"), (std::map<std::string, Samples>{{"y", {{kNowMs - 1000, 1}}}}));
  EXPECT_EQ(Stored("z"), (std::map<std::string, Samples>{{"z", {{kNowMs, 3}}}}));
  for (const auto* reason :
       {"labels", "duplicate", "too_old", "beyond_retention", "too_far_ahead"}) {
    EXPECT_EQ(Counters()["nines_ingest_samples_refused_total{" + std::string(reason) + "}"], 1)
        << reason;
  }
}

TEST_F(WriteHandlerTest, TimesBeyondTheCalendar) {
  const auto ahead = Write(Series({{"__name__", "x"}}, {{std::numeric_limits<int64_t>::max(), 1}}));
  Expect(ahead, 400,
         "0 of 1 samples were stored; " +
             std::string(tsdb::RefusalName(tsdb::Refusal::kTooFarAhead)) +
             ": 1 (x at 9223372036854775807 ms)");
  const auto old = Write(Series({{"__name__", "x"}}, {{std::numeric_limits<int64_t>::min(), 1}}));
  Expect(old, 400,
         "0 of 1 samples were stored; " +
             std::string(tsdb::RefusalName(tsdb::Refusal::kBeyondRetention)) +
             ": 1 (x at -9223372036854775808 ms)");
}

TEST_F(WriteHandlerTest, FirstThreePlacesOfMany) {
  Samples samples;
  for (int64_t i = 0; i < 100; ++i) samples.emplace_back(kNowMs - 100'000 + i * 1000, 1);
  Expect(Write(Series({{"__name__", "x"}}, samples)), 204, "");
  for (auto& sample : samples) sample.second = 2;
  Expect(Write(Series({{"__name__", "x"}}, samples)), 400,
         "0 of 100 samples were stored; " +
             std::string(tsdb::RefusalName(tsdb::Refusal::kDuplicate)) +
             ": 100 (x at 2026-11-28T18:40:39.000Z, x at 2026-11-28T18:40:40.000Z, "
             "x at 2026-11-28T18:40:41.000Z, ...)");
}

// ---- The store fails, others write too, garbage comes.

TEST_F(WriteHandlerTest, StoreUnavailable) {
  ASSERT_TRUE(store_->Close(kNow));
  const auto response = Write(Series({{"__name__", "x"}}, {{kNowMs, 1}}));
  EXPECT_EQ(response.status, 503);
  EXPECT_TRUE(response.retry_after);
  EXPECT_NE(response.message, "");
  EXPECT_EQ(response.samples_written, 0u);
  EXPECT_EQ(Counters().at("nines_ingest_requests_refused_total{unavailable}"), 1);
  EXPECT_EQ(Counters().at("nines_ingest_requests_total{503}"), 1);
  EXPECT_EQ(Counters().count("nines_ingest_samples_total"), 0u);
}

TEST_F(WriteHandlerTest, WithoutARegistry) {
  WriteHandler handler(store_.get(), {}, nullptr);
  const std::string body = Block(Series({{"__name__", "x"}}, {{kNowMs, 1}}));
  Expect(handler.Handle({.body = body}, kNow), 204, "");
}

TEST_F(WriteHandlerTest, Metrics) {
  const std::string body = Block(Series({{"__name__", "x"}}, {{kNowMs, 1}, {kNowMs + 1, 2}}));
  Expect(Post(body), 204, "");
  EXPECT_EQ(Counters(), (std::map<std::string, double>{
                            {"nines_ingest_requests_total{204}", 1},
                            {"nines_ingest_samples_total", 2},
                            {"nines_ingest_bytes_total", static_cast<double>(body.size())}}));
}

TEST_F(WriteHandlerTest, ConcurrentWriters) {
  constexpr int kThreads = 4;
  constexpr int kRequests = 25;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kRequests; ++i) {
        // One series of its own, one that all of them make.
        const auto response =
            Write(Series({{"__name__", "x"}, {"writer", std::to_string(t)}},
                         {{kNowMs - 60'000 + i * 1000, t}}) +
                  Series({{"__name__", "shared"}}, {{kNowMs - 60'000 + i * 1000, 1}}));
        EXPECT_EQ(response.status, 204) << response.message;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto stored = Stored("x");
  EXPECT_EQ(stored.size(), size_t{kThreads});
  for (const auto& [labels, samples] : stored) EXPECT_EQ(samples.size(), size_t{kRequests});
  EXPECT_EQ(Stored("shared").at("shared").size(), size_t{kRequests});
}

// Damaged bodies, before and after compression: each is answered, and a good request afterwards is
// stored as ever.
TEST_F(WriteHandlerTest, Garbage) {
  const std::string message =
      Series({{"__name__", "x"}, {"a", "1"}}, {{kNowMs, 1}, {kNowMs + 1, 2}}) +
      Series({{"__name__", "y"}}, {{kNowMs, 3}});
  auto damage = [](Prng* prng, std::string bytes) {
    for (uint64_t n = prng->Below(3); n > 0; --n) {
      bytes[prng->Below(bytes.size())] = static_cast<char>(prng->Below(256));
    }
    if (prng->Chance(20)) bytes.resize(prng->Below(bytes.size()));
    return bytes;
  };
  const auto start = SystemClock().Monotonic();
  for (const uint64_t seed : {11u, 12u, 13u}) {
    Prng prng(seed);
    for (int i = 0; i < 500; ++i) {
      if (SystemClock().Monotonic() - start > std::chrono::seconds{2}) break;
      SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(i));
      const std::string body =
          prng.Chance(30) ? damage(&prng, Block(message)) : Block(damage(&prng, message));
      const auto response = Post(body);
      EXPECT_TRUE(response.status == 204 || response.status == 400) << response.status;
      EXPECT_EQ(response.message.empty(), response.status == 204);
      EXPECT_LT(response.message.size(), 10'000u);
    }
  }
  Expect(Write(Series({{"__name__", "after"}}, {{kNowMs, 1}})), 204, "");
  EXPECT_EQ(Stored("after").size(), 1u);
}

}  // namespace
}  // namespace nines::ingest
