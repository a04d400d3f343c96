#include "ingest/remote_write_v2.h"

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "remote_v2.pb.h"
#include "tests/ingest/histogram_oracle.h"
#include "tests/ingest/request_v2.h"
#include "tests/ingest/wire_generator.h"
#include "tests/ingest/wire_writer.h"

namespace nines::ingest {
namespace {

namespace v2 = io::prometheus::write::v2;

constexpr WireLimits kLimits = {.samples_max = 1'000'000, .symbols_max = 1'000'000};

// ---- The oracle: libprotobuf.

// What DecodeRequestV2() is to accept: as v2::Request, but for symbols that are not UTF-8; the
// first of them is empty.
bool OutlineIsValid(const Fields& request) {
  const auto symbols = request.Bytes(4);
  const auto series = request.Bytes(5);
  for (const auto& one : series) {
    if (!v2::TimeSeries().ParseFromString(one)) return false;
  }
  return symbols.empty() ? series.empty() : symbols.front().empty();
}

// The label set of a series, or nullopt where it is none.
std::optional<Labels> LabelsOf(const v2::TimeSeries& series,
                               const std::vector<std::string>& symbols) {
  std::vector<Label> labels;
  std::set<std::string> names;
  if (series.labels_refs_size() % 2 != 0) return std::nullopt;
  for (const uint32_t ref : series.labels_refs()) {
    if (ref >= symbols.size() || !IsUtf8(symbols[ref])) return std::nullopt;
  }
  for (int i = 0; i < series.labels_refs_size(); i += 2) {
    const std::string& name = symbols[series.labels_refs(i)];
    if (name.empty() || !names.insert(name).second) return std::nullopt;
    labels.push_back({name, symbols[series.labels_refs(i + 1)]});
  }
  Labels result(labels);
  if (!result.Has(kMetricName)) return std::nullopt;
  return result;
}

void CompareSeries(WireRequest* ours, const WireSeries& series, const v2::TimeSeries& oracle,
                   const std::vector<std::string>& symbols) {
  ASSERT_EQ(series.label_count, static_cast<uint32_t>(oracle.labels_refs_size() + 1) / 2);
  ASSERT_EQ(series.sample_count, static_cast<uint32_t>(oracle.samples_size()));
  ASSERT_EQ(series.histogram_count, static_cast<uint32_t>(oracle.histograms_size()));
  for (uint32_t i = 0; i < series.sample_count; ++i) {
    const WireSample& sample = ours->samples[series.first_sample + i];
    const auto& other = oracle.samples(static_cast<int>(i));
    ASSERT_EQ(sample.time_ms, other.timestamp());
    ASSERT_EQ(std::bit_cast<uint64_t>(sample.value), std::bit_cast<uint64_t>(other.value()));
  }
  for (uint32_t i = 0; i < series.histogram_count; ++i) {
    CompareHistogram(*ours, ours->histograms[series.first_histogram + i],
                     oracle.histograms(static_cast<int>(i)));
  }
  const auto parsed = ParseLabelRefs(series, ours);
  const auto expected = LabelsOf(oracle, symbols);
  ASSERT_EQ(parsed.has_value(), expected.has_value());
  if (expected) {
    ASSERT_EQ(*parsed, *expected);
  } else {
    ASSERT_EQ(parsed.error().code, Code::kInvalid);
  }
}

// Of each sample or histogram; 0 where there is none.
std::vector<int64_t> StartsOf(const std::vector<WireStart>& starts, size_t n) {
  std::vector<int64_t> all(n);
  for (const WireStart& one : starts) {
    EXPECT_EQ(all.at(one.index), 0) << "twice";
    all[one.index] = one.start_ms;
  }
  EXPECT_TRUE(std::ranges::is_sorted(starts, {}, &WireStart::index));
  return all;
}

// Decodes `bytes` and compares with libprotobuf.  Returns whether they are a message.
bool Agree(const std::string& bytes, WireRequest* request) {
  const google::protobuf::LogSilencer silence;  // It logs each text that is not UTF-8.
  SCOPED_TRACE("bytes " + Hex(bytes));
  const auto decoded = DecodeRequestV2(bytes, kLimits, request);
  Fields fields;
  const bool valid = fields.Parse(bytes) && OutlineIsValid(fields);
  EXPECT_EQ(decoded.has_value(), valid) << (decoded ? "" : decoded.error().message);
  if (!decoded) {
    EXPECT_EQ(decoded.error().code, Code::kInvalid);
    return false;
  }
  const auto symbols = fields.Bytes(4);
  const auto series = fields.Bytes(5);
  EXPECT_EQ(std::vector<std::string>(request->symbols.begin(), request->symbols.end()), symbols);
  EXPECT_EQ(request->series.size(), series.size());
  uint64_t exemplars = 0;
  uint64_t histograms = 0;
  std::vector<int64_t> sample_starts;
  std::vector<int64_t> histogram_starts;
  for (size_t i = 0; i < series.size() && !testing::Test::HasFailure(); ++i) {
    v2::TimeSeries oracle;
    EXPECT_TRUE(oracle.ParseFromString(series[i]));
    CompareSeries(request, request->series[i], oracle, symbols);
    exemplars += static_cast<uint64_t>(oracle.exemplars_size());
    histograms += static_cast<uint64_t>(oracle.histograms_size());
    const auto own = [&](int64_t start) { return start != 0 ? start : oracle.created_timestamp(); };
    for (const auto& one : oracle.samples()) sample_starts.push_back(own(one.start_timestamp()));
    for (const auto& one : oracle.histograms()) {
      histogram_starts.push_back(own(one.start_timestamp()));
    }
  }
  EXPECT_EQ(request->exemplars.size(), exemplars);
  EXPECT_EQ(request->histograms.size(), histograms);
  EXPECT_EQ(StartsOf(request->sample_starts, request->samples.size()), sample_starts);
  EXPECT_EQ(StartsOf(request->histogram_starts, request->histograms.size()), histogram_starts);
  v2::Request whole;
  if (whole.ParseFromString(bytes)) {
    EXPECT_EQ(whole.timeseries_size(), static_cast<int>(series.size()));
    EXPECT_EQ(whole.symbols_size(), static_cast<int>(symbols.size()));
  }
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
    symbols_ = 0;
    std::vector<std::string> parts = {Symbol("")};
    parts.push_back(Symbol("__name__"));
    parts.push_back(Symbol("metric"));
    for (uint64_t n = prng_.Below(6); n > 0; --n) {
      parts.push_back(Symbol(odd_ ? Text() : "text" + std::to_string(n)));
    }
    const size_t symbols = parts.size();
    for (uint64_t n = prng_.Below(5); n > 0; --n) parts.push_back(Field(5, Series()));
    if (odd_) parts.push_back(Unknown(6, 0));
    if (odd_ && prng_.Chance(30)) {  // The first symbol stays first.
      std::vector<std::string> series(parts.begin() + static_cast<long>(symbols), parts.end());
      parts.resize(symbols);
      parts.insert(parts.begin() + static_cast<long>(Pick(3)), series.begin(), series.end());
    }
    return Join(parts);
  }

