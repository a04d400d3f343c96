#include "tsdb/series_finder.h"

#include <algorithm>
#include <memory>
#include <shared_mutex>
#include <utility>

namespace nines::tsdb {

// The families that were asked for as of one instant: rows do not move between memory and disk
// while they are looked at.
class SeriesFinder::Candidates {
 public:
  Candidates(State* state, const SeriesQuery& query, std::vector<ColumnId> columns)
      : from_ms_(ToUnixMs(query.from)), to_ms_(ToUnixMs(query.to)), columns_(std::move(columns)) {
    {
      const std::shared_lock lock(state->index_lock);
      Group(state->index);
    }
    const std::shared_lock lock(state->head_lock);
    for (Candidate& one : all_) {
      const int64_t newest_ms = state->head.TailOf(one.family).newest_ms;
      one.is_present = (newest_ms != kNever && from_ms_ <= newest_ms && newest_ms <= to_ms_) ||
                       state->head.HasRows(one.family, from_ms_, to_ms_);
    }
    view_ = state->partitions.Look();
  }

  const std::vector<Candidate>& all() const { return all_; }

  Result<bool> HasRows(const Candidate& one) {
    if (one.is_present) return true;
    return view_->HasFragment(one.family, from_ms_, to_ms_);
  }

 private:
  // A family's columns lie together but where it grew later.
  void Group(const Index& index) {
    const auto family = [&](ColumnId column) { return index.PlaceOf(column).family; };
    std::ranges::stable_sort(columns_, {}, family);
    for (size_t at = 0; at < columns_.size();) {
      size_t end = at + 1;
      while (end < columns_.size() && family(columns_[end]) == family(columns_[at])) ++end;
      all_.push_back({.family = family(columns_[at]),
                      .columns = std::span(columns_).subspan(at, end - at),
                      .is_present = false});
      at = end;
    }
  }

  const int64_t from_ms_;
  const int64_t to_ms_;
  std::vector<ColumnId> columns_;
  std::vector<Candidate> all_;
  std::unique_ptr<Partitions::View> view_;
};

std::vector<ColumnId> SeriesFinder::Select(const SeriesQuery& query) const {
  if (query.sets.empty()) return state_->index.Select({});
  std::vector<ColumnId> columns;
  for (const Matchers& set : query.sets) {
    const std::vector<ColumnId> selected = state_->index.Select(set);
    columns.insert(columns.end(), selected.begin(), selected.end());
  }
  std::ranges::sort(columns);
  const auto repeated = std::ranges::unique(columns);
  columns.erase(repeated.begin(), repeated.end());
  return columns;
}

template <class Collect>
Result<std::vector<std::string>> SeriesFinder::Gather(const SeriesQuery& query,
                                                      Collect collect) const {
  std::vector<ColumnId> columns;
  {
    const std::shared_lock lock(state_->index_lock);
    columns = Select(query);
  }
  Candidates candidates(state_, query, std::move(columns));
  Texts found;
  for (const Candidate& one : candidates.all()) {
    std::vector<std::string> given;
    {
      const std::shared_lock lock(state_->index_lock);
      collect(state_->index, one, found, &given);
    }
    if (given.empty()) continue;
    const Result<bool> has_rows = candidates.HasRows(one);
    if (!has_rows) return has_rows.error();
    if (*has_rows) found.insert(given.begin(), given.end());
  }
  return std::vector<std::string>(found.begin(), found.end());
}

Result<std::vector<std::string>> SeriesFinder::LabelNames(const SeriesQuery& query) const {
  return Gather(query, [](const Index& index, const Candidate& one, const Texts& found,
                          std::vector<std::string>* given) {
    const auto give = [&](std::string_view name) {
      if (!found.contains(name)) given->emplace_back(name);
    };
    give(kMetricName);
    const auto is_bucket = [&](ColumnId column) { return index.RoleOf(column) == Role::kBucket; };
    if (!found.contains(kBucketLabel) && std::ranges::any_of(one.columns, is_bucket)) {
      give(kBucketLabel);
    }
    index.ForEachLabel(one.family, [&](std::string_view name, std::string_view) { give(name); });
  });
}

Result<std::vector<std::string>> SeriesFinder::LabelValues(std::string_view name,
                                                           const SeriesQuery& query) const {
  return Gather(query, [name](const Index& index, const Candidate& one, const Texts& found,
                              std::vector<std::string>* given) {
    const auto give = [&](std::string_view value) {
      if (!found.contains(value)) given->emplace_back(value);
    };
    if (name == kMetricName) {
      for (const ColumnId column : one.columns) {
        give(MetricName(index.BaseOf(one.family), index.RoleOf(column)));
      }
      return;
    }
    // A bucket has its bound for `le`, whatever the family's labels are.
    bool has_other = false;
    for (const ColumnId column : one.columns) {
      if (name == kBucketLabel && index.RoleOf(column) == Role::kBucket) {
        give(index.BoundOf(column));
      } else {
        has_other = true;
      }
    }
    if (!has_other) return;
    index.ForEachLabel(one.family, [&](std::string_view label, std::string_view value) {
      if (label == name) give(value);
    });
  });
}

Result<std::vector<Labels>> SeriesFinder::Series(const SeriesQuery& query) const {
  std::vector<ColumnId> columns;
  {
    const std::shared_lock lock(state_->index_lock);
    columns = Select(query);
  }
  Candidates candidates(state_, query, std::move(columns));
  std::vector<Labels> found;
  for (const Candidate& one : candidates.all()) {
    const Result<bool> has_rows = candidates.HasRows(one);
    if (!has_rows) return has_rows.error();
    if (!*has_rows) continue;
    const std::shared_lock lock(state_->index_lock);
    for (const ColumnId column : one.columns) found.push_back(state_->index.LabelsOf(column));
  }
  // A series may have a column of numbers and one of native histograms.
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  return found;
}

std::vector<SeriesExemplars> SeriesFinder::FindExemplars(const SeriesQuery& query) const {
  const std::shared_lock lock(state_->index_lock);
  std::vector<SeriesExemplars> found;
  for (auto& [column, exemplars] :
       state_->exemplars.Find(Select(query), ToUnixMs(query.from), ToUnixMs(query.to))) {
    found.push_back({state_->index.LabelsOf(column), std::move(exemplars)});
  }
  std::ranges::stable_sort(found, {}, &SeriesExemplars::labels);
  return found;
}

}  // namespace nines::tsdb
