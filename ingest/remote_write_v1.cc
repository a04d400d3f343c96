#include "ingest/remote_write_v1.h"

#include <algorithm>
#include <string>

#include "ingest/wire_reader.h"

namespace nines::ingest {
namespace {

constexpr uint32_t kRequestSeries = MakeTag(1, WireType::kBytes);
constexpr uint32_t kRequestMetadata = MakeTag(3, WireType::kBytes);
constexpr uint32_t kSeriesLabel = MakeTag(1, WireType::kBytes);
constexpr uint32_t kSeriesSample = MakeTag(2, WireType::kBytes);
constexpr uint32_t kSeriesExemplar = MakeTag(3, WireType::kBytes);
constexpr uint32_t kSeriesHistogram = MakeTag(4, WireType::kBytes);
constexpr uint32_t kSampleValue = MakeTag(1, WireType::kFixed64);
constexpr uint32_t kSampleTime = MakeTag(2, WireType::kVarint);
constexpr uint32_t kLabelName = MakeTag(1, WireType::kBytes);
constexpr uint32_t kLabelValue = MakeTag(2, WireType::kBytes);

// Of a text for messages.
constexpr size_t kValueBytesMax = 64;
constexpr size_t kTextBytesMax = 256;

// Collects the `labels` fields of one series.  They are one view while they follow each other, and
// move to the scratch when another field comes between them.
class LabelRun {
 public:
  LabelRun(std::string_view body, std::vector<char>* scratch) : body_(body), scratch_(scratch) {}

  void Add(const char* begin, const char* end) {
    ++count_;
    if (!scattered_) {
      if (run_.empty()) {
        run_ = std::string_view(begin, static_cast<size_t>(end - begin));
        return;
      }
      if (run_.data() + run_.size() == begin) {
        run_ = std::string_view(run_.data(), run_.size() + static_cast<size_t>(end - begin));
        return;
      }
      // Each byte of the body is copied at most once, so the scratch never grows beyond this and
      // the views into it stay.
      scratch_->reserve(body_.size());
      scattered_ = true;
      start_ = scratch_->size();
      scratch_->insert(scratch_->end(), run_.begin(), run_.end());
    }
    scratch_->insert(scratch_->end(), begin, end);
  }

  uint32_t count() const { return count_; }

  // REQUIRES: no other run added to the scratch since this one began.
  std::string_view Take() const {
    if (!scattered_) return run_;
    return std::string_view(scratch_->data() + start_, scratch_->size() - start_);
  }

 private:
  std::string_view body_;
  std::vector<char>* scratch_;
  std::string_view run_;
  bool scattered_ = false;
  size_t start_ = 0;
  uint32_t count_ = 0;
};

class Decoder {
 public:
  Decoder(std::string_view body, uint32_t samples_max, WireRequest* request)
      : body_(body), samples_max_(samples_max), request_(request) {}

  Result<void> Run() {
    WireReader reader(body_);
    if (ReadRequest(&reader)) return {};
    if (too_many_) {
      return Error{Code::kExhausted, "more than " + std::to_string(samples_max_) + " samples"};
    }
    return Error{Code::kInvalid, "not a remote write 1.0 message: malformed at byte " +
                                     std::to_string(failed_at_ - body_.data()) + " of " +
                                     std::to_string(body_.size())};
  }

 private:
  // Where the innermost reader stopped; always false.
  bool Fail(const WireReader& reader) {
    if (failed_at_ == nullptr) failed_at_ = reader.at();
    return false;
  }

  bool CountOne() {
    if (request_->samples.size() + request_->histograms < samples_max_) return true;
    too_many_ = true;
    return false;
  }

  bool ReadRequest(WireReader* reader) {
    while (!reader->done()) {
      uint32_t tag = 0;
      std::string_view bytes;
      if (!reader->ReadTag(&tag)) return Fail(*reader);
      if (tag == kRequestSeries) {
        if (!reader->ReadBytes(&bytes)) return Fail(*reader);
        if (!ReadSeries(bytes)) return false;
      } else if (!reader->Skip(tag, 0)) {
        return Fail(*reader);
      } else if (tag == kRequestMetadata) {
        ++request_->metadata;
      }
    }
    return true;
  }

  bool ReadSeries(std::string_view message) {
    const auto first_sample = static_cast<uint32_t>(request_->samples.size());
    const uint64_t first_histogram = request_->histograms;
    LabelRun labels(body_, &request_->scratch);
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
      if (!reader.Skip(tag, 1)) return Fail(reader);
      if (tag == kSeriesLabel) {
        labels.Add(field, reader.at());
      } else if (tag == kSeriesExemplar) {
        ++request_->exemplars;
      } else if (tag == kSeriesHistogram) {
        if (!CountOne()) return false;
        ++request_->histograms;
      }
    }
    const auto samples = static_cast<uint32_t>(request_->samples.size()) - first_sample;
    const auto histograms = static_cast<uint32_t>(request_->histograms - first_histogram);
    if (samples > 0 || histograms > 0) {
      request_->series.push_back({.raw_labels = labels.Take(),
                                  .label_count = labels.count(),
                                  .first_sample = first_sample,
                                  .sample_count = samples,
                                  .histogram_count = histograms});
    }
    return true;
  }

