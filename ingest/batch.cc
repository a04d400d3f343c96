#include "ingest/batch.h"

#include <algorithm>

#include "base/labels.h"
#include "base/time.h"

namespace nines::ingest {
namespace {

// RFC 3339 has four digits for the year; senders have 64 bits.
std::string TimeText(int64_t time_ms) {
  constexpr int64_t kYear0 = -62'167'219'200'000;
  constexpr int64_t kYear10000 = 253'402'300'800'000;
  if (time_ms < kYear0 || time_ms >= kYear10000) return std::to_string(time_ms) + " ms";
  return FormatRfc3339Ms(FromUnixMs(time_ms));
}

std::string PlaceText(const WireSeries& series, int64_t time_ms) {
  return DescribeRawLabels(series.raw_labels) + " at " + TimeText(time_ms);
}

std::string LimitText(std::string_view what, uint32_t max, std::string_view name) {
  return std::string(what) + " " + std::to_string(max) + " (" + std::string(name) + ")";
}

}  // namespace

Result<void> Batch::Read(std::string_view body, const Limits& limits, tsdb::Store* store,
                         Refusals* refusals) {
  samples_.clear();
  auto decoded = DecodeWriteRequest(body, limits.samples_max, &wire_);
  if (!decoded) return decoded.error();
  Find(*store);
  for (size_t i = 0; i < wire_.series.size(); ++i) {
    const WireSeries& series = wire_.series[i];
    if (series.histogram_count > 0) {
      refusals->Add(SampleRefusal::kNativeHistogram,
                    "native histograms are not stored by this version", series.histogram_count,
                    [&] { return DescribeRawLabels(series.raw_labels); });
    }
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

void Batch::Find(const tsdb::Store& store) {
  fingerprints_.clear();
  for (const WireSeries& series : wire_.series) {
    fingerprints_.push_back(store.Hash(series.raw_labels));
  }
  columns_.assign(fingerprints_.size(), tsdb::kNoColumn);
  store.Find(fingerprints_, columns_);
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
  auto labels = ParseRawLabels(series.raw_labels);
  if (!labels) {
    return refuse(SampleRefusal::kLabels, "invalid labels", labels.error().message);
  }
  for (const Label& label : *labels) {
    if (label.name.size() > limits.label_name_bytes_max) {
      return refuse(SampleRefusal::kLabelNameBytesMax,
                    LimitText("bytes of a label name above", limits.label_name_bytes_max,
                              "label_name_bytes_max"),
                    "");
    }
    if (label.value.size() > limits.label_value_bytes_max) {
      return refuse(SampleRefusal::kLabelValueBytesMax,
                    LimitText("bytes of a label value above", limits.label_value_bytes_max,
                              "label_value_bytes_max"),
                    "");
    }
  }
  auto column = store->Register(fingerprints_[i], *labels);
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

size_t Batch::capacity_bytes() const {
  return wire_.series.capacity() * sizeof(WireSeries) +
         wire_.samples.capacity() * sizeof(WireSample) + wire_.scratch.capacity() +
         fingerprints_.capacity() * sizeof(tsdb::Fingerprint) +
         columns_.capacity() * sizeof(tsdb::ColumnId) + samples_.capacity() * sizeof(tsdb::Append);
}

}  // namespace nines::ingest
