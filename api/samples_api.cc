#include "api/samples_api.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "api/reply.h"
#include "base/json.h"
#include "base/number.h"
#include "tsdb/histogram_buckets.h"

namespace nines::api {
namespace {

using tsdb::HistogramBucket;
using tsdb::NativeHistogram;

// A stale marker is told from another NaN, which no query of Prometheus shows.
std::string ValueText(double value) {
  return tsdb::IsStale(value) ? "StaleNaN" : FormatFloat(value);
}

// Prometheus' code of which bounds belong to a bucket.
int64_t BoundsCode(const HistogramBucket& bucket) {
  if (bucket.has_lower) return bucket.has_upper ? 3 : 1;
  return bucket.has_upper ? 0 : 2;
}

void WriteHistogram(const NativeHistogram& histogram, JsonWriter* json) {
  json->BeginObject();
  json->Key("count").String(histogram.is_float ? FormatFloat(histogram.float_count)
                                               : std::to_string(histogram.count));
  json->Key("sum").String(ValueText(histogram.sum));
  json->Key("buckets").BeginArray();
  for (const HistogramBucket& bucket : tsdb::BucketsOf(histogram)) {
    json->BeginArray().Integer(BoundsCode(bucket));
    for (const double number : {bucket.lower, bucket.upper, bucket.count}) {
      json->String(FormatFloat(number));
    }
    json->EndArray();
  }
  json->EndArray().EndObject();
}

void WriteSeries(const SeriesSamples& series, JsonWriter* json) {
  json->BeginObject().Key("metric").Object(series.labels);
  json->Key("values").BeginArray();
  for (const tsdb::Sample& sample : series.values) {
    json->BeginArray().Raw(FormatUnixSeconds(sample.at)).String(ValueText(sample.value)).EndArray();
  }
  json->EndArray().Key("histograms").BeginArray();
  for (const tsdb::HistogramSample& sample : series.histograms) {
    json->BeginArray().Raw(FormatUnixSeconds(sample.at));
    WriteHistogram(sample.histogram, json);
    json->EndArray();
  }
  json->EndArray().Key("starts").BeginArray();
  for (const tsdb::StartTime& start : series.starts) {
    json->BeginArray()
        .Raw(FormatUnixSeconds(start.start))
        .Raw(FormatUnixSeconds(start.first_sample))
        .EndArray();
  }
  json->EndArray().EndObject();
}

net::HttpResponse BadData(const std::string& message) { return Failure(400, "bad_data", message); }

Result<Time> TimeOf(std::string_view query, const char* name) {
  const std::vector<std::string> values = QueryValues(query, name);
  if (values.empty()) return Error{Code::kInvalid, std::string("no ") + name};
  const Result<Time> time = ParseTime(values.back());
  if (!time) return Wrap(name, time.error());
  return time;
}

// Adds what one column holds.
Result<void> AddColumn(const tsdb::Store& store, const tsdb::Series& column, Time from, Time to,
                       SeriesSamples* series) {
  if (column.role == tsdb::Role::kHistogram) {
    auto read = store.ReadHistograms({&column.id, 1}, from, to);
    if (!read) return read.error();
    series->histograms = std::move(read->front());
  } else {
    auto read = store.Read({&column.id, 1}, from, to);
    if (!read) return read.error();
    series->values = std::move(read->front());
  }
  const auto starts = store.Starts(column.id);
  if (!starts) return starts.error();
  series->starts.insert(series->starts.end(), starts->begin(), starts->end());
  std::ranges::stable_sort(series->starts, {}, &tsdb::StartTime::first_sample);
  return {};
}

}  // namespace

Result<std::vector<SeriesSamples>> CollectSamples(const tsdb::Store& store,
                                                  const std::vector<Matchers>& sets, Time from,
                                                  Time to) {
  std::map<Labels, std::map<tsdb::ColumnId, tsdb::Series>> columns;
  for (const Matchers& matchers : sets) {
    auto selected = store.Select(matchers, from, to);
    if (!selected) return selected.error();
    for (tsdb::Series& one : *selected) columns[one.labels].emplace(one.id, one);
  }
  std::vector<SeriesSamples> all;
  uint64_t samples = 0;
  for (const auto& [labels, of_series] : columns) {
    SeriesSamples& series = all.emplace_back();
    series.labels = labels;
    for (const auto& [id, column] : of_series) {
      if (auto added = AddColumn(store, column, from, to, &series); !added) return added.error();
    }
    samples += series.values.size() + series.histograms.size();
    if (samples > kListedSamplesMax) {
      return Error{Code::kExhausted, "more than " + std::to_string(kListedSamplesMax) +
                                         " samples: ask for less time or fewer series"};
    }
  }
  return all;
}

net::HttpResponse ListSamples(std::string_view query, const SamplesSource& source) {
  std::vector<Matchers> sets;
  for (const std::string& text : QueryValues(query, "match[]")) {
    auto matchers = ParseMatchers(text);
    if (!matchers) return BadData("match[]: " + matchers.error().message);
    sets.push_back(*std::move(matchers));
  }
  if (sets.empty()) return BadData("no match[]");
  const Result<Time> from = TimeOf(query, "start");
  if (!from) return BadData(from.error().message);
  const Result<Time> to = TimeOf(query, "end");
  if (!to) return BadData(to.error().message);
  if (*to < *from) return BadData("end is before start");
  const auto all = source(sets, *from, *to);
  if (!all) return Failure(422, "execution", all.error().message);
  JsonWriter json;
  json.BeginArray();
  for (const SeriesSamples& series : *all) WriteSeries(series, &json);
  json.EndArray();
  return Success(json.text());
}

}  // namespace nines::api
