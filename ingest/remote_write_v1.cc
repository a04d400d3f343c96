#include "ingest/remote_write_v1.h"

#include "ingest/exemplar_reader.h"
#include "ingest/metadata.h"
#include "ingest/wire_decoder.h"
#include "ingest/wire_reader.h"

namespace nines::ingest {
namespace {

constexpr uint32_t kRequestSeries = MakeTag(1, WireType::kBytes);
constexpr uint32_t kRequestMetadata = MakeTag(3, WireType::kBytes);
constexpr uint32_t kSeriesLabel = MakeTag(1, WireType::kBytes);
constexpr uint32_t kSeriesSample = MakeTag(2, WireType::kBytes);
constexpr uint32_t kSeriesExemplar = MakeTag(3, WireType::kBytes);
constexpr uint32_t kSeriesHistogram = MakeTag(4, WireType::kBytes);
constexpr uint32_t kMetadataType = MakeTag(1, WireType::kVarint);
constexpr uint32_t kMetadataName = MakeTag(2, WireType::kBytes);
constexpr uint32_t kMetadataHelp = MakeTag(4, WireType::kBytes);
constexpr uint32_t kMetadataUnit = MakeTag(5, WireType::kBytes);
constexpr uint32_t kLabelName = MakeTag(1, WireType::kBytes);
constexpr uint32_t kLabelValue = MakeTag(2, WireType::kBytes);

class Decoder : private WireDecoder {
 public:
  Decoder(std::string_view body, uint32_t samples_max, WireRequest* request)
      : WireDecoder(Protocol::kV1, body, samples_max, request) {}

  Result<void> Run() {
    WireReader reader(body_);
    if (!ReadRequest(&reader)) return Failure("remote write 1.0");
    return {};
  }

 private:
  bool ReadRequest(WireReader* reader) {
    while (!reader->done()) {
      uint32_t tag = 0;
      std::string_view bytes;
      if (!reader->ReadTag(&tag)) return Fail(*reader);
      if (tag == kRequestSeries) {
        if (!reader->ReadBytes(&bytes)) return Fail(*reader);
        if (!ReadSeries(bytes)) return false;
      } else if (tag == kRequestMetadata) {
        if (!reader->ReadBytes(&bytes)) return Fail(*reader);
        if (!CountOne()) return false;
        request_->metadata.push_back({.message = bytes, .series = 0});
      } else if (!reader->Skip(tag, 0)) {
        return Fail(*reader);
      }
    }
    return true;
  }

  bool ReadSeries(std::string_view message) {
    const auto first_sample = static_cast<uint32_t>(request_->samples.size());
    const auto first_histogram = static_cast<uint32_t>(request_->histograms.size());
    const size_t first_exemplar = request_->exemplars.size();
    LabelRun labels(body_, &request_->scratch);
    uint32_t label_count = 0;
    WireReader reader(message);
    while (!reader.done()) {
      const char* field = reader.at();
      uint32_t tag = 0;
      std::string_view bytes;
      if (!reader.ReadTag(&tag)) return Fail(reader);
      if (tag == kSeriesSample) {
        if (!reader.ReadBytes(&bytes)) return Fail(reader);
        if (!CountOne() || !ReadSample(bytes)) return false;
        continue;
      }
      if (tag == kSeriesHistogram) {
        if (!reader.ReadBytes(&bytes)) return Fail(reader);
        if (!CountOne() || !ReadHistogram(bytes)) return false;
        continue;
      }
      if (tag == kSeriesExemplar) {
        if (!reader.ReadBytes(&bytes)) return Fail(reader);
        if (!CountOne()) return false;
        AddExemplar(bytes);
        continue;
      }
      if (!reader.Skip(tag, 1)) return Fail(reader);
      if (tag == kSeriesLabel) {
        labels.Add(field, reader.at());
        ++label_count;
      }
    }
    const auto samples = static_cast<uint32_t>(request_->samples.size()) - first_sample;
    const auto histograms = static_cast<uint32_t>(request_->histograms.size()) - first_histogram;
    const auto exemplars = static_cast<uint32_t>(request_->exemplars.size() - first_exemplar);
    if (samples > 0 || histograms > 0 || exemplars > 0) {
      request_->series.push_back({.raw_labels = labels.Take(),
                                  .label_count = label_count,
                                  .first_sample = first_sample,
                                  .sample_count = samples,
                                  .first_histogram = first_histogram,
                                  .histogram_count = histograms,
                                  .exemplar_count = exemplars});
    }
    return true;
  }
};

// Goes through `labels` fields.
class RawLabelCursor {
 public:
  explicit RawLabelCursor(std::string_view raw_labels) : reader_(raw_labels) {}

