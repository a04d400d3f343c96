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

LabelSizes SizesOf(const Labels& labels) {
  LabelSizes sizes;
  for (const Label& label : labels) {
    sizes.name = std::max(sizes.name, label.name.size());
    sizes.value = std::max(sizes.value, label.value.size());
  }
  return sizes;
}

// What a rule has made of good labels; "" where it is a series.
std::string_view ProblemOf(const Labels& labels) {
  if (labels.Has("")) return "empty label name";
  return labels.Has(kMetricName) ? "" : "no metric name";
}

}  // namespace

Result<void> Batch::Read(Protocol protocol, std::string_view body, const Intake& intake,
                         Refusals* refusals) {
  samples_.clear();
  drops_ = {};
  elections_ = 0;
  replica_ = {};
  auto decoded = Decode(protocol, body, intake.limits);
  if (!decoded) return decoded.error();
  Find(*intake.store);
  for (size_t i = 0; i < wire_.series.size(); ++i) {
    auto column = Resolve(i, intake, refusals);
    if (!column) {
      samples_.clear();
      return column.error();
    }
    columns_[i] = *column;
    if (*column == tsdb::kNoColumn) continue;
    const WireSeries& series = wire_.series[i];
    for (uint32_t s = 0; s < series.sample_count; ++s) {
      const WireSample& sample = wire_.samples[series.first_sample + s];
      samples_.push_back({.column = columns_[i], .time_ms = sample.time_ms, .value = sample.value});
    }
  }
  return {};
}

