#include "ingest/remote_write_v2.h"

#include <algorithm>
#include <optional>

#include "ingest/exemplar_reader.h"
#include "ingest/label_refs.h"
#include "ingest/metadata.h"
#include "ingest/wire_decoder.h"
#include "ingest/wire_reader.h"

namespace nines::ingest {
namespace {

constexpr uint32_t kRequestSymbol = MakeTag(4, WireType::kBytes);
constexpr uint32_t kRequestSeries = MakeTag(5, WireType::kBytes);
constexpr uint32_t kSeriesLabelRef = MakeTag(1, WireType::kVarint);
constexpr uint32_t kSeriesLabelRefs = MakeTag(1, WireType::kBytes);
constexpr uint32_t kSeriesSample = MakeTag(2, WireType::kBytes);
constexpr uint32_t kSeriesHistogram = MakeTag(3, WireType::kBytes);
constexpr uint32_t kSeriesExemplar = MakeTag(4, WireType::kBytes);
constexpr uint32_t kSeriesMetadata = MakeTag(5, WireType::kBytes);
constexpr uint32_t kMetadataType = MakeTag(1, WireType::kVarint);
constexpr uint32_t kMetadataHelp = MakeTag(3, WireType::kVarint);
constexpr uint32_t kMetadataUnit = MakeTag(4, WireType::kVarint);
constexpr uint32_t kSeriesStart = MakeTag(6, WireType::kVarint);

class Decoder : private WireDecoder {
 public:
  Decoder(std::string_view body, const WireLimits& limits, WireRequest* request)
      : WireDecoder(Protocol::kV2, body, limits.samples_max, request),
        symbols_max_(limits.symbols_max) {}

  Result<void> Run() {
    WireReader reader(body_);
    if (!ReadRequest(&reader)) {
      if (request_->exceeded == WireLimit::kSymbols) {
        return Error{Code::kExhausted, "more than " + std::to_string(symbols_max_) + " symbols"};
      }
      return Failure("remote write 2.0");
    }
    const auto& symbols = request_->symbols;
    const bool begins_empty = !symbols.empty() && symbols.front().empty();
    if (!begins_empty && (!symbols.empty() || !request_->series.empty())) {
      return Error{Code::kInvalid,
                   "not a remote write 2.0 message: its symbols do not begin with the empty one"};
    }
    return {};
  }

 private:
  // One series while it is read.
  struct Open {
    LabelRun labels;
    uint32_t refs = 0;
    int64_t start_ms = 0;  // rc.3's.
    uint32_t exemplars = 0;
    std::optional<std::string_view> metadata = {};
  };

  bool ReadRequest(WireReader* reader) {
    while (!reader->done()) {
      uint32_t tag = 0;
      std::string_view bytes;
      if (!reader->ReadTag(&tag)) return Fail(*reader);
      if (tag == kRequestSeries) {
        if (!reader->ReadBytes(&bytes)) return Fail(*reader);
        if (!ReadSeries(bytes)) return false;
      } else if (tag == kRequestSymbol) {
        if (!reader->ReadBytes(&bytes)) return Fail(*reader);
        if (request_->symbols.size() >= symbols_max_) return Exceed(WireLimit::kSymbols);
        request_->symbols.push_back(bytes);
      } else if (!reader->Skip(tag, 0)) {
        return Fail(*reader);
      }
    }
    return true;
  }

  bool ReadSeries(std::string_view message) {
    const auto first_sample = static_cast<uint32_t>(request_->samples.size());
    const auto first_histogram = static_cast<uint32_t>(request_->histograms.size());
    const size_t first_sample_start = request_->sample_starts.size();
    const size_t first_histogram_start = request_->histogram_starts.size();
    Open open{.labels = LabelRun(body_, &request_->scratch)};
    WireReader reader(message);
    while (!reader.done()) {
      if (!ReadSeriesField(&reader, &open)) return false;
    }
    const auto samples = static_cast<uint32_t>(request_->samples.size()) - first_sample;
    const auto histograms = static_cast<uint32_t>(request_->histograms.size()) - first_histogram;
    if (samples == 0 && histograms == 0 && open.exemplars == 0 && !CountOne()) return false;
    if (open.start_ms != 0) {
      FillStarts(open.start_ms, first_sample, samples, first_sample_start,
                 &request_->sample_starts);
      FillStarts(open.start_ms, first_histogram, histograms, first_histogram_start,
                 &request_->histogram_starts);
    }
    if (open.metadata) {
      request_->metadata.push_back(
          {.message = *open.metadata, .series = static_cast<uint32_t>(request_->series.size())});
    }
    request_->series.push_back({.raw_labels = open.labels.Take(),
                                .label_count = open.refs / 2 + open.refs % 2,
                                .first_sample = first_sample,
                                .sample_count = samples,
                                .first_histogram = first_histogram,
                                .histogram_count = histograms,
                                .exemplar_count = open.exemplars});
    return true;
  }

