#include "ingest/request_builder.h"

#include <snappy.h>

#include <array>
#include <utility>

#include "ingest/wire_writer.h"

namespace nines::ingest {
namespace {

// prompb.MetricMetadata.MetricType, by number.
constexpr std::array<std::string_view, 8> kTypes = {
    "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"};

uint64_t TypeNumber(std::string_view type) {
  for (size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i] == type) return i;
  }
  return 0;  // "untyped" of the older format too.
}

std::string LabelMessage(const Label& label) {
  std::string out;
  PutWireBytes(1, label.name, &out);
  PutWireBytes(2, label.value, &out);
  return out;
}

std::string ExemplarMessage(const TextExemplar& exemplar, int64_t time_ms) {
  std::string out;
  for (const Label& label : exemplar.labels) PutWireBytes(1, LabelMessage(label), &out);
  PutWireDouble(2, exemplar.value, &out);
  PutWireInteger(3, static_cast<uint64_t>(exemplar.time_ms.value_or(time_ms)), &out);
  return out;
}

}  // namespace

void RequestBuilder::Add(const TextSample& sample) {
  if (has_untold_) TellMetadata();
  if (series_.empty() || sample.labels != labels_) {
    EndSeries();
    labels_ = sample.labels;
    for (const Label& label : labels_) PutWireBytes(1, LabelMessage(label), &series_);
  }
  std::string message;
  PutWireDouble(1, sample.value, &message);
  PutWireInteger(2, static_cast<uint64_t>(sample.time_ms), &message);
  PutWireBytes(2, message, &series_);
  if (sample.exemplar) PutWireBytes(3, ExemplarMessage(*sample.exemplar, sample.time_ms), &series_);
  ++samples_;
}

void RequestBuilder::Add(const TextMetadata& metadata) {
  Metadata& known = metadata_[metadata.name];
  switch (metadata.kind) {
    case TextMetadata::Kind::kType:
      known.type = metadata.text;
      break;
    case TextMetadata::Kind::kHelp:
      known.help = metadata.text;
      break;
    case TextMetadata::Kind::kUnit:
      known.unit = metadata.text;
      break;
  }
  known.is_told = false;
  has_untold_ = true;
}

void RequestBuilder::EndSeries() {
  if (series_.empty()) return;
  PutWireBytes(1, series_, &body_);
  series_.clear();
}

void RequestBuilder::TellMetadata() {
  EndSeries();
  for (auto& [name, known] : metadata_) {
    if (std::exchange(known.is_told, true)) continue;
    std::string message;
    PutWireInteger(1, TypeNumber(known.type), &message);
    PutWireBytes(2, name, &message);
    PutWireBytes(4, known.help, &message);
    PutWireBytes(5, known.unit, &message);
    PutWireBytes(3, message, &body_);
  }
  has_untold_ = false;
}

std::string RequestBuilder::Take() {
  if (has_untold_) TellMetadata();
  EndSeries();
  std::string compressed;
  snappy::Compress(body_.data(), body_.size(), &compressed);
  body_.clear();
  samples_ = 0;
  return compressed;
}

}  // namespace nines::ingest
