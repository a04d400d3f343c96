#include "ingest/batch.h"

#include <algorithm>

#include "base/time.h"
#include "ingest/metadata.h"
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

bool HasColumn(tsdb::ColumnId column) {
  return column != tsdb::kNoColumn && column != tsdb::kDroppedColumn;
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

// Adds the start of `wire_index`, if it has one, as that of `index`.  `next` is where to look on:
// indexes ascend.
void AddStart(uint32_t wire_index, size_t index, const std::vector<WireStart>& starts, size_t* next,
              std::vector<tsdb::Start>* out) {
  while (*next < starts.size() && starts[*next].index < wire_index) ++*next;
  if (*next == starts.size() || starts[*next].index != wire_index) return;
  out->push_back({static_cast<uint32_t>(index), starts[*next].start_ms});
}

}  // namespace

Result<void> Batch::Read(Protocol protocol, std::string_view body, const Intake& intake,
                         Refusals* refusals) {
  Clear();
  drops_ = {};
  elections_ = 0;
  replica_ = {};
  auto decoded = Decode(protocol, body, intake.limits);
  if (!decoded) return decoded.error();
  Find(*intake.store);
  for (size_t i = 0; i < wire_.series.size(); ++i) {
    if (auto resolved = Resolve(i, intake, refusals); !resolved) {
      Clear();
      return resolved.error();
    }
    if (HasColumn(columns_[i])) AddSamples(i);
    if (!histogram_columns_.empty() && histogram_columns_[i] != tsdb::kNoColumn) {
      AddHistograms(i, intake.limits, refusals);
    }
  }
  if (!wire_.exemplars.empty()) AddExemplars();
  if (!wire_.metadata.empty()) AddMetadata(intake);
  return {};
}

void Batch::Clear() {
  samples_.clear();
  histograms_.clear();
  sample_starts_.clear();
  histogram_starts_.clear();
  histogram_series_.clear();
  next_sample_start_ = 0;
  next_histogram_start_ = 0;
  exemplars_.clear();
  exemplar_series_.clear();
  exemplar_refusals_.Clear();
  dropped_exemplars_ = 0;
  metadata_.clear();
  metadata_counts_ = {};
}

void Batch::AddSamples(size_t i) {
  const WireSeries& series = wire_.series[i];
  for (uint32_t s = 0; s < series.sample_count; ++s) {
    const uint32_t index = series.first_sample + s;
    const WireSample& sample = wire_.samples[index];
    samples_.push_back({.column = columns_[i], .time_ms = sample.time_ms, .value = sample.value});
    AddStart(index, samples_.size() - 1, wire_.sample_starts, &next_sample_start_, &sample_starts_);
  }
}

void Batch::AddHistograms(size_t i, const Limits& limits, Refusals* refusals) {
  const WireSeries& series = wire_.series[i];
  for (uint32_t h = 0; h < series.histogram_count; ++h) {
    const uint32_t index = series.first_histogram + h;
    const WireHistogram& histogram = wire_.histograms[index];
    if (!CheckHistogram(histogram, series, limits, refusals)) continue;
    histograms_.push_back(
        {.column = histogram_columns_[i],
         .time_ms = histogram.time_ms,
         .bytes =
             std::string_view(wire_.histogram_bytes).substr(histogram.first_byte, histogram.size)});
    histogram_series_.push_back(static_cast<uint32_t>(i));
    AddStart(index, histograms_.size() - 1, wire_.histogram_starts, &next_histogram_start_,
             &histogram_starts_);
  }
}

void Batch::AddExemplars() {
  for (const WirePart& part : wire_.exemplars) {
    const WireSeries& series = wire_.series[part.series];
    const auto place = [&] { return Describe(series); };
    if (columns_[part.series] == tsdb::kDroppedColumn) {
      ++dropped_exemplars_;
      continue;
    }
    tsdb::ColumnId column = columns_[part.series];
    if (column == tsdb::kNoColumn && series.histogram_count > 0) {
      column = histogram_columns_[part.series];
    }
    if (column == tsdb::kNoColumn) {
      exemplar_refusals_.Add(ExemplarRefusal::kSeries, "exemplars of a series that is refused", 1,
                             place);
      continue;
    }
    auto exemplar = wire_.protocol == Protocol::kV1 ? ParseExemplarV1(part.message)
                                                    : ParseExemplarV2(part.message, &wire_);
    if (exemplar) {
      exemplars_.push_back({.column = column, .exemplar = *std::move(exemplar)});
      exemplar_series_.push_back(part.series);
    } else if (exemplar.error().code == Code::kExhausted) {
      exemplar_refusals_.Add(ExemplarRefusal::kTooLong,
                             RefusalName(tsdb::ExemplarRefusal::kTooLong), 1, place);
    } else {
      exemplar_refusals_.Add(ExemplarRefusal::kInvalid, "invalid exemplar", 1,
                             [&] { return exemplar.error().message + " in " + Describe(series); });
    }
  }
}

