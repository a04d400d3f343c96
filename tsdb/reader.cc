#include "tsdb/reader.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <numeric>
#include <optional>
#include <shared_mutex>
#include <tuple>

#include "base/check.h"

namespace nines::tsdb {
namespace {

const Summary::Of* ColumnIn(const Fragment& fragment, uint32_t ordinal) {
  const auto at =
      std::ranges::lower_bound(fragment.summary.columns, ordinal, {}, &Summary::Of::ordinal);
  if (at == fragment.summary.columns.end() || at->ordinal != ordinal) return nullptr;
  return &*at;
}

// Whether a fragment has a sample of the column in [from_ms, to_ms].
Result<bool> HasSample(Partitions::View* view, const Fragment& fragment, uint32_t ordinal,
                       int64_t from_ms, int64_t to_ms) {
  const Summary::Of* column = ColumnIn(fragment, ordinal);
  if (column == nullptr) return false;
  const auto is_inside = [&](Time at) { return from_ms <= ToUnixMs(at) && ToUnixMs(at) <= to_ms; };
  if (is_inside(column->newest.at)) return true;
  if (column->window.count > 0 && is_inside(column->window.first.at)) return true;
  const Result<std::vector<Sample>> samples = view->ReadColumn(fragment, ordinal);
  if (!samples) return samples.error();
  return std::ranges::any_of(*samples, [&](const Sample& s) { return is_inside(s.at); });
}

Result<std::vector<Sample>> ReadColumn(Partitions::View* view, const Fragment& fragment,
                                       uint32_t ordinal, const Sample*) {
  return view->ReadColumn(fragment, ordinal);
}
Result<std::vector<EncodedHistogram>> ReadColumn(Partitions::View* view, const Fragment& fragment,
                                                 uint32_t ordinal, const EncodedHistogram*) {
  return view->ReadHistograms(fragment, ordinal);
}

template <class T>
Result<void> AddColumn(Partitions::View* view, const Fragment& fragment, uint32_t ordinal,
                       int64_t from_ms, int64_t to_ms, std::vector<T>* out) {
  if (ColumnIn(fragment, ordinal) == nullptr) return {};
  Result<std::vector<T>> samples = ReadColumn(view, fragment, ordinal, out->data());
  if (!samples) return samples.error();
  for (T& sample : *samples) {
    const int64_t at_ms = ToUnixMs(sample.at);
    if (from_ms <= at_ms && at_ms <= to_ms) out->push_back(std::move(sample));
  }
  return {};
}

// A run of samples of one column that may count towards a window: of a fragment, or of the head.
struct Piece {
  int64_t first_ms;
  int64_t last_ms;
  const Fragment* fragment = nullptr;  // The head's when null.
  const Window* whole = nullptr;       // Its window, where all of it lies inside.
};

// The window (from_ms, to_ms] of one column out of its pieces.
class WindowMaker {
 public:
  WindowMaker(Partitions::View* view, uint32_t ordinal, int64_t from_ms, int64_t to_ms)
      : view_(view), ordinal_(ordinal), from_ms_(from_ms), to_ms_(to_ms) {}

  void AddFragment(const Fragment& fragment) {
    const Summary::Of* column = ColumnIn(fragment, ordinal_);
    if (column == nullptr || column->window.count == 0) return;
    const int64_t first_ms = ToUnixMs(column->window.first.at);
    const int64_t last_ms = ToUnixMs(column->window.last.at);
    if (last_ms <= from_ms_ || first_ms > to_ms_) return;
    const bool is_inside = first_ms > from_ms_ && last_ms <= to_ms_;
    pieces_.push_back({first_ms, last_ms, &fragment, is_inside ? &column->window : nullptr});
  }

  // `samples`: those in the window, in order of time.
  void AddHead(std::vector<Sample> samples) {
    std::erase_if(samples, [](const Sample& s) { return IsStale(s.value); });
    if (samples.empty()) return;
    pieces_.push_back({ToUnixMs(samples.front().at), ToUnixMs(samples.back().at)});
    head_ = std::move(samples);
  }

  Result<Window> Make() {
    std::ranges::sort(pieces_, {}, &Piece::first_ms);
    Window window;
    for (size_t i = 0; i < pieces_.size();) {
      // Pieces that overlap in time share samples, or late ones stand between: merged one by one.
      size_t end = i + 1;
      int64_t last_ms = pieces_[i].last_ms;
      while (end < pieces_.size() && pieces_[end].first_ms <= last_ms) {
        last_ms = std::max(last_ms, pieces_[end++].last_ms);
      }
      if (end == i + 1 && pieces_[i].whole != nullptr) {
        window.Append(*pieces_[i].whole);
      } else {
        const Result<void> added = AddMerged({pieces_.data() + i, end - i}, &window);
        if (!added) return added.error();
      }
      i = end;
    }
    return window;
  }

