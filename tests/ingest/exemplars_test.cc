// Exemplars from the wire to the store, by both protocols.
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <set>

#include "ingest/remote_write_v1.h"
#include "ingest/remote_write_v2.h"
#include "remote.pb.h"
#include "remote_v2.pb.h"
#include "tests/ingest/handler_fixture.h"
#include "tests/ingest/request_v2.h"
#include "tests/ingest/wire_generator.h"

namespace nines::ingest {
namespace {

// ---- One message, against libprotobuf.

std::optional<Labels> LabelSet(const std::vector<Label>& labels) {
  std::set<std::string> names;
  for (const Label& label : labels) {
    if (label.name.empty() || !names.insert(label.name).second) return std::nullopt;
    if (!IsUtf8(label.name) || !IsUtf8(label.value)) return std::nullopt;
  }
  return Labels(labels);
}

void Compare(const Result<tsdb::Exemplar>& ours, const std::optional<Labels>& labels, double value,
             int64_t time_ms) {
  if (!ours && ours.error().code == Code::kExhausted) return;  // libprotobuf has no such limit.
  ASSERT_EQ(ours.has_value(), labels.has_value()) << (ours ? "" : ours.error().message);
  if (!labels) return;
  EXPECT_EQ(ours->labels, *labels);
  EXPECT_TRUE(tsdb::SameBits(ours->value, value));
  EXPECT_EQ(ours->time_ms, time_ms);
}

void CompareV1(const std::string& message) {
  SCOPED_TRACE("bytes " + Hex(message));
  const google::protobuf::LogSilencer silence;
  prometheus::Exemplar oracle;
  const bool valid = oracle.ParseFromString(message);
  std::vector<Label> labels;
  for (const auto& label : oracle.labels()) labels.push_back({label.name(), label.value()});
  Compare(ParseExemplarV1(message), valid ? LabelSet(labels) : std::nullopt, oracle.value(),
          oracle.timestamp());
}

void CompareV2(const std::string& message, WireRequest* request) {
  SCOPED_TRACE("bytes " + Hex(message));
  io::prometheus::write::v2::Exemplar oracle;
  bool valid = oracle.ParseFromString(message) && oracle.labels_refs_size() % 2 == 0;
  std::vector<Label> labels;
  const auto text = [&](int i) {
    const uint32_t ref = oracle.labels_refs(i);
    valid = valid && ref < request->symbols.size();
    return valid ? std::string(request->symbols[ref]) : "";
  };
  for (int i = 0; valid && i < oracle.labels_refs_size(); i += 2) {
    labels.push_back({text(i), text(i + 1)});
  }
  Compare(ParseExemplarV2(message, request), valid ? LabelSet(labels) : std::nullopt,
          oracle.value(), oracle.timestamp());
}

class ExemplarGenerator : public WireGenerator {
 public:
  using WireGenerator::WireGenerator;

  std::string V1() {
    std::vector<std::string> parts = Numbers();
    for (uint64_t n = prng_.Below(4); n > 0; --n) {
      parts.push_back(Field(1, Field(1, Text()) + Field(2, Text())));
    }
    return Done(std::move(parts));
  }
  std::string V2(uint32_t symbols) {
    std::vector<std::string> parts = Numbers();
    for (uint64_t n = prng_.Below(4); n > 0; --n) {
      WireWriter refs;
      refs.Varint(Pick(symbols)).Varint(Pick(symbols + 1));
      parts.push_back(prng_.Chance(70) ? Field(1, refs.str())
                                       : WireWriter().Int(1, 1).Int(1, Pick(symbols)).str());
    }
    return Done(std::move(parts));
  }