void Batch::AddMetadata(const Intake& intake) {
  // A histogram says the same with each of its buckets, which lie together.
  std::string_view last_message;
  std::string_view last_name;
  for (const WirePart& part : wire_.metadata) {
    std::string_view name;
    if (wire_.protocol == Protocol::kV2) {
      if (columns_[part.series] == tsdb::kDroppedColumn) continue;
      name = MetricNameV2(wire_, wire_.series[part.series]);
      if (!name.empty() && name == last_name && part.message == last_message) {
        ++metadata_counts_.known;
        continue;
      }
      last_name = name;
      last_message = part.message;
    }
    Result<tsdb::MetadataOf> metadata = wire_.protocol == Protocol::kV1
                                            ? ParseMetadataV1(part.message)
                                            : ParseMetadataV2(part.message, wire_);
    if (!metadata) {
      ++metadata_counts_.invalid;
      continue;
    }
    if (wire_.protocol == Protocol::kV2) {
      // A series that says nothing, as one must that has nothing to say.
      if (metadata->type == tsdb::MetricType::kUnknown && metadata->help.empty() &&
          metadata->unit.empty()) {
        continue;
      }
      metadata->name = MetricFamilyName(name, metadata->type);
    }
    AddOneMetadata(*metadata, intake);
  }
}

void Batch::AddOneMetadata(const tsdb::MetadataOf& metadata, const Intake& intake) {
  if (intake.store->KnowsMetadata(metadata)) {
    ++metadata_counts_.known;
  } else if (std::max({metadata.name.size(), metadata.help.size(), metadata.unit.size()}) >
             intake.limits.metadata_bytes_max) {
    ++metadata_counts_.too_long;
  } else if (metadata.name.empty() || !IsUtf8(metadata.name) || !IsUtf8(metadata.help) ||
             !IsUtf8(metadata.unit)) {
    ++metadata_counts_.invalid;
  } else {
    metadata_.push_back(metadata);
  }
}

bool Batch::CheckHistogram(const WireHistogram& histogram, const WireSeries& series,
                           const Limits& limits, Refusals* refusals) const {
  if (histogram.is_mixed || histogram.problem != tsdb::HistogramProblem::kNone) {
    refusals->Add(SampleRefusal::kHistogramInvalid, "invalid native histogram", 1, [&] {
      const std::string_view problem = histogram.is_mixed
                                           ? "integer and float counts are mixed"
                                           : tsdb::HistogramProblemText(histogram.problem);
      return std::string(problem) + " in " + PlaceText(series, histogram.time_ms);
    });
    return false;
  }
  if (histogram.parts > limits.histogram_buckets_max) {
    refusals->Add(SampleRefusal::kHistogramBucketsMax,
                  LimitText("spans, buckets and bounds of a native histogram above",
                            limits.histogram_buckets_max, "histogram_buckets_max"),
                  1, [&] { return PlaceText(series, histogram.time_ms); });
    return false;
  }
  return true;
}

