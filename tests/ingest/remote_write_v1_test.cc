#include "ingest/remote_write_v1.h"

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "remote.pb.h"
#include "tests/ingest/histogram_oracle.h"
#include "tests/ingest/wire_generator.h"
#include "tests/ingest/wire_writer.h"

namespace nines::ingest {
namespace {

constexpr uint32_t kSamplesMax = 1'000'000;

// ---- The oracle: libprotobuf.

// What DecodeWriteRequest() is to accept: as prometheus.WriteRequest, but for the insides of
// labels.
bool OutlineIsValid(const std::string& bytes) {
  Fields request;
  if (!request.Parse(bytes)) return false;
  for (const auto& one : request.Bytes(1)) {
    Fields series;
    if (!series.Parse(one)) return false;
    for (const auto& sample : series.Bytes(2)) {
      if (!prometheus::Sample().ParseFromString(sample)) return false;
    }
    for (const auto& histogram : series.Bytes(4)) {
      if (!prometheus::Histogram().ParseFromString(histogram)) return false;
    }
  }
  return true;
}

// The label set of a series, or nullopt where it is none.
std::optional<Labels> LabelsOf(const prometheus::TimeSeries& series) {
  std::vector<Label> labels;
  std::set<std::string> names;
  for (const auto& label : series.labels()) {
    if (label.name().empty() || !names.insert(label.name()).second) return std::nullopt;
    labels.push_back({label.name(), label.value()});
  }
  Labels result(labels);
  if (!result.Has(kMetricName)) return std::nullopt;
  return result;
}

void CompareLabels(const WireSeries& series) {
  prometheus::TimeSeries oracle;
  std::optional<Labels> expected;
  if (oracle.ParseFromString(std::string(series.raw_labels))) expected = LabelsOf(oracle);
  const auto parsed = ParseRawLabels(series.raw_labels);
  ASSERT_EQ(parsed.has_value(), expected.has_value()) << Hex(series.raw_labels);
  if (expected) {
    ASSERT_EQ(*parsed, *expected) << Hex(series.raw_labels);
  } else {
    ASSERT_EQ(parsed.error().code, Code::kInvalid);
  }
}

void CompareSeries(const WireRequest& ours, const WireSeries& series,
                   const prometheus::TimeSeries& oracle) {
  ASSERT_EQ(series.label_count, static_cast<uint32_t>(oracle.labels_size()));
  ASSERT_EQ(series.sample_count, static_cast<uint32_t>(oracle.samples_size()));
  for (uint32_t i = 0; i < series.sample_count; ++i) {
    const WireSample& sample = ours.samples[series.first_sample + i];
    const auto& other = oracle.samples(static_cast<int>(i));
    ASSERT_EQ(sample.time_ms, other.timestamp());
    ASSERT_EQ(std::bit_cast<uint64_t>(sample.value), std::bit_cast<uint64_t>(other.value()));
  }
  ASSERT_EQ(series.exemplar_count, static_cast<uint32_t>(oracle.exemplars_size()));
  ASSERT_EQ(series.histogram_count, static_cast<uint32_t>(oracle.histograms_size()));
  for (uint32_t i = 0; i < series.histogram_count; ++i) {
    CompareHistogram(ours, ours.histograms[series.first_histogram + i],
                     oracle.histograms(static_cast<int>(i)));
  }
  const auto parsed = ParseRawLabels(series.raw_labels);
  const auto expected = LabelsOf(oracle);
  ASSERT_EQ(parsed.has_value(), expected.has_value());
  if (expected) {
    ASSERT_EQ(*parsed, *expected);
  }
}

// Decodes `bytes` and compares with libprotobuf.  Returns whether they are a message.
bool Agree(const std::string& bytes, WireRequest* request) {
  const google::protobuf::LogSilencer silence;  // It logs each text that is not UTF-8.
  SCOPED_TRACE("bytes " + Hex(bytes));
  const auto decoded = DecodeWriteRequest(bytes, kSamplesMax, request);
  const bool valid = OutlineIsValid(bytes);
  EXPECT_EQ(decoded.has_value(), valid) << (decoded ? "" : decoded.error().message);
  prometheus::WriteRequest oracle;
  const bool oracle_valid = oracle.ParseFromString(bytes);
  EXPECT_TRUE(valid || !oracle_valid);
  if (!decoded) {
    EXPECT_EQ(decoded.error().code, Code::kInvalid);
    return false;
  }
  for (const WireSeries& series : request->series) CompareLabels(series);
  if (!oracle_valid) return true;
  auto series = request->series.begin();
  for (const auto& other : oracle.timeseries()) {
    if (other.samples_size() == 0 && other.histograms_size() == 0 && other.exemplars_size() == 0) {
      continue;
    }
    if (series == request->series.end()) {
      ADD_FAILURE() << "a series is missing";
      return true;
    }
    CompareSeries(*request, *series, other);
    ++series;
  }
  EXPECT_EQ(series, request->series.end());
  EXPECT_TRUE(request->sample_starts.empty() && request->histogram_starts.empty());
  return true;
}

bool Agree(const std::string& bytes) {
  WireRequest request;
  return Agree(bytes, &request);
}

// ---- Random messages: all that the wire format allows, then damaged.

class Generator : public WireGenerator {
 public:
  using WireGenerator::WireGenerator;