  bool ReadSample(std::string_view message) {
    WireSample sample{.time_ms = 0, .value = 0};
    WireReader reader(message);
    while (!reader.done()) {
      uint32_t tag = 0;
      uint64_t time = 0;
      if (!reader.ReadTag(&tag)) return Fail(reader);
      if (tag == kSampleValue) {
        if (!reader.ReadDouble(&sample.value)) return Fail(reader);
      } else if (tag == kSampleTime) {
        if (!reader.ReadVarint(&time)) return Fail(reader);
        sample.time_ms = static_cast<int64_t>(time);
      } else if (!reader.Skip(tag, 2)) {
        return Fail(reader);
      }
    }
    request_->samples.push_back(sample);
    return true;
  }

  const std::string_view body_;
  const uint32_t samples_max_;
  WireRequest* const request_;
  const char* failed_at_ = nullptr;
  bool too_many_ = false;
};

struct RawLabel {
  std::string_view name;
  std::string_view value;
  bool utf8 = true;  // Of every occurrence, as libprotobuf checks.
};

// False: the bytes end early or the next field is no label.
bool ReadRawLabel(WireReader* reader, RawLabel* label) {
  uint32_t tag = 0;
  std::string_view message;
  if (!reader->ReadTag(&tag) || tag != kSeriesLabel || !reader->ReadBytes(&message)) return false;
  *label = RawLabel{};
  WireReader fields(message);
  while (!fields.done()) {
    if (!fields.ReadTag(&tag)) return false;
    if (tag == kLabelName || tag == kLabelValue) {
      std::string_view& text = tag == kLabelName ? label->name : label->value;
      if (!fields.ReadBytes(&text)) return false;
      label->utf8 = label->utf8 && IsUtf8(text);
    } else if (!fields.Skip(tag, 2)) {
      return false;
    }
  }
  return true;
}

// The first bytes of a text, without half a character at its end.
std::string Cut(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t size = bytes_max;
  while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xc0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "...";
}

}  // namespace

Result<void> DecodeWriteRequest(std::string_view body, uint32_t samples_max, WireRequest* request) {
  request->series.clear();
  request->samples.clear();
  request->histograms = 0;
  request->exemplars = 0;
  request->metadata = 0;
  request->scratch.clear();
  return Decoder(body, samples_max, request).Run();
}

Result<Labels> ParseRawLabels(std::string_view raw_labels) {
  std::vector<Label> labels;
  bool named = false;
  WireReader reader(raw_labels);
  while (!reader.done()) {
    RawLabel label;
    if (!ReadRawLabel(&reader, &label)) return Error{Code::kInvalid, "malformed label"};
    if (!label.utf8) return Error{Code::kInvalid, "label name or value is not UTF-8"};
    if (label.name.empty()) return Error{Code::kInvalid, "empty label name"};
    named = named || (label.name == kMetricName && !label.value.empty());
    labels.push_back({std::string(label.name), std::string(label.value)});
  }
  std::sort(labels.begin(), labels.end());
  const auto repeated =
      std::adjacent_find(labels.begin(), labels.end(),
                         [](const Label& a, const Label& b) { return a.name == b.name; });
  if (repeated != labels.end()) {
    return Error{Code::kInvalid,
                 "repeated label name " + GoQuote(Cut(repeated->name, kValueBytesMax))};
  }
  if (!named) return Error{Code::kInvalid, "no metric name"};
  return Labels(std::move(labels));
}

std::string DescribeRawLabels(std::string_view raw_labels) {
  std::string metric;
  RawLabel label;
  for (WireReader reader(raw_labels); !reader.done() && ReadRawLabel(&reader, &label);) {
    if (label.name == kMetricName) metric = Cut(label.value, kValueBytesMax);
  }
  const bool in_front = IsLegacyMetricName(metric);
  std::string text;
  if (!metric.empty() && !in_front) text = GoQuote(metric);
  for (WireReader reader(raw_labels); !reader.done() && ReadRawLabel(&reader, &label);) {
    if (label.name == kMetricName) continue;
    if (!text.empty()) text += ", ";
    if (text.size() > kTextBytesMax) {
      text += "...";
      break;
    }
    const std::string name = Cut(label.name, kValueBytesMax);
    text += IsLegacyLabelName(name) ? name : GoQuote(name);
    text += '=' + GoQuote(Cut(label.value, kValueBytesMax));
  }
  if (in_front && text.empty()) return metric;
  return (in_front ? metric : "") + '{' + text + '}';
}

}  // namespace nines::ingest