Result<tsdb::ColumnId> Batch::Resolve(size_t i, const Intake& intake, Refusals* refusals) {
  const WireSeries& series = wire_.series[i];
  if (intake.rules.ha) {
    const auto elected = IsElected(series, intake, refusals);
    if (!elected) return elected.error();
    if (!*elected) return tsdb::kNoColumn;
  }
  tsdb::ColumnId column = columns_[i];
  if (column == tsdb::kNoColumn && series.sample_count > 0) {
    auto registered = Register(i, intake, refusals);
    if (!registered) return registered.error();
    column = *registered;
  }
  if (column == tsdb::kDroppedColumn) {
    drops_.relabel += series.sample_count + series.histogram_count;
    return tsdb::kNoColumn;
  }
  RefuseKind(series, refusals);
  return series.sample_count == 0 ? tsdb::kNoColumn : column;
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

TwoValues Batch::FindReplica(const WireSeries& series, const HaOptions& options) const {
  const TwoValues found =
      wire_.protocol == Protocol::kV1
          ? FindTwoRaw(series.raw_labels, options.cluster_label, options.replica_label)
          : FindTwoRefs(wire_, series, options.cluster_label, options.replica_label);
  return found.first.empty() || found.second.empty() ? TwoValues{} : found;
}

Result<bool> Batch::IsElected(const WireSeries& series, const Intake& intake, Refusals* refusals) {
  const HaOptions& options = *intake.rules.ha;
  const TwoValues replica = FindReplica(series, options);
  if (replica.first.empty()) return true;
  if (replica.first != replica_.first || replica.second != replica_.second) {
    const auto decision = intake.ha->Decide(replica.first, replica.second, options, intake.now);
    if (!decision) return decision.error();
    replica_ = replica;
    verdict_ = decision->verdict;
    elections_ += decision->is_elected_now ? 1 : 0;
  }
  switch (verdict_) {
    case HaTracker::Verdict::kTake:
      return true;
    case HaTracker::Verdict::kDrop:
      drops_.ha += series.sample_count + series.histogram_count;
      return false;
    case HaTracker::Verdict::kTooMany:
      break;
  }
  Refuse(series, SampleRefusal::kHaClustersMax,
         LimitText("clusters of HA pairs above", options.clusters_max, "ha.clusters_max"), "",
         refusals);
  return false;
}

tsdb::ColumnId Batch::Refuse(const WireSeries& series, SampleRefusal why, std::string_view text,
                             std::string_view detail, Refusals* refusals) const {
  const uint32_t count = series.sample_count + series.histogram_count;
  if (count == 0) return tsdb::kNoColumn;
  refusals->Add(why, text, count, [&] {
    std::string place = series.sample_count == 0
                            ? Describe(series)
                            : PlaceText(series, wire_.samples[series.first_sample].time_ms);
    return detail.empty() ? place : std::string(detail) + " in " + place;
  });
  return tsdb::kNoColumn;
}

bool Batch::CheckSizes(const WireSeries& series, size_t labels, const LabelSizes& sizes,
                       const Limits& limits, Refusals* refusals) const {
  const struct {
    size_t size;
    uint32_t max;
    SampleRefusal why;
    std::string_view what;
    std::string_view name;
  } checks[] = {{labels, limits.labels_max, SampleRefusal::kLabelsMax, "labels of a series above",
                 "labels_max"},
                {sizes.name, limits.label_name_bytes_max, SampleRefusal::kLabelNameBytesMax,
                 "bytes of a label name above", "label_name_bytes_max"},
                {sizes.value, limits.label_value_bytes_max, SampleRefusal::kLabelValueBytesMax,
                 "bytes of a label value above", "label_value_bytes_max"}};
  for (const auto& check : checks) {
    if (check.size <= check.max) continue;
    Refuse(series, check.why, LimitText(check.what, check.max, check.name), "", refusals);
    return false;
  }
  return true;
}

Result<tsdb::ColumnId> Batch::Register(size_t i, const Intake& intake, Refusals* refusals) {
  const WireSeries& series = wire_.series[i];
  // The number before the labels are gone through, and the sizes before they are taken apart: that
  // takes memory for each, and of a symbol of remote write 2.0 for each time that it is named.
  if (!CheckSizes(series, series.label_count, {}, intake.limits, refusals) ||
      !CheckSizes(series, series.label_count, Measure(series), intake.limits, refusals)) {
    return tsdb::kNoColumn;
  }
  auto labels = Parse(series);
  if (!labels) {
    return Refuse(series, SampleRefusal::kLabels, "invalid labels", labels.error().message,
                  refusals);
  }
  if (intake.rules.ha && !FindReplica(series, *intake.rules.ha).first.empty()) {
    labels->Remove(intake.rules.ha->replica_label);
  }
  if (intake.rules.relabel.empty()) {
    return RegisterLabels(i, *labels, intake, refusals);
  }
  const std::optional<Labels> made = intake.rules.relabel.Apply(*labels);
  if (!made) {
    intake.store->Drop(fingerprints_.all()[i]);
    return tsdb::kDroppedColumn;
  }
  if (!CheckSizes(series, made->size(), SizesOf(*made), intake.limits, refusals)) {
    return tsdb::kNoColumn;
  }
  if (const std::string_view problem = ProblemOf(*made); !problem.empty()) {
    return Refuse(series, SampleRefusal::kLabels, "invalid labels after relabelling", problem,
                  refusals);
  }
  return RegisterLabels(i, *made, intake, refusals);
}

Result<tsdb::ColumnId> Batch::RegisterLabels(size_t i, const Labels& labels, const Intake& intake,
                                             Refusals* refusals) {
  const WireSeries& series = wire_.series[i];
  if (intake.limits.new_series_per_second_max > 0 && !intake.store->Has(labels) &&
      !intake.series_rate->Take(intake.now)) {
    return Refuse(series, SampleRefusal::kNewSeriesPerSecond,
                  LimitText("new series a second above", intake.limits.new_series_per_second_max,
                            "new_series_per_second"),
                  "", refusals);
  }
  auto column = intake.store->Register(fingerprints_.all()[i], labels);
  if (column) return *column;
  switch (column.error().code) {
    case Code::kExhausted:
      return Refuse(series, SampleRefusal::kSeriesMax, "too many series (series_max)", "",
                    refusals);
    case Code::kInvalid:
      return Refuse(series, SampleRefusal::kLabels, "invalid labels", column.error().message,
                    refusals);
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