  std::string Request() {
    std::string out;
    for (uint64_t n = prng_.Below(5); n > 0; --n) out += Field(1, Series());
    return odd_ ? out + Unknown(5, 0) : out;
  }

 private:
  std::string LabelField(const std::string& name, const std::string& value) {
    std::vector<std::string> parts;
    if (!name.empty() || odd_) parts.push_back(Field(1, name));
    if (!value.empty() || odd_) parts.push_back(Field(2, value));
    if (odd_) {
      if (prng_.Chance(10)) parts.push_back(Field(1 + Pick(2), Text()));
      parts.push_back(Unknown(3, 0));
      if (prng_.Chance(3)) parts.push_back(WireWriter().Int(1, 5).str());
      Shuffle(&parts);
    }
    return Field(1, Join(parts));
  }

  std::string Series() {
    std::vector<std::string> labels = {LabelField("__name__", "metric")};
    std::vector<std::string> rest;
    for (uint64_t n = prng_.Below(4); n > 0; --n) {
      labels.push_back(odd_ && prng_.Chance(20)
                           ? LabelField(Text(), Text())
                           : LabelField(std::string("label") + std::to_string(n), Text()));
    }
    for (uint64_t n = prng_.Below(4); n > 0; --n) rest.push_back(SampleField());
    while (prng_.Chance(40)) rest.push_back(Field(4, HistogramMessageBytes()));
    if (!odd_) return Join(labels) + Join(rest);
    if (prng_.Chance(20)) rest.push_back(Field(3, Text()));
    if (prng_.Chance(5)) rest.push_back(Field(4, Text()));
    rest.push_back(Unknown(5, 0));
    labels.insert(labels.end(), rest.begin(), rest.end());
    if (prng_.Chance(50)) Shuffle(&labels);
    return Join(labels);
  }
};

TEST(RemoteWriteV1, AgreesWithLibprotobufOnOrdinaryMessages) {
  for (const uint64_t seed : kSeeds) {
    SCOPED_TRACE(std::string("seed ") + std::to_string(seed));
    Generator generator(seed);
    generator.set_odd(false);
    for (int i = 0; i < 500; ++i) {
      ASSERT_TRUE(Agree(generator.Request()));
      if (HasFailure()) return;
    }
  }
}

TEST(RemoteWriteV1, AgreesWithLibprotobufOnOddMessages) {
  WireRequest request;  // Kept: what the last one left must not show.
  int accepted = 0;
  for (const uint64_t seed : kSeeds) {
    SCOPED_TRACE(std::string("seed ") + std::to_string(seed));
    Generator generator(seed);
    for (int i = 0; i < 500; ++i) {
      accepted += Agree(generator.Request(), &request);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(accepted, 3000);
}

// Damages messages until two seconds are over; the same messages in every run, only more or fewer.
TEST(RemoteWriteV1, AgreesWithLibprotobufOnDamagedMessages) {
  constexpr int kRoundsMax = 60'000;
  const auto start = SystemClock().Monotonic();
  Generator generator(20'261'128);
  WireRequest request;
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < kRoundsMax; ++i) {
    if (i > 500 && SystemClock().Monotonic() - start > std::chrono::seconds{2}) break;
    SCOPED_TRACE(std::string("seed 20261128, round ") + std::to_string(i));
    generator.set_odd(i % 3 != 0);
    ++(Agree(generator.Damage(generator.Request()), &request) ? accepted : refused);
    if (HasFailure()) return;
  }
  EXPECT_GT(accepted, 50);
  EXPECT_GT(refused, 50);
}

// Every prefix of a message, and every byte of it set to every value that means something.
TEST(RemoteWriteV1, AgreesWithLibprotobufAtEveryByte) {
  const std::string series = WireWriter()
                                 .Bytes(1, LabelMessage("__name__", "x"))
                                 .Bytes(2, SampleMessage(-1, 0.5))
                                 .Bytes(1, LabelMessage("a", "b"))
                                 .Bytes(4, SmallHistogram())
                                 .str();
  const std::string message = WireWriter().Bytes(1, series).Tag(9, 3).Int(1, 7).Tag(9, 4).str();
  for (size_t size = 0; size <= message.size(); ++size) Agree(message.substr(0, size));
  for (size_t at = 0; at < message.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = message;
      changed[at] = static_cast<char>(value);
      Agree(changed);
      ASSERT_FALSE(HasFailure());
    }
  }
}

// ---- The fine print, case by case.

void Accepts(const std::string& bytes) { EXPECT_TRUE(Agree(bytes)) << Hex(bytes); }
void Refuses(const std::string& bytes) { EXPECT_FALSE(Agree(bytes)) << Hex(bytes); }

std::string Groups(int depth, std::string_view inside) {
  WireWriter writer;
  for (int i = 0; i < depth; ++i) writer.Tag(9, 3);
  writer.Raw(inside);
  for (int i = 0; i < depth; ++i) writer.Tag(9, 4);
  return writer.str();
}

TEST(RemoteWriteV1, Tags) {
  Accepts("");
  Accepts(WireWriter().LongVarint(1 << 3 | 2, 5).Varint(0).str());
  Refuses(WireWriter().LongVarint(1 << 3 | 2, 6).Varint(0).str());
  // Bits above the 32nd are dropped.
  Accepts(std::string("\x8a\x80\x80\x80\x70\x00", 6));
  Accepts(WireWriter().Tag((1u << 29) - 1, 0).Varint(1).str());
  for (uint32_t type = 0; type < 8; ++type) {
    Refuses(WireWriter().Tag(0, type).Raw(std::string(8, '\0')).str());
  }
  Refuses(WireWriter().Tag(9, 6).Raw("12345678").str());
  Refuses(WireWriter().Tag(9, 7).Raw("12345678").str());
  Refuses("\x8a");
}

TEST(RemoteWriteV1, Lengths) {
  Accepts(WireWriter().Tag(1, 2).LongVarint(0, 5).str());
  Refuses(WireWriter().Tag(1, 2).LongVarint(0, 6).str());
  Refuses(WireWriter().Tag(1, 2).Varint(1).str());
  Refuses(WireWriter().Tag(1, 2).Varint(uint64_t{1} << 31).str());
  Refuses(WireWriter().Tag(1, 2).Varint((uint64_t{1} << 32) + 1).Raw("\x00").str());
  Refuses(WireWriter().Tag(9, 2).Varint(std::numeric_limits<uint64_t>::max()).str());
  Refuses(WireWriter().Tag(1, 2).str());
  // The inner length reaches beyond the outer one, though not beyond the body.
  Refuses(WireWriter().Tag(1, 2).Varint(3).Tag(2, 2).Varint(9).Raw(std::string(20, '\0')).str());
}

TEST(RemoteWriteV1, Varints) {
  Accepts(WireWriter().Tag(9, 0).LongVarint(1, 10).str());
  Refuses(WireWriter().Tag(9, 0).LongVarint(1, 11).str());
  Refuses(WireWriter().Tag(9, 0).Raw("\xff\xff").str());
  Refuses(WireWriter().Tag(9, 1).Raw("1234567").str());
  Refuses(WireWriter().Tag(9, 5).Raw("123").str());
  const std::string ones(9, '\xff');
  Accepts(
      WireWriter()
          .Bytes(1, WireWriter().Bytes(2, WireWriter().Tag(2, 0).Raw(ones + "\x7f").str()).str())
          .str());
}

TEST(RemoteWriteV1, Groups) {
  Accepts(Groups(1, ""));
  Accepts(Groups(3, WireWriter().Int(1, 5).Bytes(1, "x").str()));
  Refuses(WireWriter().Tag(9, 3).str());
  Refuses(WireWriter().Tag(9, 4).str());
  Refuses(WireWriter().Tag(9, 3).Tag(10, 4).str());
  Refuses(WireWriter().Tag(9, 3).Tag(10, 3).Tag(9, 4).Tag(10, 4).str());
  Refuses(WireWriter().Tag(9, 3).Raw(std::string(1, '\0')).Tag(9, 4).str());
}

// A hundred messages and groups within one another, the outermost not counted.
TEST(RemoteWriteV1, DepthMax) {
  auto check = [](const std::string& bytes, bool valid) {
    WireRequest request;
    prometheus::WriteRequest oracle;
    EXPECT_EQ(DecodeWriteRequest(bytes, kSamplesMax, &request).has_value(), valid);
    EXPECT_EQ(oracle.ParseFromString(bytes), valid);
  };
  auto in_series = [](const std::string& bytes) { return WireWriter().Bytes(1, bytes).str(); };
  auto in_sample = [&](const std::string& bytes) {
    return in_series(WireWriter().Bytes(2, bytes).str());
  };
  check(Groups(100, ""), true);
  check(Groups(101, ""), false);
  check(in_series(Groups(99, "")), true);
  check(in_series(Groups(100, "")), false);
  check(in_sample(Groups(98, "")), true);
  check(in_sample(Groups(99, "")), false);
  check(Groups(1'000'000, ""), false);
}

TEST(RemoteWriteV1, LastOfRepeatedScalarsCounts) {
  const std::string sample = SampleMessage(1, 1) + SampleMessage(2, 2.5);
  const std::string label = LabelMessage("a", "b") + LabelMessage("__name__", "x");
  const std::string bytes =
      WireWriter().Bytes(1, WireWriter().Bytes(1, label).Bytes(2, sample).str()).str();
  WireRequest request;
  ASSERT_TRUE(Agree(bytes, &request));
  ASSERT_EQ(request.samples.size(), 1u);
  EXPECT_EQ(request.samples[0].time_ms, 2);
  EXPECT_EQ(request.samples[0].value, 2.5);
  EXPECT_EQ(*ParseRawLabels(request.series[0].raw_labels), (Labels{{"__name__", "x"}}));
}

TEST(RemoteWriteV1, LabelsOfOneRunAreAViewIntoTheBody) {
  const std::string labels =
      WireWriter().Bytes(1, LabelMessage("__name__", "x")).Bytes(1, LabelMessage("a", "b")).str();
  const std::string sample = WireWriter().Bytes(2, SampleMessage(1, 1)).str();
  for (const auto& series : {labels + sample, sample + labels, sample + labels + sample}) {
    const std::string body = WireWriter().Bytes(1, series).str();
    WireRequest request;
    ASSERT_TRUE(DecodeWriteRequest(body, kSamplesMax, &request));
    ASSERT_EQ(request.series.size(), 1u);
    EXPECT_EQ(request.series[0].raw_labels, labels);
    EXPECT_EQ(request.series[0].label_count, 2u);
    EXPECT_GE(request.series[0].raw_labels.data(), body.data());
    EXPECT_LT(request.series[0].raw_labels.data(), body.data() + body.size());
    EXPECT_TRUE(request.scratch.empty());
  }
}

// Views into the scratch stay while it fills.
TEST(RemoteWriteV1, ScatteredLabelsAreGathered) {
  WireWriter body;
  std::vector<std::string> expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string first =
        WireWriter().Bytes(1, LabelMessage("__name__", std::to_string(i))).str();
    const std::string second =
        WireWriter()
            .Bytes(1, LabelMessage("a", std::string(static_cast<size_t>(i % 50), 'v')))
            .str();
    const std::string sample = WireWriter().Bytes(2, SampleMessage(i, i)).str();
    body.Bytes(1, first + sample + second + sample + second);
    expected.push_back(first + second + second);
  }
  WireRequest request;
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(DecodeWriteRequest(body.str(), kSamplesMax, &request));
    ASSERT_EQ(request.series.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(request.series[i].raw_labels, expected[i]) << i;
      ASSERT_EQ(request.series[i].label_count, 3u);
    }
  }
}