  bool ReadSeriesField(WireReader* reader, Open* open) {
    uint32_t tag = 0;
    std::string_view bytes;
    if (!reader->ReadTag(&tag)) return Fail(*reader);
    if (tag == kSeriesSample) {
      if (!reader->ReadBytes(&bytes)) return Fail(*reader);
      return CountOne() && ReadSample(bytes);
    }
    if (tag == kSeriesHistogram) {
      if (!reader->ReadBytes(&bytes)) return Fail(*reader);
      return CountOne() && ReadHistogram(bytes);
    }
    if (tag == kSeriesStart) {
      uint64_t start = 0;
      if (!reader->ReadVarint(&start)) return Fail(*reader);
      open->start_ms = static_cast<int64_t>(start);
      return true;
    }
    if (tag == kSeriesLabelRefs) {
      if (!reader->ReadBytes(&bytes)) return Fail(*reader);
      if (!CountVarints(bytes, &open->refs)) return Fail(*reader);
      open->labels.Add(bytes.data(), bytes.data() + bytes.size());
      return true;
    }
    if (tag == kSeriesExemplar) {
      if (!reader->ReadBytes(&bytes)) return Fail(*reader);
      if (!CountOne()) return false;
      AddExemplar(bytes);
      ++open->exemplars;
      return true;
    }
    if (tag == kSeriesMetadata) {
      if (!reader->ReadBytes(&bytes)) return Fail(*reader);
      open->metadata = bytes;
      return true;
    }
    const char* value = reader->at();
    if (!reader->Skip(tag, 1)) return Fail(*reader);
    if (tag == kSeriesLabelRef) {
      ++open->refs;
      open->labels.Add(value, reader->at());
    }
    return true;
  }

  // Gives the series' start to those of its `count` samples from `first` on that have none of their
  // own, which stand in `starts` from `from` on.
  static void FillStarts(int64_t start_ms, uint32_t first, uint32_t count, size_t from,
                         std::vector<WireStart>* starts) {
    const size_t own_end = starts->size();
    size_t own = from;
    for (uint32_t i = first; i < first + count; ++i) {
      if (own < own_end && (*starts)[own].index == i) {
        ++own;
      } else {
        starts->push_back({i, start_ms});
      }
    }
    std::sort(starts->begin() + static_cast<ptrdiff_t>(from), starts->end(),
              [](const WireStart& a, const WireStart& b) { return a.index < b.index; });
  }

  // Adds how many there are.  False: one is longer than ten bytes, or ends early.
  static bool CountVarints(std::string_view bytes, uint32_t* count) {
    int size = 0;
    for (const char byte : bytes) {
      if (++size > 10) return false;
      if ((byte & 0x80) != 0) continue;
      ++*count;
      size = 0;
    }
    return size == 0;
  }

  const uint32_t symbols_max_;
};

// Goes through label references, two by two.
class LabelRefCursor {
 public:
  LabelRefCursor(const WireRequest& request, std::string_view raw_labels)
      : refs_(raw_labels), symbols_(&request.symbols) {}

  bool Next(LabelView* label) {
    if (refs_.done() || !problem_.empty()) return false;
    if (!Read(&name_, &label->name)) return false;
    if (refs_.done()) {
      problem_ = "odd number of label references";
      return false;
    }
    return Read(&value_, &label->value);
  }

  uint32_t name() const { return name_; }
  uint32_t value() const { return value_; }
  const std::string& Problem() const { return problem_; }

 private:
  bool Read(uint32_t* ref, std::string_view* text) {
    *ref = refs_.Next();
    if (*ref < symbols_->size()) {
      *text = (*symbols_)[*ref];
      return true;
    }
    problem_ = "label reference " + std::to_string(*ref) + " beyond the " +
               std::to_string(symbols_->size()) + " symbols";
    return false;
  }

