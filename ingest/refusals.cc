#include "ingest/refusals.h"

#include "base/check.h"

namespace nines::ingest {

std::string_view SampleRefusalLabel(SampleRefusal why) {
  static constexpr std::array<std::string_view, kSampleRefusals> kLabels = {"labels",
                                                                            "labels_max",
                                                                            "label_name_bytes_max",
                                                                            "label_value_bytes_max",
                                                                            "series_max",
                                                                            "new_series_per_second",
                                                                            "ha_clusters_max",
                                                                            "duplicate",
                                                                            "too_old",
                                                                            "beyond_retention",
                                                                            "too_far_ahead",
                                                                            "histogram_invalid",
                                                                            "histogram_buckets_max",
                                                                            "no_samples"};
  return kLabels[static_cast<size_t>(why)];
}

std::string_view ExemplarRefusalLabel(ExemplarRefusal why) {
  static constexpr std::array<std::string_view, kExemplarRefusals> kLabels = {
      "invalid", "series", "too_long", "out_of_order", "beyond_retention", "too_far_ahead"};
  return kLabels[static_cast<size_t>(why)];
}

template <class Why, size_t kReasons>
void RefusalsBy<Why, kReasons>::Clear() {
  if (empty()) return;
  for (Entry& entry : entries_) entry = Entry{};
}

template <class Why, size_t kReasons>
typename RefusalsBy<Why, kReasons>::Entry& RefusalsBy<Why, kReasons>::Count(Why why,
                                                                            std::string_view text,
                                                                            uint64_t count) {
  CHECK(count > 0);
  Entry& entry = entries_[Index(why)];
  if (entry.count == 0) entry.text = text;
  entry.count += count;
  return entry;
}

template <class Why, size_t kReasons>
bool RefusalsBy<Why, kReasons>::empty() const {
  for (const Entry& entry : entries_) {
    if (entry.count > 0) return false;
  }
  return true;
}

template <class Why, size_t kReasons>
std::string RefusalsBy<Why, kReasons>::Text() const {
  std::string text;
  for (const Entry& entry : entries_) {
    if (entry.count == 0) continue;
    if (!text.empty()) text += "; ";
    text += entry.text + ": " + std::to_string(entry.count) + " (";
    for (size_t i = 0; i < entry.places.size(); ++i) {
      if (i > 0) text += ", ";
      text += entry.places[i];
    }
    if (entry.more_places) text += ", ...";
    text += ')';
  }
  return text;
}

template class RefusalsBy<SampleRefusal, kSampleRefusals>;
template class RefusalsBy<ExemplarRefusal, kExemplarRefusals>;

}  // namespace nines::ingest
