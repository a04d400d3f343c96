#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nines::ingest {

// Why samples and native histograms of a request were not stored.  The store's reasons and ours.
enum class SampleRefusal : uint8_t {
  kLabels,
  kLabelsMax,
  kLabelNameBytesMax,
  kLabelValueBytesMax,
  kSeriesMax,
  kNewSeriesPerSecond,
  kHaClustersMax,
  kDuplicate,
  kTooOld,
  kBeyondRetention,
  kTooFarAhead,
  kHistogramInvalid,
  kHistogramBucketsMax,
  kNoSamples,  // Counts series.
};
inline constexpr size_t kSampleRefusals = 14;

// The value of the metrics' label `reason`: "labels_max", ….
std::string_view SampleRefusalLabel(SampleRefusal why);

// Why exemplars of a request were not kept.  The store's reasons and ours.
enum class ExemplarRefusal : uint8_t {
  kInvalid,
  kSeries,  // That of their series was refused.
  kTooLong,
  kOutOfOrder,
  kBeyondRetention,
  kTooFarAhead,
};
inline constexpr size_t kExemplarRefusals = 6;

// The value of the metrics' label `reason`.
std::string_view ExemplarRefusalLabel(ExemplarRefusal why);

// What a request's reply says about what was not stored: every reason once, how many, and the first
// places.  Takes no memory while nothing is refused.  Not synchronised.
template <class Why, size_t kReasons>
class RefusalsBy {
 public:
  static constexpr size_t kPlacesMax = 3;

  void Clear();

  // `text` is the reason in words; the first one given stays.  `make_place` gives the place as text
  // and is called only for a place that is shown.  REQUIRES: count > 0.
  template <class MakePlace>
  void Add(Why why, std::string_view text, uint64_t count, MakePlace&& make_place) {
    Entry& entry = Count(why, text, count);
    if (entry.places.size() < kPlacesMax) {
      entry.places.push_back(make_place());
    } else {
      entry.more_places = true;
    }
  }

  bool empty() const;
  uint64_t count(Why why) const { return entries_[Index(why)].count; }

  // `too old: 5 (x{a="b"} at …, y{} at …, z{} at …, ...); invalid labels: 1 (…)`.
  std::string Text() const;

 private:
  struct Entry {
    uint64_t count = 0;
    std::string text;
    std::vector<std::string> places;
    bool more_places = false;
  };

  Entry& Count(Why why, std::string_view text, uint64_t count);
  static size_t Index(Why why) { return static_cast<size_t>(why); }

  std::array<Entry, kReasons> entries_;
};

using Refusals = RefusalsBy<SampleRefusal, kSampleRefusals>;
using ExemplarRefusals = RefusalsBy<ExemplarRefusal, kExemplarRefusals>;
extern template class RefusalsBy<SampleRefusal, kSampleRefusals>;
extern template class RefusalsBy<ExemplarRefusal, kExemplarRefusals>;

}  // namespace nines::ingest