 private:
  std::string Symbol(const std::string& text) {
    ++symbols_;
    return Field(4, text);
  }

  uint32_t Ref() { return Pick(symbols_ + (odd_ && prng_.Chance(5) ? 3 : 0)); }

  std::string Series() {
    std::vector<uint32_t> refs = {1, 2};
    for (uint64_t n = prng_.Below(4); n > 0; --n) {
      refs.push_back(odd_ ? Ref() : 3 + Pick(symbols_ > 3 ? symbols_ - 3 : 1));
      refs.push_back(Ref());
    }
    if (odd_ && prng_.Chance(10)) refs.push_back(Ref());
    std::vector<std::string> parts = LabelFields(refs);
    for (uint64_t n = prng_.Below(4); n > 0; --n) parts.push_back(SampleField());
    while (prng_.Chance(40)) parts.push_back(Field(3, HistogramMessageBytes()));
    if (prng_.Chance(30)) parts.push_back(Field(4 + Pick(2), Text()));
    if (odd_ && prng_.Chance(5)) parts.push_back(Field(3, Text()));
    if (prng_.Chance(30)) parts.push_back(WireWriter().Int(6, 17).str());
    if (odd_) parts.push_back(Unknown(7, 0));
    if (odd_ && prng_.Chance(50)) Shuffle(&parts);
    return Join(parts);
  }

  // Packed in one run; oddly, in several ones, one by one, in varints longer than needed.
  std::vector<std::string> LabelFields(const std::vector<uint32_t>& refs) {
    if (!odd_) return {RequestV2::Packed(refs)};
    std::vector<std::string> fields;
    WireWriter run;
    for (const uint32_t ref : refs) {
      const int size = prng_.Chance(10) ? 2 + static_cast<int>(Pick(9)) : 1;
      if (prng_.Chance(10)) {
        fields.push_back(WireWriter().Tag(1, 0).LongVarint(ref, size).str());
        continue;
      }
      run.LongVarint(ref, size);
      if (prng_.Chance(20)) {
        fields.push_back(Field(1, run.str()));
        run = WireWriter();
      }
    }
    fields.push_back(Field(1, run.str()));
    return fields;
  }