// ---- Deliberate differences from libprotobuf.

TEST(RemoteWriteV1, BrokenLabelsAreFoundByParseRawLabelsAlone) {
  const std::string broken = WireWriter().Bytes(1, "\x0a\x05x").Bytes(2, SampleMessage(1, 1)).str();
  const std::string good =
      WireWriter().Bytes(1, LabelMessage("__name__", "x")).Bytes(2, SampleMessage(1, 1)).str();
  const std::string body = WireWriter().Bytes(1, broken).Bytes(1, good).str();
  prometheus::WriteRequest oracle;
  EXPECT_FALSE(oracle.ParseFromString(body));
  WireRequest request;
  ASSERT_TRUE(DecodeWriteRequest(body, kSamplesMax, &request));
  ASSERT_EQ(request.series.size(), 2u);
  EXPECT_FALSE(ParseRawLabels(request.series[0].raw_labels));
  EXPECT_TRUE(ParseRawLabels(request.series[1].raw_labels));
}

TEST(RemoteWriteV1, SeriesWithNoneOfSamplesHistogramsExemplarsArePassedOver) {
  const std::string labels = WireWriter().Bytes(1, LabelMessage("__name__", "x")).str();
  const std::string body = WireWriter()
                               .Bytes(1, labels)
                               .Bytes(1, "")
                               .Bytes(1, WireWriter().Bytes(1, "\x0a\x05x").str())
                               .Bytes(1, labels + WireWriter().Bytes(3, "exemplar").str())
                               .Bytes(1, labels + WireWriter().Bytes(4, "").Bytes(4, "").str())
                               .Bytes(3, "metadata")
                               .str();
  WireRequest request;
  ASSERT_TRUE(DecodeWriteRequest(body, kSamplesMax, &request));
  ASSERT_EQ(request.series.size(), 2u);
  EXPECT_EQ(request.series[0].exemplar_count, 1u);
  EXPECT_EQ(request.series[1].sample_count, 0u);
  EXPECT_EQ(request.series[1].histogram_count, 2u);
  EXPECT_EQ(request.series[1].raw_labels, labels);
  EXPECT_EQ(request.histograms.size(), 2u);
  ASSERT_EQ(request.exemplars.size(), 1u);
  EXPECT_EQ(request.exemplars[0].message, "exemplar");
  EXPECT_EQ(request.exemplars[0].series, 0u);
  ASSERT_EQ(request.metadata.size(), 1u);
  EXPECT_EQ(request.metadata[0].message, "metadata");
}

