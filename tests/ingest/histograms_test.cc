// Native histograms and start timestamps through the handler, by both protocols.

#include <gtest/gtest.h>

#include <limits>

#include "tests/ingest/handler_fixture.h"
#include "tests/ingest/histogram_oracle.h"
#include "tests/ingest/request_v2.h"

namespace nines::ingest {
namespace {

using tsdb::ExampleHistogram;
using tsdb::NativeHistogram;

class HistogramsTest : public HandlerFixture, public testing::WithParamInterface<Protocol> {
 protected:
  // One series; `histograms` are Histogram messages.
  struct Sent {
    Pairs labels;
    Samples samples;
    std::vector<std::string> histograms;
  };

  WriteResponse Send(const std::vector<Sent>& all) {
    if (GetParam() == Protocol::kV1) {
      WireWriter message;
      for (const Sent& sent : all) {
        WireWriter series;
        for (const auto& [name, value] : sent.labels) series.Bytes(1, LabelMessage(name, value));
        for (const auto& [at, value] : sent.samples) series.Bytes(2, SampleMessage(at, value));
        for (const std::string& one : sent.histograms) series.Bytes(4, one);
        message.Bytes(1, series.str());
      }
      return Write(message.str());
    }
    RequestV2 request;
    for (const Sent& sent : all) {
      WireWriter more;
      for (const std::string& one : sent.histograms) more.Bytes(3, one);
      request.Series(sent.labels, sent.samples, more.str());
    }
    return WriteV2(request);
  }
  WriteResponse SendOne(const NativeHistogram& histogram, int64_t time_ms = kNowMs) {
    return Send({{{{"__name__", "h"}}, {}, {HistogramMessageOf(histogram, time_ms)}}});
  }

  void ExpectWritten(const WriteResponse& response, uint64_t samples, uint64_t histograms) {
    EXPECT_EQ(response.status, 204) << response.message;
    EXPECT_EQ(response.samples_written, samples);
    EXPECT_EQ(response.histograms_written, histograms);
  }