Result<void> Batch::Resolve(size_t i, const Intake& intake, Refusals* refusals) {
  const WireSeries& series = wire_.series[i];
  const bool has_histograms = series.histogram_count > 0;
  const auto drop = [&](tsdb::ColumnId column) {
    columns_[i] = column;
    if (has_histograms) histogram_columns_[i] = tsdb::kNoColumn;
  };
  if (intake.rules.ha) {
    const auto elected = IsElected(series, intake, refusals);
    if (!elected) return elected.error();
    if (!*elected) {
      drop(verdict_ == HaTracker::Verdict::kDrop ? tsdb::kDroppedColumn : tsdb::kNoColumn);
      return {};
    }
  }
  // Exemplars alone need a column too.
  const bool has_samples =
      series.sample_count > 0 || (series.exemplar_count > 0 && !has_histograms);
  const bool lacks_samples = has_samples && columns_[i] == tsdb::kNoColumn;
  const bool lacks_histograms = has_histograms && histogram_columns_[i] == tsdb::kNoColumn;
  if (columns_[i] != tsdb::kDroppedColumn && (lacks_samples || lacks_histograms)) {
    const std::optional<Labels> labels = MakeSeries(i, intake, refusals);
    if (labels && lacks_samples) {
      auto column = Register(i, Kind::kSamples, *labels, intake, refusals);
      if (!column) return column.error();
      columns_[i] = *column;
    }
    if (labels && lacks_histograms) {
      auto column = Register(i, Kind::kHistograms, *labels, intake, refusals);
      if (!column) return column.error();
      histogram_columns_[i] = *column;
    }
  }
  if (columns_[i] == tsdb::kDroppedColumn) {
    drops_.relabel += series.sample_count + series.histogram_count;
    drops_.histograms += series.histogram_count;
    drop(tsdb::kDroppedColumn);
    return {};
  }
  RefuseKind(series, refusals);
  if (!has_samples) columns_[i] = tsdb::kNoColumn;
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
  histogram_columns_.clear();
  if (wire_.histograms.empty()) return;
  aliases_.clear();
  for (const tsdb::Fingerprint& alias : fingerprints_.all()) {
    aliases_.push_back(tsdb::HistogramAlias(alias));
  }
  histogram_columns_.assign(wire_.series.size(), tsdb::kNoColumn);
  store.Find(aliases_, histogram_columns_);
}

void Batch::RefuseKind(const WireSeries& series, Refusals* refusals) const {
  if (series.sample_count > 0 || series.histogram_count > 0 || series.exemplar_count > 0) return;
  refusals->Add(SampleRefusal::kNoSamples, "series with neither samples nor histograms", 1,
                [&] { return Describe(series); });
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
      drops_.histograms += series.histogram_count;
      return false;
    case HaTracker::Verdict::kTooMany:
      break;
  }
  Refuse(series, series.sample_count + series.histogram_count, SampleRefusal::kHaClustersMax,
         LimitText("clusters of HA pairs above", options.clusters_max, "ha.clusters_max"), "",
         refusals);
  return false;
}

void Batch::Refuse(const WireSeries& series, uint64_t count, SampleRefusal why,
                   std::string_view text, std::string_view detail, Refusals* refusals) const {
  if (count == 0) return;
  refusals->Add(why, text, count, [&] {
    const int64_t time_ms = series.sample_count > 0
                                ? wire_.samples[series.first_sample].time_ms
                                : wire_.histograms[series.first_histogram].time_ms;
    const std::string place = PlaceText(series, time_ms);
    return detail.empty() ? place : std::string(detail) + " in " + place;
  });
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
    Refuse(series, series.sample_count + series.histogram_count, check.why,
           LimitText(check.what, check.max, check.name), "", refusals);
    return false;
  }
  return true;
}

std::optional<Labels> Batch::MakeSeries(size_t i, const Intake& intake, Refusals* refusals) {
  const WireSeries& series = wire_.series[i];
  const auto refuse = [&](std::string_view text, std::string_view detail) {
    Refuse(series, series.sample_count + series.histogram_count, SampleRefusal::kLabels, text,
           detail, refusals);
    return std::nullopt;
  };
  // The number before the labels are gone through, and the sizes before they are taken apart: that
  // takes memory for each, and of a symbol of remote write 2.0 for each time that it is named.
  if (!CheckSizes(series, series.label_count, {}, intake.limits, refusals) ||
      !CheckSizes(series, series.label_count, Measure(series), intake.limits, refusals)) {
    return std::nullopt;
  }
  auto labels = Parse(series);
  if (!labels) return refuse("invalid labels", labels.error().message);
  if (intake.rules.ha && !FindReplica(series, *intake.rules.ha).first.empty()) {
    labels->Remove(intake.rules.ha->replica_label);
  }
  if (intake.rules.relabel.empty()) return *std::move(labels);
  std::optional<Labels> made = intake.rules.relabel.Apply(*labels);
  if (!made) {
    intake.store->Drop(fingerprints_.all()[i]);
    columns_[i] = tsdb::kDroppedColumn;
    return std::nullopt;
  }
  if (!CheckSizes(series, made->size(), SizesOf(*made), intake.limits, refusals)) {
    return std::nullopt;
  }
  if (const std::string_view problem = ProblemOf(*made); !problem.empty()) {
    return refuse("invalid labels after relabelling", problem);
  }
  return made;
}