// ---- Limits and messages.

TEST(RemoteWriteV1, SamplesMax) {
  const std::string one =
      WireWriter().Bytes(1, WireWriter().Bytes(2, SampleMessage(1, 1)).str()).str();
  const std::string histogram = WireWriter().Bytes(1, WireWriter().Bytes(4, "").str()).str();
  const std::string exemplar = WireWriter().Bytes(1, WireWriter().Bytes(3, "").str()).str();
  auto check = [](const std::string& body, uint32_t max, bool valid) {
    WireRequest request;
    const auto decoded = DecodeWriteRequest(body, max, &request);
    ASSERT_EQ(decoded.has_value(), valid) << Hex(body) << " max " << max;
    if (valid) return;
    EXPECT_EQ(decoded.error().code, Code::kExhausted);
    EXPECT_EQ(decoded.error().message,
              std::string("more than ") + std::to_string(max) + " samples");
  };
  check(one + one + one, 3, true);
  check(one + one + one, 2, false);
  check(one + histogram, 2, true);
  check(one + histogram, 1, false);
  check(histogram + one, 1, false);
  check(one + exemplar, 2, true);
  check(one + exemplar, 1, false);
  check("", 0, true);
  check(one, 0, false);
}

TEST(RemoteWriteV1, ErrorsNameTheOffset) {
  auto check = [](const std::string& body, const std::string& message) {
    WireRequest request;
    const auto decoded = DecodeWriteRequest(body, kSamplesMax, &request);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().message, message);
  };
  check("\x0b", "not a remote write 1.0 message: malformed at byte 1 of 1");
  check(WireWriter().Bytes(1, "").Tag(9, 4).str(),
        "not a remote write 1.0 message: malformed at byte 3 of 3");
  check(WireWriter().Bytes(1, WireWriter().Bytes(2, "\x09").str()).str(),
        "not a remote write 1.0 message: malformed at byte 5 of 5");
}