 private:
  Result<void> AddMerged(std::span<const Piece> pieces, Window* window) {
    std::vector<Sample> samples;
    for (const Piece& piece : pieces) {
      if (piece.fragment == nullptr) {
        samples.insert(samples.end(), head_.begin(), head_.end());
        continue;
      }
      const Result<void> added =
          AddColumn(view_, *piece.fragment, ordinal_, from_ms_ + 1, to_ms_, &samples);
      if (!added) return added;
    }
    if (pieces.size() > 1) SortAndCollapse(&samples);
    for (const Sample& sample : samples) {
      if (!IsStale(sample.value)) window->Add(sample);
    }
    return {};
  }

  Partitions::View* view_;
  uint32_t ordinal_;
  int64_t from_ms_;
  int64_t to_ms_;
  std::vector<Piece> pieces_;
  std::vector<Sample> head_;
};

}  // namespace

template <class ColumnOf>
Reader::Plan Reader::MakePlan(size_t n, ColumnOf column_of) const {
  Plan plan;
  plan.places.reserve(n);
  {
    const std::shared_lock lock(state_->index_lock);
    for (size_t i = 0; i < n; ++i) {
      CHECK(static_cast<uint32_t>(column_of(i)) < state_->index.columns());
      plan.places.push_back(state_->index.PlaceOf(column_of(i)));
    }
  }
  plan.order.resize(n);
  std::iota(plan.order.begin(), plan.order.end(), size_t{0});
  std::ranges::stable_sort(plan.order, {}, [&](size_t i) { return plan.places[i].family; });
  return plan;
}

Result<std::vector<Series>> Reader::Select(const Matchers& matchers, Time from, Time to) const {
  const int64_t from_ms = ToUnixMs(from);
  const int64_t to_ms = ToUnixMs(to);
  std::vector<ColumnId> columns;
  {
    const std::shared_lock lock(state_->index_lock);
    columns = state_->index.Select(matchers);
  }
  const Plan plan = MakePlan(columns.size(), [&](size_t i) { return columns[i]; });
  std::vector<uint8_t> has(columns.size());
  std::unique_ptr<Partitions::View> view;
  {
    const std::shared_lock lock(state_->head_lock);
    for (size_t i = 0; i < columns.size(); ++i) {
      has[i] = state_->head.Has(plan.places[i], from_ms, to_ms);
    }
    view = state_->partitions.Look();
  }
  std::optional<FamilyId> family;
  std::vector<Fragment> fragments;
  for (const size_t i : plan.order) {
    if (has[i] != 0) continue;
    if (family != plan.places[i].family) {
      family = plan.places[i].family;
      Result<std::vector<Fragment>> found = view->Fragments(*family, from_ms, to_ms);
      if (!found) return found.error();
      fragments = *std::move(found);
    }
    for (const Fragment& fragment : fragments) {
      const Result<bool> found =
          HasSample(view.get(), fragment, plan.places[i].ordinal, from_ms, to_ms);
      if (!found) return found.error();
      if (!*found) continue;
      has[i] = 1;
      break;
    }
  }
  std::vector<Series> series;
  {
    const std::shared_lock lock(state_->index_lock);
    for (size_t i = 0; i < columns.size(); ++i) {
      if (has[i] == 0) continue;
      series.push_back({.id = columns[i],
                        .labels = state_->index.LabelsOf(columns[i]),
                        .role = state_->index.RoleOf(columns[i])});
    }
  }
  std::ranges::sort(series, {}, [](const Series& one) { return std::tie(one.labels, one.role); });
  return series;
}

template <class T>
Result<std::vector<std::vector<T>>> Reader::Gather(std::span<const ColumnId> columns, Time from,
                                                   Time to) const {
  const int64_t from_ms = ToUnixMs(from);
  const int64_t to_ms = ToUnixMs(to);
  const Plan plan = MakePlan(columns.size(), [&](size_t i) { return columns[i]; });
  std::vector<std::vector<T>> head(columns.size());
  std::unique_ptr<Partitions::View> view;
  {
    const std::shared_lock lock(state_->head_lock);
    for (size_t i = 0; i < columns.size(); ++i) {
      state_->head.Collect(plan.places[i], from_ms, to_ms, &head[i]);
    }
    view = state_->partitions.Look();
  }
  std::vector<std::vector<T>> samples(columns.size());
  std::optional<FamilyId> family;
  std::vector<Fragment> fragments;
  for (const size_t i : plan.order) {
    if (family != plan.places[i].family) {
      family = plan.places[i].family;
      Result<std::vector<Fragment>> found = view->Fragments(*family, from_ms, to_ms);
      if (!found) return found.error();
      fragments = *std::move(found);
    }
    for (const Fragment& fragment : fragments) {
      const Result<void> added =
          AddColumn(view.get(), fragment, plan.places[i].ordinal, from_ms, to_ms, &samples[i]);
      if (!added) return added.error();
    }
    samples[i].insert(samples[i].end(), std::make_move_iterator(head[i].begin()),
                      std::make_move_iterator(head[i].end()));
    SortAndCollapse(&samples[i]);
  }
  return samples;
}

Result<std::vector<std::vector<Sample>>> Reader::Read(std::span<const ColumnId> columns, Time from,
                                                      Time to) const {
  return Gather<Sample>(columns, from, to);
}

Result<std::vector<std::vector<HistogramSample>>> Reader::ReadHistograms(
    std::span<const ColumnId> columns, Time from, Time to) const {
  {
    const std::shared_lock lock(state_->index_lock);
    for (const ColumnId column : columns) CHECK(state_->index.RoleOf(column) == Role::kHistogram);
  }
  const auto encoded = Gather<EncodedHistogram>(columns, from, to);
  if (!encoded) return encoded.error();
  std::vector<std::vector<HistogramSample>> histograms(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    for (const EncodedHistogram& one : (*encoded)[i]) {
      HistogramSample& made =
          histograms[i].emplace_back(HistogramSample{.at = one.at, .histogram = {}});
      if (auto decoded = DecodeHistogram(one.bytes, &made.histogram); !decoded) {
        return decoded.error();
      }
    }
  }
  return histograms;
}

Result<std::vector<Window>> Reader::Windows(std::span<const WindowQuery> queries) const {
  const Plan plan = MakePlan(queries.size(), [&](size_t i) { return queries[i].column; });
  const auto is_empty = [&](size_t i) { return queries[i].from >= queries[i].to; };
  std::vector<std::vector<Sample>> head(queries.size());
  std::unique_ptr<Partitions::View> view;
  {
    const std::shared_lock lock(state_->head_lock);
    for (size_t i = 0; i < queries.size(); ++i) {
      if (is_empty(i)) continue;
      state_->head.Collect(plan.places[i], ToUnixMs(queries[i].from) + 1, ToUnixMs(queries[i].to),
                           &head[i]);
    }
    view = state_->partitions.Look();
  }
  std::vector<Window> windows(queries.size());
  for (size_t at = 0; at < plan.order.size();) {
    // All queries of a family share one look at its summaries.
    const FamilyId family = plan.places[plan.order[at]].family;
    size_t end = at;
    Time from = Time::max();
    Time to = Time::min();
    for (; end < plan.order.size() && plan.places[plan.order[end]].family == family; ++end) {
      if (is_empty(plan.order[end])) continue;
      from = std::min(from, queries[plan.order[end]].from);
      to = std::max(to, queries[plan.order[end]].to);
    }
    std::vector<Fragment> fragments;
    if (from < to) {
      Result<std::vector<Fragment>> found =
          view->Fragments(family, ToUnixMs(from) + 1, ToUnixMs(to));
      if (!found) return found.error();
      fragments = *std::move(found);
    }
    for (; at < end; ++at) {
      const size_t i = plan.order[at];
      if (is_empty(i)) continue;
      WindowMaker maker(view.get(), plan.places[i].ordinal, ToUnixMs(queries[i].from),
                        ToUnixMs(queries[i].to));
      for (const Fragment& fragment : fragments) maker.AddFragment(fragment);
      maker.AddHead(std::move(head[i]));
      Result<Window> window = maker.Make();
      if (!window) return window.error();
      windows[i] = *std::move(window);
    }
  }
  return windows;
}

Result<std::vector<FamilyView>> Reader::Families(std::string_view base,
                                                 const Matchers& matchers) const {
  std::vector<FamilyView> views;
  std::vector<FamilyId> families;
  {
    const std::shared_lock lock(state_->index_lock);
    families = state_->index.Families(base, matchers);
    for (const FamilyId family : families) {
      views.push_back({.id = family,
                       .base = std::string(base),
                       .labels = state_->index.LabelsOf(family),
                       .columns = state_->index.ColumnsOf(family),
                       .newest = std::nullopt});
    }
  }
  if (const Result<void> loaded = LoadTails(families); !loaded) return loaded.error();
  {
    const std::shared_lock lock(state_->head_lock);
    for (FamilyView& view : views) {
      const Tail tail = state_->head.TailOf(view.id);
      if (tail.newest_ms == kNever) continue;
      view.newest = FromUnixMs(tail.newest_ms);
      view.spacing = Duration(tail.SpacingMs());
      view.ended = tail.ended;
    }
  }
  std::ranges::sort(views, {}, &FamilyView::labels);
  return views;
}

// After a restart the newest rows of a family are on disk, until somebody asks.
Result<void> Reader::LoadTails(const std::vector<FamilyId>& families) const {
  std::vector<FamilyId> missing;
  std::unique_ptr<Partitions::View> view;
  {
    const std::shared_lock lock(state_->head_lock);
    for (const FamilyId family : families) {
      if (static_cast<uint32_t>(family) >= state_->families_at_open) continue;
      if (!state_->head.TailOf(family).loaded) missing.push_back(family);
    }
    if (missing.empty()) return {};
    view = state_->partitions.Look();
  }
  for (const FamilyId family : missing) {
    const Result<Rows> rows = view->NewestRows(family, Tail::kDistances + 1);
    if (!rows) return rows.error();
    Tail tail = TailOf(*rows);
    tail.loaded = true;
    const std::lock_guard lock(state_->head_lock);
    state_->head.MergeTail(family, tail);
  }
  return {};
}

}  // namespace nines::tsdb
