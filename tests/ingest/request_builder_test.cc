#include "ingest/request_builder.h"

#include <gtest/gtest.h>
#include <snappy.h>

#include "ingest/remote_read.h"
#include "remote.pb.h"
#include "tests/ingest/wire_writer.h"

// What import makes, read by libprotobuf.

namespace nines::ingest {
namespace {

std::string Uncompressed(const std::string& body) {
  std::string out;
  EXPECT_TRUE(snappy::Uncompress(body.data(), body.size(), &out));
  return out;
}

prometheus::WriteRequest Parsed(const std::string& body) {
  prometheus::WriteRequest request;
  EXPECT_TRUE(request.ParseFromString(Uncompressed(body)));
  return request;
}

TextSample Sample(const std::string& name, int64_t time_ms, double value) {
  return {.labels = {{"__name__", name}, {"job", "a"}},
          .value = value,
          .time_ms = time_ms,
          .exemplar = {}};
}

TEST(RequestBuilder, RunsOfOneSeriesAreOneSeries) {
  RequestBuilder builder;
  builder.Add(Sample("x", 1000, 1));
  builder.Add(Sample("x", -2000, 2.5));
  builder.Add(Sample("y", 1000, 3));
  builder.Add(Sample("x", 3000, 4));
  EXPECT_EQ(builder.samples(), 4u);
  const auto request = Parsed(builder.Take());
  ASSERT_EQ(request.timeseries_size(), 3);
  EXPECT_EQ(request.timeseries(0).labels(0).name(), "__name__");
  EXPECT_EQ(request.timeseries(0).labels(0).value(), "x");
  EXPECT_EQ(request.timeseries(0).labels(1).value(), "a");
  ASSERT_EQ(request.timeseries(0).samples_size(), 2);
  EXPECT_EQ(request.timeseries(0).samples(1).timestamp(), -2000);
  EXPECT_EQ(request.timeseries(0).samples(1).value(), 2.5);
  EXPECT_EQ(request.timeseries(2).samples(0).timestamp(), 3000);
  EXPECT_EQ(builder.samples(), 0u);
  builder.Add(Sample("x", 4000, 5));
  EXPECT_EQ(Parsed(builder.Take()).timeseries_size(), 1) << "begins anew";
}

// Exemplars and metadata are beyond the specification, and unknown fields to the oracle.
TEST(RequestBuilder, ExemplarsAndMetadata) {
  RequestBuilder builder;
  builder.Add(TextMetadata{TextMetadata::Kind::kType, "x", "counter"});
  builder.Add(TextMetadata{TextMetadata::Kind::kHelp, "x", "Why."});
  TextSample sample = Sample("x", 1000, 1);
  sample.exemplar = {.labels = {{"trace_id", "t"}}, .value = 0.5, .time_ms = {}};
  builder.Add(sample);
  const std::string exemplar =
      WireWriter().Bytes(1, LabelMessage("trace_id", "t")).Double(2, 0.5).Int(3, 1000).str();
  const std::string series = WireWriter()
                                 .Bytes(1, LabelMessage("__name__", "x"))
                                 .Bytes(1, LabelMessage("job", "a"))
                                 .Bytes(2, SampleMessage(1000, 1))
                                 .Bytes(3, exemplar)
                                 .str();
  const std::string metadata =
      WireWriter().Int(1, 1).Bytes(2, "x").Bytes(4, "Why.").Bytes(5, "").str();
  EXPECT_EQ(Uncompressed(builder.Take()), WireWriter().Bytes(3, metadata).Bytes(1, series).str());
  builder.Add(sample);
  EXPECT_EQ(Uncompressed(builder.Take()), WireWriter().Bytes(1, series).str()) << "told once";
}

TEST(RemoteRead, RequestBytes) {
  const auto matchers = ParseMatchers(R"(a="1", b!="2", c=~"3", d!~"4")");
  ASSERT_TRUE(matchers);
  WireWriter query;
  query.Int(1, 1000).Int(2, 2000);
  int type = 0;
  for (const std::string name : {"a", "b", "c", "d"}) {
    query.Bytes(3,
                WireWriter().Int(1, type).Bytes(2, name).Bytes(3, std::to_string(type + 1)).str());
    ++type;
  }
  EXPECT_EQ(Uncompressed(EncodeReadRequest(*matchers, 1000, 2000)),
            WireWriter().Bytes(1, query.str()).str());
}

TEST(RemoteRead, SeriesOfAllResults) {
  const std::string x =
      WireWriter().Bytes(1, LabelMessage("__name__", "x")).Bytes(2, SampleMessage(1, 2)).str();
  const std::string y =
      WireWriter().Bytes(1, LabelMessage("__name__", "y")).Bytes(2, SampleMessage(3, 4)).str();
  const std::string response = WireWriter()
                                   .Bytes(1, WireWriter().Bytes(1, x).Int(9, 1).str())
                                   .Int(7, 5)
                                   .Bytes(1, WireWriter().Bytes(1, y).str())
                                   .str();
  std::string body;
  snappy::Compress(response.data(), response.size(), &body);
  const auto request = ReadResponseToWriteRequest(body, 1000);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(Uncompressed(*request), WireWriter().Bytes(1, x).Bytes(1, y).str());
  const auto too_large = ReadResponseToWriteRequest(body, 10);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, Code::kExhausted);
}

TEST(RemoteRead, EmptyAndMalformedAnswers) {
  std::string body;
  snappy::Compress("", 0, &body);
  const auto empty = ReadResponseToWriteRequest(body, 10);
  ASSERT_TRUE(empty);
  EXPECT_EQ(*empty, "");
  for (const std::string& broken : {std::string("\x0a\x05x"), std::string("\x0a\x02\x0a\x07")}) {
    snappy::Compress(broken.data(), broken.size(), &body);
    const auto read = ReadResponseToWriteRequest(body, 100);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::kInvalid);
  }
  EXPECT_FALSE(ReadResponseToWriteRequest("no snappy", 100));
}

}  // namespace
}  // namespace nines::ingest
