#include "ingest/batch.h"

#include <algorithm>

#include "base/time.h"
#include "ingest/remote_write_v1.h"
#include "ingest/remote_write_v2.h"

namespace nines::ingest {
namespace {

// RFC 3339 has four digits for the year; senders have 64 bits.
std::string TimeText(int64_t time_ms) {
  constexpr int64_t kYear0 = -62'167'219'200'000;
  constexpr int64_t kYear10000 = 253'402'300'800'000;
  if (time_ms < kYear0 || time_ms >= kYear10000) return std::to_string(time_ms) + " ms";
  return FormatRfc3339Ms(FromUnixMs(time_ms));
}

std::string LimitText(std::string_view what, uint32_t max, std::string_view name) {
  return std::string(what) + " " + std::to_string(max) + " (" + std::string(name) + ")";
}

}  // namespace

Result<void> Batch::Read(Protocol protocol, std::string_view body, const Limits& limits,
                         tsdb::Store* store, Refusals* refusals) {
  samples_.clear();
  auto decoded = Decode(protocol, body, limits);
  if (!decoded) return decoded.error();
  Find(*store);
  for (size_t i = 0; i < wire_.series.size(); ++i) {
    const WireSeries& series = wire_.series[i];
    RefuseKind(series, refusals);
    if (series.sample_count == 0) continue;
    if (columns_[i] == tsdb::kNoColumn) {
      auto column = Register(i, limits, store, refusals);
      if (!column) {
        samples_.clear();
        return column.error();
      }
      columns_[i] = *column;
      if (*column == tsdb::kNoColumn) continue;
    }
    for (uint32_t s = 0; s < series.sample_count; ++s) {
      const WireSample& sample = wire_.samples[series.first_sample + s];
      samples_.push_back({.column = columns_[i], .time_ms = sample.time_ms, .value = sample.value});
    }
  }
  return {};
}

Result<void> Batch::Decode(Protocol protocol, std::string_view body, const Limits& limits) {
  if (protocol == Protocol::kV1) return DecodeWriteRequest(body, limits.samples_max, &wire_);
  return DecodeRequestV2(
      body, {.samples_max = limits.samples_max, .symbols_max = limits.symbols_max}, &wire_);
}

void Batch::Find(const tsdb::Store& store) {
  fingerprints_.Compute(wire_, store);
  columns_.assign(wire_.series.size(), tsdb::kNoColumn);
  store.Find(fingerprints_.all(), columns_);
}

void Batch::RefuseKind(const WireSeries& series, Refusals* refusals) const {
  const auto place = [&] { return Describe(series); };
  if (series.histogram_count > 0) {
    refusals->Add(SampleRefusal::kNativeHistogram,
                  "native histograms are not stored by this version", series.histogram_count,
                  place);
  } else if (series.sample_count == 0) {
    refusals->Add(SampleRefusal::kNoSamples, "series with neither samples nor histograms", 1,
                  place);
  }
}

Result<tsdb::ColumnId> Batch::Register(size_t i, const Limits& limits, tsdb::Store* store,
                                       Refusals* refusals) {
  const WireSeries& series = wire_.series[i];
  const int64_t time_ms = wire_.samples[series.first_sample].time_ms;
  auto refuse = [&](SampleRefusal why, std::string_view text, std::string_view detail) {
    refusals->Add(why, text, series.sample_count, [&] {
      return (detail.empty() ? "" : std::string(detail) + " in ") + PlaceText(series, time_ms);
    });
    return tsdb::kNoColumn;
  };
  // Before the labels are taken apart: that takes memory for each.
  if (series.label_count > limits.labels_max) {
    return refuse(SampleRefusal::kLabelsMax,
                  LimitText("labels of a series above", limits.labels_max, "labels_max"), "");
  }
  // Likewise, and of a symbol of remote write 2.0 for each time that it is referred to.
  const LabelSizes sizes = Measure(series);
  if (sizes.name > limits.label_name_bytes_max) {
    return refuse(SampleRefusal::kLabelNameBytesMax,
                  LimitText("bytes of a label name above", limits.label_name_bytes_max,
                            "label_name_bytes_max"),
                  "");
  }
  if (sizes.value > limits.label_value_bytes_max) {
    return refuse(SampleRefusal::kLabelValueBytesMax,
                  LimitText("bytes of a label value above", limits.label_value_bytes_max,
                            "label_value_bytes_max"),
                  "");
  }
  auto labels = Parse(series);
  if (!labels) {
    return refuse(SampleRefusal::kLabels, "invalid labels", labels.error().message);
  }
  auto column = store->Register(fingerprints_.all()[i], *labels);
  if (column) return *column;
  switch (column.error().code) {
    case Code::kExhausted:
      return refuse(SampleRefusal::kSeriesMax, "too many series (series_max)", "");
    case Code::kInvalid:
      return refuse(SampleRefusal::kLabels, "invalid labels", column.error().message);
    default:
      return column.error();
  }
}

std::string Batch::Place(uint32_t sample) const {
  uint32_t left = sample;
  for (size_t i = 0; i < wire_.series.size(); ++i) {
    if (columns_[i] == tsdb::kNoColumn) continue;
    const WireSeries& series = wire_.series[i];
    if (left < series.sample_count) {
      return PlaceText(series, wire_.samples[series.first_sample + left].time_ms);
    }
    left -= series.sample_count;
  }
  return "";
}

LabelSizes Batch::Measure(const WireSeries& series) const {
  return wire_.protocol == Protocol::kV1 ? MeasureRawLabels(series.raw_labels)
                                         : MeasureLabelRefs(wire_, series);
}

Result<Labels> Batch::Parse(const WireSeries& series) {
  return wire_.protocol == Protocol::kV1 ? ParseRawLabels(series.raw_labels)
                                         : ParseLabelRefs(series, &wire_);
}

std::string Batch::Describe(const WireSeries& series) const {
  return wire_.protocol == Protocol::kV1 ? DescribeRawLabels(series.raw_labels)
                                         : DescribeLabelRefs(wire_, series);
}

std::string Batch::PlaceText(const WireSeries& series, int64_t time_ms) const {
  return Describe(series) + " at " + TimeText(time_ms);
}

size_t Batch::capacity_bytes() const {
  return wire_.series.capacity() * sizeof(WireSeries) +
         wire_.samples.capacity() * sizeof(WireSample) +
         wire_.symbols.capacity() * sizeof(std::string_view) + wire_.symbols_utf8.capacity() +
         wire_.scratch.capacity() + fingerprints_.capacity_bytes() +
         columns_.capacity() * sizeof(tsdb::ColumnId) + samples_.capacity() * sizeof(tsdb::Append);
}

}  // namespace nines::ingest