  tsdb::ColumnId ColumnOf(const std::string& metric) {
    const auto series =
        store_->Select({Matcher::Equal(std::string(kMetricName), metric)},
                       kNow - std::chrono::hours{1000}, kNow + std::chrono::hours{1});
    for (const tsdb::Series& one : *series) {
      if (one.role == tsdb::Role::kHistogram) return one.id;
    }
    ADD_FAILURE() << "no histograms of " << metric;
    return tsdb::kNoColumn;
  }
  // Time and text of each, a line.
  std::string StoredHistograms(const std::string& metric) {
    const tsdb::ColumnId id = ColumnOf(metric);
    if (id == tsdb::kNoColumn) return "";
    const auto read = store_->ReadHistograms({&id, 1}, kNow - std::chrono::hours{1000},
                                             kNow + std::chrono::hours{1});
    EXPECT_TRUE(read);
    std::string text;
    for (const auto& one : read->at(0)) text += Line(ToUnixMs(one.at), one.histogram);
    return text;
  }
  static std::string Line(int64_t time_ms, const NativeHistogram& histogram) {
    return std::to_string(time_ms - kNowMs) + " " + Text(histogram) + "\n";
  }
};

TEST_P(HistogramsTest, OfEveryKindAreReadBackAsTheyWereSent) {
  Prng prng(11);
  std::string expected;
  std::vector<std::string> messages;
  for (int64_t i = 0; i < 200; ++i) {
    NativeHistogram histogram = tsdb::RandomHistogram(&prng);
    if (i % 50 == 49) histogram.sum = tsdb::StaleMarker();
    messages.push_back(HistogramMessageOf(histogram, kNowMs - 1000 + i));
    expected += Line(kNowMs - 1000 + i, i % 50 == 49 ? tsdb::StaleHistogram() : histogram);
  }
  ExpectWritten(Send({{{{"__name__", "h"}, {"job", "a"}}, {}, messages}}), 0, 200);
  EXPECT_EQ(StoredHistograms("h"), expected);
  ExpectWritten(Send({{{{"__name__", "h"}, {"job", "a"}}, {}, messages}}), 0, 200);
  EXPECT_EQ(StoredHistograms("h"), expected) << "sent again";
  EXPECT_EQ(Counters().at("nines_ingest_histograms_total"), 400);
  EXPECT_EQ(Counters().contains("nines_ingest_samples_total"), false);
}

TEST_P(HistogramsTest, BesideSamplesOfTheSameSeries) {
  const Sent both{{{"__name__", "x"}},
                  {{kNowMs - 5, 1}, {kNowMs, 2}},
                  {HistogramMessageOf(ExampleHistogram(), kNowMs)}};
  const Sent samples{{{"__name__", "y"}}, {{kNowMs, 3}}, {}};
  for (int round = 0; round < 2; ++round) {  // New, and known.
    ExpectWritten(Send({both, samples}), 3, 1);
  }
  EXPECT_EQ(StoredHistograms("x"), Line(kNowMs, ExampleHistogram()));
  EXPECT_EQ(store_->stats().series, 3u);
  EXPECT_EQ(Stored("y").at("y"), (Samples{{kNowMs, 3}}));
}

TEST_P(HistogramsTest, SchemasAboveTheHighestAreBroughtDown) {
  NativeHistogram histogram = ExampleHistogram();
  histogram.schema = 9;
  histogram.positive = {.spans = {{1, 4}}, .deltas = {1, 0, 0, 0}, .counts = {}};
  ExpectWritten(SendOne(histogram), 0, 1);
  tsdb::ReduceToMax(&histogram);
  EXPECT_EQ(histogram.schema, 8);
  EXPECT_EQ(StoredHistograms("h"), Line(kNowMs, histogram));
}

TEST_P(HistogramsTest, InvalidOnesAreNamedTheRestIsStored) {
  NativeHistogram mismatch = ExampleHistogram();
  mismatch.count = 7;
  NativeHistogram schema = ExampleHistogram();
  schema.schema = -6;
  const std::string mixed =
      HistogramMessageOf(ExampleHistogram(), kNowMs) + WireWriter().Double(10, 1).str();
  const Sent sent{{{"__name__", "h"}, {"job", "a"}},
                  {},
                  {HistogramMessageOf(mismatch, kNowMs - 2), HistogramMessageOf(schema, kNowMs - 1),
                   HistogramMessageOf(ExampleHistogram(), kNowMs), mixed}};
  for (int round = 0; round < 2; ++round) {
    const WriteResponse response = Send({sent, {{{"__name__", "x"}}, {{kNowMs, 1}}, {}}});
    Expect(response, 400,
           "2 of 5 samples were stored; invalid native histogram: 3 (the count of observations is "
           "not what is in the buckets in h{job=\"a\"} at 2026-11-28T18:42:18.998Z, schema is not "
           "one of -4 to 8 or -53 in h{job=\"a\"} at 2026-11-28T18:42:18.999Z, integer and float "
           "counts are mixed in h{job=\"a\"} at 2026-11-28T18:42:19.000Z)");
    EXPECT_EQ(response.histograms_written, 1u);
    EXPECT_EQ(response.samples_written, 1u);
  }
  EXPECT_EQ(StoredHistograms("h"), Line(kNowMs, ExampleHistogram()));
  EXPECT_EQ(Counters().at("nines_ingest_samples_refused_total{histogram_invalid}"), 6);
}

TEST_P(HistogramsTest, BucketsMax) {
  // Three spans, four buckets.
  EXPECT_EQ(ExampleHistogram().parts(), 7u);
  Open({}, {.histogram_buckets_max = 7});
  ExpectWritten(SendOne(ExampleHistogram()), 0, 1);
  Open({}, {.histogram_buckets_max = 6});
  const WriteResponse response = SendOne(ExampleHistogram());
  Expect(response, 400,
         "0 of 1 samples were stored; spans, buckets and bounds of a native histogram above 6 "
         "(histogram_buckets_max): 1 (h at 2026-11-28T18:42:19.000Z)");
  EXPECT_EQ(response.histograms_written, 0u);
  EXPECT_EQ(Counters().at("nines_ingest_samples_refused_total{histogram_buckets_max}"), 1);
}

TEST_P(HistogramsTest, RefusalsOfTheStore) {
  ExpectWritten(SendOne(ExampleHistogram()), 0, 1);
  NativeHistogram other = ExampleHistogram();
  other.hint = tsdb::ResetHint::kYes;
  Expect(SendOne(other), 400,
         "0 of 1 samples were stored; duplicate sample for timestamp: 1 (h at "
         "2026-11-28T18:42:19.000Z)");
  Expect(SendOne(other, kNowMs - 3'600'000), 400,
         "0 of 1 samples were stored; too old sample: 1 (h at 2026-11-28T17:42:19.000Z)");
  EXPECT_EQ(StoredHistograms("h"), Line(kNowMs, ExampleHistogram()));
}

TEST_P(HistogramsTest, BadLabelsAndTooManySeries) {
  const std::string message = HistogramMessageOf(ExampleHistogram(), kNowMs);
  Expect(Send({{{{"a", "b"}}, {}, {message, message}}}), 400,
         "0 of 2 samples were stored; invalid labels: 2 (no metric name in {a=\"b\"} at "
         "2026-11-28T18:42:19.000Z)");
  Open({.path = "", .series_max = 1}, {});
  const WriteResponse response = Send({{{{"__name__", "x"}}, {{kNowMs, 1}}, {message}}});
  Expect(response, 400,
         "1 of 2 samples were stored; too many series (series_max): 1 (x at "
         "2026-11-28T18:42:19.000Z)");
  EXPECT_EQ(response.samples_written, 1u);
  EXPECT_EQ(response.histograms_written, 0u);
}

INSTANTIATE_TEST_SUITE_P(Protocols, HistogramsTest, testing::Values(Protocol::kV1, Protocol::kV2),
                         [](const auto& param) {
                           return std::string(param.param == Protocol::kV1 ? "V1" : "V2");
                         });

// ---- Start timestamps, of 2.0 alone.

class StartsTest : public HandlerFixture {
 protected:
  void Send(const RequestV2& request, int status = 204) {
    const WriteResponse response = WriteV2(request);
    EXPECT_EQ(response.status, status) << response.message;
  }
  // "start@first sample", before and after kNow in ms, of each column of the metric.
  std::string Starts(const std::string& metric) {
    const auto series = store_->Select({Matcher::Equal(std::string(kMetricName), metric)},
                                       kNow - std::chrono::hours{1}, kNow + std::chrono::hours{1});
    std::string text;
    for (const tsdb::Series& one : *series) {
      const auto starts = store_->Starts(one.id);
      for (const tsdb::StartTime& start : *starts) {
        text += std::to_string(ToUnixMs(start.start) - kNowMs) + "@" +
                std::to_string(ToUnixMs(start.first_sample) - kNowMs) + " ";
      }
      text += "| ";
    }
    return text;
  }
  static std::string Sample(int64_t time_ms, double value, int64_t start_ms) {
    return WireWriter()
        .Bytes(2, SampleMessage(time_ms, value) + WireWriter().Int(3, start_ms).str())
        .str();
  }
};

TEST_F(StartsTest, AreKeptOfSamplesAndHistograms) {
  const std::string histogram =
      WireWriter().Bytes(3, HistogramMessageOf(ExampleHistogram(), kNowMs, kNowMs - 77)).str();
  Send(RequestV2()
           .Series({{"__name__", "x"}}, {},
                   Sample(kNowMs - 10, 1, kNowMs - 99) + Sample(kNowMs - 5, 2, kNowMs - 99) +
                       Sample(kNowMs, 0, kNowMs - 3) + histogram)
           .Series({{"__name__", "none"}}, {{kNowMs, 1}}));
  EXPECT_EQ(Starts("x"), "-99@-10 -3@0 | -77@0 | ");
  EXPECT_EQ(Starts("none"), "| ");
}

TEST_F(StartsTest, ThoseOfTheSeriesAsInRc3) {
  Send(RequestV2().Series({{"__name__", "x"}}, {{kNowMs - 10, 1}},
                          Sample(kNowMs, 0, kNowMs - 3) + WireWriter().Int(6, kNowMs - 99).str()));
  EXPECT_EQ(Starts("x"), "-99@-10 -3@0 | ");
}

TEST_F(StartsTest, NotOfRefusedSamples) {
  Send(RequestV2().Series({{"__name__", "x"}}, {{kNowMs, 1}}));
  Send(RequestV2().Series({{"__name__", "x"}}, {}, Sample(kNowMs, 2, kNowMs - 3)), 400);
  EXPECT_EQ(Starts("x"), "| ");
}

// A field of that number in 1.0 means nothing.
TEST_F(StartsTest, NotOfRemoteWrite1) {
  const std::string series =
      WireWriter().Bytes(1, LabelMessage("__name__", "x")).Raw(Sample(kNowMs, 2, kNowMs - 3)).str();
  EXPECT_EQ(Write(WireWriter().Bytes(1, series).str()).status, 204);
  EXPECT_EQ(Starts("x"), "| ");
}

}  // namespace
}  // namespace nines::ingest