Result<tsdb::ColumnId> Batch::Register(size_t i, Kind kind, const Labels& labels,
                                       const Intake& intake, Refusals* refusals) {
  const WireSeries& series = wire_.series[i];
  const bool is_histograms = kind == Kind::kHistograms;
  tsdb::Store& store = *intake.store;
  const auto refuse = [&](SampleRefusal why, std::string_view text, std::string_view detail) {
    Refuse(series, is_histograms ? series.histogram_count : series.sample_count, why, text, detail,
           refusals);
    return tsdb::kNoColumn;
  };
  const auto is_new = [&] {
    return is_histograms ? !store.HasHistogram(labels) : !store.Has(labels);
  };
  if (intake.limits.new_series_per_second_max > 0 && is_new() &&
      !intake.series_rate->Take(intake.now)) {
    return refuse(SampleRefusal::kNewSeriesPerSecond,
                  LimitText("new series a second above", intake.limits.new_series_per_second_max,
                            "new_series_per_second"),
                  "");
  }
  auto column = is_histograms ? store.RegisterHistogram(aliases_[i], labels)
                              : store.Register(fingerprints_.all()[i], labels);
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
    if (!HasColumn(columns_[i])) continue;
    const WireSeries& series = wire_.series[i];
    if (left < series.sample_count) {
      return PlaceText(series, wire_.samples[series.first_sample + left].time_ms);
    }
    left -= series.sample_count;
  }
  return "";
}

std::string Batch::ExemplarPlace(uint32_t exemplar) const {
  return PlaceText(wire_.series[exemplar_series_[exemplar]], exemplars_[exemplar].exemplar.time_ms);
}

std::string Batch::HistogramPlace(uint32_t histogram) const {
  return PlaceText(wire_.series[histogram_series_[histogram]], histograms_[histogram].time_ms);
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

size_t Batch::HistogramBytes() const {
  const tsdb::NativeHistogram& scratch = wire_.message.value;
  size_t bytes = scratch.custom_values.capacity() * sizeof(double);
  for (const tsdb::BucketSide* side : {&scratch.positive, &scratch.negative}) {
    bytes += side->spans.capacity() * sizeof(tsdb::BucketSpan) +
             side->deltas.capacity() * sizeof(int64_t) + side->counts.capacity() * sizeof(double);
  }
  return bytes + wire_.histograms.capacity() * sizeof(WireHistogram) +
         wire_.histogram_bytes.capacity() +
         (wire_.sample_starts.capacity() + wire_.histogram_starts.capacity()) * sizeof(WireStart) +
         histogram_columns_.capacity() * sizeof(tsdb::ColumnId) +
         aliases_.capacity() * sizeof(tsdb::Fingerprint) +
         histograms_.capacity() * sizeof(tsdb::AppendHistogram) +
         (sample_starts_.capacity() + histogram_starts_.capacity()) * sizeof(tsdb::Start) +
         histogram_series_.capacity() * sizeof(uint32_t);
}

size_t Batch::capacity_bytes() const {
  return wire_.series.capacity() * sizeof(WireSeries) +
         wire_.samples.capacity() * sizeof(WireSample) +
         wire_.symbols.capacity() * sizeof(std::string_view) + wire_.symbols_utf8.capacity() +
         wire_.scratch.capacity() + fingerprints_.capacity_bytes() +
         columns_.capacity() * sizeof(tsdb::ColumnId) + samples_.capacity() * sizeof(tsdb::Append) +
         HistogramBytes() +
         (wire_.exemplars.capacity() + wire_.metadata.capacity()) * sizeof(WirePart) +
         metadata_.capacity() * sizeof(tsdb::MetadataOf) +
         exemplars_.capacity() * sizeof(tsdb::ExemplarOf) +
         exemplar_series_.capacity() * sizeof(uint32_t);
}

}  // namespace nines::ingest