  LabelRefs refs_;
  const std::vector<std::string_view>* symbols_;
  uint32_t name_ = 0;
  uint32_t value_ = 0;
  std::string problem_;
};

// That cursor where it is asked what is UTF-8.  A symbol is looked at once a request, however many
// labels refer to it.
class CheckedCursor : public LabelRefCursor {
 public:
  CheckedCursor(WireRequest* request, std::string_view raw_labels)
      : LabelRefCursor(*request, raw_labels), request_(request) {
    request->symbols_utf8.resize(request->symbols.size(), WireRequest::Utf8::kUnknown);
  }

  bool IsUtf8() { return Check(name()) && Check(value()); }

 private:
  bool Check(uint32_t symbol) {
    WireRequest::Utf8& known = request_->symbols_utf8[symbol];
    if (known == WireRequest::Utf8::kUnknown) {
      const bool utf8 = nines::IsUtf8(request_->symbols[symbol]);
      known = utf8 ? WireRequest::Utf8::kYes : WireRequest::Utf8::kNo;
    }
    return known == WireRequest::Utf8::kYes;
  }

  WireRequest* request_;
};

}  // namespace

Result<void> DecodeRequestV2(std::string_view body, const WireLimits& limits,
                             WireRequest* request) {
  return Decoder(body, limits, request).Run();
}

LabelSizes MeasureLabelRefs(const WireRequest& request, const WireSeries& series) {
  return MeasureLabels(LabelRefCursor(request, series.raw_labels));
}

Result<tsdb::Exemplar> ParseExemplarV2(std::string_view message, WireRequest* request) {
  auto fields = ReadExemplarFields(Protocol::kV2, message);
  if (!fields) return fields.error();
  auto labels = ParseExemplarLabels(CheckedCursor(request, fields->labels), kExemplarLabelBytesMax);
  if (!labels) return labels.error();
  return tsdb::Exemplar{
      .labels = *std::move(labels), .value = fields->value, .time_ms = fields->time_ms};
}

Result<tsdb::MetadataOf> ParseMetadataV2(std::string_view message, const WireRequest& request) {
  uint64_t type = 0;
  uint64_t help = 0;
  uint64_t unit = 0;
  WireReader reader(message);
  while (!reader.done()) {
    uint32_t tag = 0;
    bool ok = reader.ReadTag(&tag);
    if (ok && (tag == kMetadataType || tag == kMetadataHelp || tag == kMetadataUnit)) {
      ok = reader.ReadVarint(tag == kMetadataType ? &type : tag == kMetadataHelp ? &help : &unit);
    } else {
      ok = ok && reader.Skip(tag, 2);
    }
    if (!ok) return Error{Code::kInvalid, "malformed metadata"};
  }
  // Bits beyond the type are dropped, as by libprotobuf.
  const auto help_ref = static_cast<uint32_t>(help);
  const auto unit_ref = static_cast<uint32_t>(unit);
  const size_t symbols = request.symbols.size();
  if (help_ref >= symbols || unit_ref >= symbols) {
    return Error{Code::kInvalid, "reference beyond the " + std::to_string(symbols) + " symbols"};
  }
  tsdb::MetadataOf metadata{};
  metadata.help = request.symbols[help_ref];
  metadata.unit = request.symbols[unit_ref];
  return CheckedMetadata(metadata, type);
}

std::string_view MetricNameV2(const WireRequest& request, const WireSeries& series) {
  LabelRefCursor cursor(request, series.raw_labels);
  for (LabelView label; cursor.Next(&label);) {
    if (label.name == kMetricName) return label.value;
  }
  return "";
}

Result<Labels> ParseLabelRefs(const WireSeries& series, WireRequest* request) {
  return ParseLabels(CheckedCursor(request, series.raw_labels));
}

TwoValues FindTwoRefs(const WireRequest& request, const WireSeries& series, std::string_view first,
                      std::string_view second) {
  return FindTwo(LabelRefCursor(request, series.raw_labels), first, second);
}

std::string DescribeLabelRefs(const WireRequest& request, const WireSeries& series) {
  return DescribeLabels(LabelRefCursor(request, series.raw_labels));
}

}  // namespace nines::ingest