std::string RawLabels(const std::vector<std::pair<std::string, std::string>>& labels) {
  WireWriter writer;
  for (const auto& [name, value] : labels) writer.Bytes(1, LabelMessage(name, value));
  return writer.str();
}

TEST(RemoteWriteV1, LabelErrors) {
  auto check = [](const std::string& raw, const std::string& message) {
    const auto labels = ParseRawLabels(raw);
    ASSERT_FALSE(labels) << Hex(raw);
    EXPECT_EQ(labels.error().code, Code::kInvalid);
    EXPECT_EQ(labels.error().message, message);
  };
  check("", "no metric name");
  check(RawLabels({{"a", "b"}}), "no metric name");
  check(RawLabels({{"__name__", ""}}), "no metric name");
  check(RawLabels({{"__name__", "x"}, {"", "b"}}), "empty label name");
  check(RawLabels({{"b", "1"}, {"__name__", "x"}, {"b", "2"}}), "repeated label name \"b\"");
  check(RawLabels({{"__name__", "x"}, {"b", ""}, {"b", "2"}}), "repeated label name \"b\"");
  check(RawLabels({{"__name__", "x"}, {"b", "\xff"}}), "label name or value is not UTF-8");
  check(RawLabels({{"__name__", "x"}, {"\xc3", "b"}}), "label name or value is not UTF-8");
  check("\x0a\x05x", "malformed label");
  check(WireWriter().Bytes(2, "").str(), "malformed label");
}