 private:
  std::vector<std::string> Numbers() {
    return {WireWriter().Double(2, std::bit_cast<double>(prng_.Next())).str(),
            WireWriter().Int(3, static_cast<int64_t>(prng_.Next())).str()};
  }
  std::string Done(std::vector<std::string> parts) {
    parts.push_back(Unknown(4, 0));
    Shuffle(&parts);
    return Join(parts);
  }
};

TEST(Exemplars, AgreeWithLibprotobuf) {
  WireRequest request;
  request.Clear(Protocol::kV2);
  const std::vector<std::string> symbols = {"", "trace_id", "ab", "\xff", "\xc3\xa9", "span"};
  request.symbols.assign(symbols.begin(), symbols.end());
  for (const uint64_t seed : kSeeds) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ExemplarGenerator generator(seed);
    for (int i = 0; i < 300 && !HasFailure(); ++i) {
      const std::string v1 = generator.V1();
      const std::string v2 = generator.V2(static_cast<uint32_t>(symbols.size()));
      CompareV1(v1);
      CompareV2(v2, &request);
      for (int damaged = 0; damaged < 4; ++damaged) {
        CompareV1(generator.Damage(v1));
        CompareV2(generator.Damage(v2), &request);
      }
    }
  }
}

// ---- Whole requests.

std::string V1(const std::string& trace, double value, int64_t time_ms) {
  return WireWriter()
      .Bytes(3, WireWriter()
                    .Bytes(1, LabelMessage("trace_id", trace))
                    .Double(2, value)
                    .Int(3, time_ms)
                    .str())
      .str();
}

class ExemplarHandlerTest : public HandlerFixture {
 protected:
  // "x_bucket{...}: trace=value"
  std::string Kept() {
    std::string text;
    for (const auto& series : store_->FindExemplars({{}, FromUnixMs(0), kNow})) {
      text += series.labels.ToString() + ":";
      for (const auto& one : series.exemplars) {
        text += " " + std::string(one.labels.Get("trace_id")) + "=" + std::to_string(one.value);
      }
      text += "\n";
    }
    return text;
  }
};

const Pairs kBucket = {{"__name__", "x_bucket"}, {"le", "1"}};

std::string SeriesV1(const std::string& more) {
  WireWriter series;
  for (const auto& [name, value] : kBucket) series.Bytes(1, LabelMessage(name, value));
  return WireWriter().Bytes(1, series.Raw(more).str()).str();
}
const std::string kSampleNow = WireWriter().Bytes(2, SampleMessage(kNowMs, 1)).str();

std::string RefsOf(RequestV2* request, const Pairs& labels, double value, int64_t time_ms) {
  return WireWriter()
      .Bytes(4, WireWriter()
                    .Raw(RequestV2::Packed(request->Refs(labels)))
                    .Double(2, value)
                    .Int(3, time_ms)
                    .str())
      .str();
}

TEST_F(ExemplarHandlerTest, AreKeptByVersion1) {
  const WriteResponse response =
      Write(SeriesV1(kSampleNow + V1("a", 0.5, kNowMs - 1) + V1("b", 0.75, kNowMs)));
  EXPECT_EQ(response.status, 204) << response.message;
  EXPECT_EQ(response.exemplars_written, 2u);
  EXPECT_EQ(Kept(), "x_bucket{le=\"1\"}: a=0.500000 b=0.750000\n");
  EXPECT_EQ(Counters().at("nines_ingest_exemplars_total"), 2);
  EXPECT_EQ(Write(SeriesV1(V1("c", 1, kNowMs))).status, 204) << "alone";
  EXPECT_EQ(Kept(), "x_bucket{le=\"1\"}: a=0.500000 b=0.750000 c=1.000000\n");
}

// A sender of 1.0 that reads 400 counts its samples as lost, and sends again what a 5xx refused.
TEST_F(ExemplarHandlerTest, RefusedOnesAreCountedForVersion1) {
  Write(SeriesV1(V1("b", 1, kNowMs)));
  const WriteResponse response =
      Write(SeriesV1(kSampleNow + V1("b", 1, kNowMs) + V1("a", 1, kNowMs - 5) +
                     V1(std::string(200, 'x'), 1, kNowMs) + V1(std::string(999, 'x'), 1, kNowMs) +
                     V1("\xff", 1, kNowMs) + V1("c", 1, kNowMs + 3'600'000) + V1("c", 1, 0) +
                     WireWriter().Bytes(3, "broken").str()));
  EXPECT_EQ(response.status, 204) << response.message;
  EXPECT_EQ(response.exemplars_written, 1u);
  EXPECT_EQ(Kept(), "x_bucket{le=\"1\"}: b=1.000000\n");
  const auto counters = Counters();
  const auto refused = [&](const char* reason) {
    const auto at =
        counters.find("nines_ingest_exemplars_refused_total{" + std::string(reason) + "}");
    return at == counters.end() ? 0 : at->second;
  };
  EXPECT_EQ(refused("out_of_order"), 1);
  EXPECT_EQ(refused("too_long"), 2);
  EXPECT_EQ(refused("invalid"), 2);
  EXPECT_EQ(refused("too_far_ahead"), 1);
  EXPECT_EQ(refused("beyond_retention"), 1);
}

TEST_F(ExemplarHandlerTest, AreKeptByVersion2AndRefusedOnesNamed) {
  RequestV2 request;
  const std::string two = RefsOf(&request, {{"trace_id", "a"}}, 0.5, kNowMs - 1) +
                          RefsOf(&request, {{"trace_id", "b"}}, 0.75, kNowMs);
  request.Series(kBucket, {}, two);
  const WriteResponse response = WriteV2(request);
  EXPECT_EQ(response.status, 204) << response.message;
  EXPECT_EQ(response.exemplars_written, 2u);
  EXPECT_EQ(Kept(), "x_bucket{le=\"1\"}: a=0.500000 b=0.750000\n");

  RequestV2 late;
  late.Series(kBucket, {{kNowMs, 1}},
              RefsOf(&late, {{"trace_id", "z"}}, 1, kNowMs - 9) +
                  RefsOf(&late, {{"trace_id", "b"}}, 0.75, kNowMs) +
                  RefsOf(&late, {{"", "b"}}, 1, kNowMs) +
                  WireWriter().Bytes(4, RequestV2::Packed({77, 0})).str());
  late.Series({{"a", "b"}}, {{kNowMs, 1}}, RefsOf(&late, {{"trace_id", "z"}}, 1, kNowMs));
  const WriteResponse refused = WriteV2(late);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.message,
            "1 of 2 samples were stored; invalid labels: 1 (no metric name in {a=\"b\"} at "
            "2026-11-28T18:42:19.000Z); invalid exemplar: 2 (empty label name in "
            "x_bucket{le=\"1\"}, label reference 77 beyond the 9 symbols in x_bucket{le=\"1\"}); "
            "exemplars of a series that is refused: 1 ({a=\"b\"}); out of order exemplar: 1 "
            "(x_bucket{le=\"1\"} at 2026-11-28T18:42:18.991Z)");
  EXPECT_EQ(refused.exemplars_written, 1u);
  EXPECT_EQ(refused.samples_written, 1u);
  EXPECT_EQ(Kept(), "x_bucket{le=\"1\"}: a=0.500000 b=0.750000\n");
}

TEST_F(ExemplarHandlerTest, ArePassedOverWhereNoneAreKept) {
  Open({.path = {}, .exemplars_max = 0}, {});
  RequestV2 request;
  request.Series(kBucket, {{kNowMs, 1}}, RefsOf(&request, {{"trace_id", "a"}}, 0.5, kNowMs));
  const WriteResponse response = WriteV2(request);
  EXPECT_EQ(response.status, 204) << response.message;
  EXPECT_EQ(response.exemplars_written, 0u);
  EXPECT_EQ(Kept(), "");
  EXPECT_EQ(Counters().at("nines_ingest_ignored_total{exemplar}"), 1);
}

}  // namespace
}  // namespace nines::ingest