  uint32_t symbols_ = 0;
};

TEST(RemoteWriteV2, AgreesWithLibprotobufOnOrdinaryMessages) {
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

TEST(RemoteWriteV2, AgreesWithLibprotobufOnOddMessages) {
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
TEST(RemoteWriteV2, AgreesWithLibprotobufOnDamagedMessages) {
  constexpr int kRoundsMax = 60'000;
  const auto start = SystemClock().Monotonic();
  Generator generator(20'261'129);
  WireRequest request;
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < kRoundsMax; ++i) {
    if (i > 500 && SystemClock().Monotonic() - start > std::chrono::seconds{2}) break;
    SCOPED_TRACE(std::string("seed 20261129, round ") + std::to_string(i));
    generator.set_odd(i % 3 != 0);
    ++(Agree(generator.Damage(generator.Request()), &request) ? accepted : refused);
    if (HasFailure()) return;
  }
  EXPECT_GT(accepted, 50);
  EXPECT_GT(refused, 50);
}

// Every prefix of a message, and every byte of it set to every value.
TEST(RemoteWriteV2, AgreesWithLibprotobufAtEveryByte) {
  const std::string more = WireWriter()
                               .Tag(1, 0)
                               .Varint(1)
                               .Tag(1, 0)
                               .Varint(2)
                               .Int(6, 1)
                               .Bytes(3, SmallHistogram())
                               .str();
  const std::string message =
      RequestV2().Series({{"__name__", "x"}}, {{-1, 0.5}}, more).SymbolsFirst();
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

std::string WithRefs(std::string_view label_fields) {
  return RequestV2({"", "__name__", "x"})
      .Raw(WireWriter().Raw(label_fields).Bytes(2, SampleMessage(1, 1)).str())
      .SymbolsFirst();
}

TEST(RemoteWriteV2, ReferencesInEveryForm) {
  const Labels expected = {{"__name__", "x"}};
  const auto check = [&](const std::string& fields) {
    const std::string body = WithRefs(fields);
    WireRequest request;
    ASSERT_TRUE(Agree(body, &request)) << Hex(fields);
    ASSERT_EQ(request.series.size(), 1u);
    const auto labels = ParseLabelRefs(request.series[0], &request);
    ASSERT_TRUE(labels) << Hex(fields) << ": " << labels.error().message;
    EXPECT_EQ(*labels, expected) << Hex(fields);
  };
  check(RequestV2::Packed({1, 2}));
  check(RequestV2::Packed({1}) + RequestV2::Packed({2}));
  check(WireWriter().Int(1, 1).Int(1, 2).str());
  check(WireWriter().Int(1, 1).Raw(RequestV2::Packed({2})).str());
  check(RequestV2::Packed({}) + RequestV2::Packed({1, 2}) + RequestV2::Packed({}));
  check(WireWriter().Int(1, 1).Int(6, 5).Double(9, 1).Int(1, 2).str());
  // Bits beyond the 32nd are dropped, in at most ten bytes.
  check(WireWriter()
            .Bytes(1, WireWriter().Varint((uint64_t{1} << 32) + 1).LongVarint(2, 10).str())
            .str());
}

TEST(RemoteWriteV2, ReferencesThatAreNoVarints) {
  const auto check = [](std::string_view packed) {
    EXPECT_FALSE(Agree(WithRefs(WireWriter().Bytes(1, packed).str()))) << Hex(packed);
  };
  check("\x01\x82");
  check("\x80");
  check(WireWriter().Varint(1).LongVarint(2, 11).str());
  // Not whole, though with the next field it would be.
  EXPECT_FALSE(
      Agree(WithRefs(WireWriter().Bytes(1, "\x01\x82").Bytes(1, std::string(1, '\0')).str())));
}

TEST(RemoteWriteV2, ReferencesOfOneRunAreAViewIntoTheBody) {
  const std::string body =
      RequestV2().Series({{"__name__", "x"}, {"a", "b"}}, {{1, 1}}).SymbolsFirst();
  WireRequest request;
  ASSERT_TRUE(DecodeRequestV2(body, kLimits, &request));
  ASSERT_EQ(request.series.size(), 1u);
  EXPECT_EQ(request.series[0].label_count, 2u);
  EXPECT_EQ(request.series[0].raw_labels, "\x01\x02\x03\x04");
  EXPECT_GE(request.series[0].raw_labels.data(), body.data());
  EXPECT_LT(request.series[0].raw_labels.data(), body.data() + body.size());
  EXPECT_TRUE(request.scratch.empty());
}

TEST(RemoteWriteV2, SymbolsMayComeLast) {
  const std::string body = RequestV2().Series({{"__name__", "x"}}, {{1, 1}}).SymbolsLast();
  WireRequest request;
  ASSERT_TRUE(Agree(body, &request));
  EXPECT_EQ(*ParseLabelRefs(request.series[0], &request), (Labels{{"__name__", "x"}}));
}

// The last of a sample's own; the series' where it has none.
TEST(RemoteWriteV2, StartTimestamps) {
  const std::string sample = WireWriter().Int(3, -7).Double(1, 2.5).Int(2, 9).Int(3, 8).str();
  RequestV2 message;
  message.Raw(WireWriter()
                  .Raw(RequestV2::Packed(message.Refs({{"__name__", "x"}})))
                  .Bytes(2, SampleMessage(1, 1))
                  .Bytes(3, WireWriter().Int(15, 7).Int(17, 3).str())
                  .Bytes(2, sample)
                  .Bytes(3, WireWriter().Int(15, 8).str())
                  .Int(6, 5)
                  .str());
  const std::string body = message.SymbolsFirst();
  WireRequest request;
  ASSERT_TRUE(Agree(body, &request));
  ASSERT_EQ(request.samples.size(), 2u);
  EXPECT_EQ(request.samples[1].time_ms, 9);
  EXPECT_EQ(request.samples[1].value, 2.5);
  EXPECT_EQ(StartsOf(request.sample_starts, 2), (std::vector<int64_t>{5, 8}));
  EXPECT_EQ(StartsOf(request.histogram_starts, 2), (std::vector<int64_t>{3, 5}));
}

TEST(RemoteWriteV2, WhatIsPassedOverIsCounted) {
  const std::string more = WireWriter().Bytes(3, "").Bytes(3, "").Bytes(4, "e").Bytes(5, "m").str();
  const std::string body = RequestV2()
                               .Series({{"__name__", "x"}}, {{1, 1}}, more)
                               .Series({{"__name__", "y"}}, {})
                               .SymbolsFirst();
  WireRequest request;
  ASSERT_TRUE(Agree(body, &request));
  ASSERT_EQ(request.series.size(), 2u);
  EXPECT_EQ(request.series[0].histogram_count, 2u);
  EXPECT_EQ(request.series[1].sample_count, 0u);
  EXPECT_EQ(request.histograms.size(), 2u);
  ASSERT_EQ(request.exemplars.size(), 1u);
  EXPECT_EQ(request.exemplars[0].series, 0u);
  ASSERT_EQ(request.metadata.size(), 1u);
  EXPECT_EQ(request.metadata[0].series, 0u);
}

// libprotobuf refuses the whole message.
TEST(RemoteWriteV2, ABrokenSymbolIsFoundByParseLabelRefsAlone) {
  const google::protobuf::LogSilencer silence;
  const std::string body = RequestV2()
                               .Series({{"__name__", "x"}, {"a", "\xff"}}, {{1, 1}})
                               .Series({{"__name__", "x"}}, {{1, 1}})
                               .SymbolsFirst();
  EXPECT_FALSE(v2::Request().ParseFromString(body));
  WireRequest request;
  ASSERT_TRUE(DecodeRequestV2(body, kLimits, &request));
  EXPECT_FALSE(ParseLabelRefs(request.series[0], &request));
  EXPECT_TRUE(ParseLabelRefs(request.series[1], &request));
}

// ---- Limits and messages.

void CheckRefused(const std::string& body, const WireLimits& limits, Code code,
                  const std::string& message) {
  WireRequest request;
  const auto decoded = DecodeRequestV2(body, limits, &request);
  ASSERT_FALSE(decoded) << Hex(body);
  EXPECT_EQ(decoded.error().code, code);
  EXPECT_EQ(decoded.error().message, message);
}

TEST(RemoteWriteV2, SamplesMax) {
  WireRequest request;
  const std::string body = RequestV2()
                               .Series({{"__name__", "x"}}, {{1, 1}})
                               .Series({{"__name__", "x"}}, {}, WireWriter().Bytes(3, "").str())
                               .Series({{"__name__", "x"}}, {})
                               .SymbolsFirst();
  EXPECT_TRUE(DecodeRequestV2(body, {.samples_max = 3, .symbols_max = 3}, &request));
  EXPECT_EQ(request.exceeded, WireLimit::kNone);
  for (const uint32_t max : {0u, 1u, 2u}) {
    CheckRefused(body, {.samples_max = max, .symbols_max = 3}, Code::kExhausted,
                 "more than " + std::to_string(max) + " samples");
  }
  EXPECT_TRUE(DecodeRequestV2("", {.samples_max = 0, .symbols_max = 0}, &request));
}

TEST(RemoteWriteV2, SymbolsMax) {
  const std::string body = RequestV2({"", "a", "b"}).SymbolsFirst();
  WireRequest request;
  EXPECT_TRUE(DecodeRequestV2(body, {.samples_max = 0, .symbols_max = 3}, &request));
  CheckRefused(body, {.samples_max = 0, .symbols_max = 2}, Code::kExhausted, "more than 2 symbols");
}

TEST(RemoteWriteV2, TheFirstSymbolIsEmpty) {
  const std::string message =
      "not a remote write 2.0 message: its symbols do not begin with the empty one";
  CheckRefused(RequestV2({"a"}).SymbolsFirst(), kLimits, Code::kInvalid, message);
  CheckRefused(RequestV2(std::vector<std::string>{}).Raw("").SymbolsFirst(), kLimits,
               Code::kInvalid, message);
  EXPECT_TRUE(Agree(""));
  EXPECT_TRUE(Agree(RequestV2().SymbolsFirst()));
}

TEST(RemoteWriteV2, ErrorsNameTheOffset) {
  const auto check = [](const std::string& body, const std::string& at) {
    CheckRefused(body, kLimits, Code::kInvalid,
                 "not a remote write 2.0 message: malformed at " + at);
  };
  check("\x0b", "byte 1 of 1");
  check(WireWriter().Bytes(4, "").Tag(9, 4).str(), "byte 3 of 3");
  check(WireWriter().Bytes(5, WireWriter().Bytes(2, "\x09").str()).str(), "byte 5 of 5");
}

// `labels` of one series, with symbols "", "__name__", "x", "b", and "\xff".
Result<Labels> Parse(const std::vector<uint32_t>& refs, std::string* text = nullptr) {
  const std::string body =
      RequestV2({"", "__name__", "x", "b", "\xff"}).Raw(RequestV2::Packed(refs)).SymbolsFirst();
  WireRequest request;
  EXPECT_TRUE(DecodeRequestV2(body, kLimits, &request));
  if (text != nullptr) *text = DescribeLabelRefs(request, request.series[0]);
  return ParseLabelRefs(request.series[0], &request);
}

TEST(RemoteWriteV2, LabelErrors) {
  const auto check = [](const std::vector<uint32_t>& refs, const std::string& message,
                        const std::string& described) {
    std::string text;
    const auto labels = Parse(refs, &text);
    ASSERT_FALSE(labels) << message;
    EXPECT_EQ(labels.error().code, Code::kInvalid);
    EXPECT_EQ(labels.error().message, message);
    EXPECT_EQ(text, described);
  };
  check({}, "no metric name", "{}");
  check({3, 2}, "no metric name", R"({b="x"})");
  check({1, 0}, "no metric name", "{}");
  check({1, 2, 0, 3}, "empty label name", R"(x{""="b"})");
  check({3, 2, 1, 2, 3, 3}, "repeated label name \"b\"", R"(x{b="x", b="b"})");
  check({1, 2, 3, 0, 3, 2}, "repeated label name \"b\"", R"(x{b="", b="x"})");
  check({1, 2, 3, 4}, "label name or value is not UTF-8", R"(x{b="\xff"})");
  check({1, 2, 4, 3}, "label name or value is not UTF-8", R"(x{"\xff"="b"})");
  check({1, 2, 3}, "odd number of label references", "x");
  check({1, 2, 3, 5}, "label reference 5 beyond the 5 symbols", "x");
  check({1, 2, 0xffffffffu, 3}, "label reference 4294967295 beyond the 5 symbols", "x");
}

TEST(RemoteWriteV2, LabelsAreSortedAndEmptyOnesDropped) {
  std::string text;
  const auto labels = Parse({3, 3, 2, 0, 1, 2}, &text);
  ASSERT_TRUE(labels) << labels.error().message;
  EXPECT_EQ(*labels, (Labels{{"__name__", "x"}, {"b", "b"}}));
  EXPECT_EQ(text, R"(x{b="b", x=""})");
}

}  // namespace
}  // namespace nines::ingest