TEST(RemoteWriteV1, LabelsAreSortedAndEmptyOnesDropped) {
  const auto labels =
      ParseRawLabels(RawLabels({{"b", "1"}, {"c", ""}, {"__name__", "x y"}, {"a", "2"}}));
  ASSERT_TRUE(labels);
  EXPECT_EQ(*labels, (Labels{{"__name__", "x y"}, {"a", "2"}, {"b", "1"}}));
}

TEST(RemoteWriteV1, Describe) {
  auto check = [](const std::string& raw, const std::string& text) {
    EXPECT_EQ(DescribeRawLabels(raw), text);
  };
  check("", "{}");
  check("\xff\xff", "{}");
  check(RawLabels({{"__name__", "x"}}), "x");
  check(RawLabels({{"b", "1"}, {"__name__", "x"}, {"a", "\"\n"}}), R"(x{b="1", a="\"\n"})");
  check(RawLabels({{"__name__", "x y"}, {"a b", "1"}}), R"({"x y", "a b"="1"})");
  check(RawLabels({{"a", "1"}}) + "\xff", R"({a="1"})");
  check(RawLabels({{"a", std::string(64, 'v')}}), "{a=\"" + std::string(64, 'v') + "\"}");
  check(RawLabels({{"a", std::string(65, 'v')}}), "{a=\"" + std::string(64, 'v') + "...\"}");
  check(RawLabels({{"a", std::string(63, 'v') + "\xc3\xa9"}}),
        "{a=\"" + std::string(63, 'v') + "...\"}");
  const std::string v(64, 'v');
  check(RawLabels({{"a", v}, {"b", v}, {"c", v}, {"d", v}, {"e", v}}),
        "{a=\"" + v + "\", b=\"" + v + "\", c=\"" + v + "\", d=\"" + v + "\", ...}");
}

}  // namespace
}  // namespace nines::ingest
