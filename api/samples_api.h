#pragma once
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/result.h"
#include "net/http_server.h"
#include "tsdb/histogram.h"
#include "tsdb/sample.h"
#include "tsdb/store.h"

// GET /api/v1/samples: what the store holds of series, as it was written.

namespace nines::api {

// Samples of all series in one answer; beyond it 422.
inline constexpr uint64_t kListedSamplesMax = 1'000'000;

// One series: its numbers, its native histograms, or both.
struct SeriesSamples {
  Labels labels;
  std::vector<tsdb::Sample> values;
  std::vector<tsdb::HistogramSample> histograms;
  // The start timestamps that came with either.
  std::vector<tsdb::StartTime> starts;
};

// Those that match any of the sets of matchers and have a sample in [from, to], in order of labels.
using SamplesSource = std::function<Result<std::vector<SeriesSamples>>(
    const std::vector<Matchers>& sets, Time from, Time to)>;

// That of a store.  kExhausted: more than kListedSamplesMax.
Result<std::vector<SeriesSamples>> CollectSamples(const tsdb::Store& store,
                                                  const std::vector<Matchers>& sets, Time from,
                                                  Time to);

// Answers a query with match[], start and end: 400 where one is missing or not to be read, 422 with
// the source's error.
net::HttpResponse ListSamples(std::string_view query, const SamplesSource& source);

}  // namespace nines::api