  bool Next(LabelView* label) {
    if (reader_.done() || malformed_) return false;
    malformed_ = !Read(label);
    return !malformed_;
  }

  bool IsUtf8() const { return utf8_; }
  std::string Problem() const { return malformed_ ? "malformed label" : ""; }

 private:
  bool Read(LabelView* label) {
    uint32_t tag = 0;
    std::string_view message;
    if (!reader_.ReadTag(&tag) || tag != kSeriesLabel || !reader_.ReadBytes(&message)) return false;
    *label = LabelView{};
    utf8_ = true;
    WireReader fields(message);
    while (!fields.done()) {
      if (!fields.ReadTag(&tag)) return false;
      if (tag == kLabelName || tag == kLabelValue) {
        std::string_view& text = tag == kLabelName ? label->name : label->value;
        if (!fields.ReadBytes(&text)) return false;
        // Of every occurrence, as libprotobuf checks.
        utf8_ = utf8_ && nines::IsUtf8(text);
      } else if (!fields.Skip(tag, 2)) {
        return false;
      }
    }
    return true;
  }

  WireReader reader_;
  bool utf8_ = true;
  bool malformed_ = false;
};

}  // namespace

Result<void> DecodeWriteRequest(std::string_view body, uint32_t samples_max, WireRequest* request) {
  return Decoder(body, samples_max, request).Run();
}

Result<tsdb::Exemplar> ParseExemplarV1(std::string_view message) {
  auto fields = ReadExemplarFields(Protocol::kV1, message);
  if (!fields) return fields.error();
  auto labels = ParseExemplarLabels(RawLabelCursor(fields->labels), kExemplarLabelBytesMax);
  if (!labels) return labels.error();
  return tsdb::Exemplar{
      .labels = *std::move(labels), .value = fields->value, .time_ms = fields->time_ms};
}

Result<tsdb::MetadataOf> ParseMetadataV1(std::string_view message) {
  tsdb::MetadataOf metadata{};
  uint64_t type = 0;
  WireReader reader(message);
  while (!reader.done()) {
    uint32_t tag = 0;
    bool ok = reader.ReadTag(&tag);
    if (ok && tag == kMetadataType) {
      ok = reader.ReadVarint(&type);
    } else if (ok && (tag == kMetadataName || tag == kMetadataHelp || tag == kMetadataUnit)) {
      ok = reader.ReadBytes(tag == kMetadataName   ? &metadata.name
                            : tag == kMetadataHelp ? &metadata.help
                                                   : &metadata.unit);
    } else {
      ok = ok && reader.Skip(tag, 1);
    }
    if (!ok) return Error{Code::kInvalid, "malformed metadata"};
  }
  return CheckedMetadata(metadata, type);
}

Result<Labels> ParseRawLabels(std::string_view raw_labels) {
  return ParseLabels(RawLabelCursor(raw_labels));
}

LabelSizes MeasureRawLabels(std::string_view raw_labels) {
  return MeasureLabels(RawLabelCursor(raw_labels));
}

TwoValues FindTwoRaw(std::string_view raw_labels, std::string_view first, std::string_view second) {
  return FindTwo(RawLabelCursor(raw_labels), first, second);
}

std::string DescribeRawLabels(std::string_view raw_labels) {
  return DescribeLabels(RawLabelCursor(raw_labels));
}

}  // namespace nines::ingest
