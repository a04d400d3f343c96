#include "evaluator/slo/measure.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/check.h"
#include "evaluator/slo/counting.h"
#include "evaluator/slo/diagnose.h"

namespace nines::evaluator {
namespace {

constexpr int kSilentSpacings = 3;
constexpr uint32_t kSamplesMin = 2;  // Of an increase.

// A family that can be counted, and where its windows are in the store's answer.
struct Source {
  tsdb::ColumnId good;
  tsdb::ColumnId total;
  Time newest;
  size_t group = 0;
};

struct Columns {
  std::optional<tsdb::ColumnId> good;
  std::optional<tsdb::ColumnId> total;
};

// `_count` counts all events; the +Inf bucket does too, where there is no `_count`.
Columns ColumnsOf(const tsdb::FamilyView& family, double bound) {
  Columns columns;
  std::optional<tsdb::ColumnId> infinity;
  for (const tsdb::Column& column : family.columns) {
    if (column.role == tsdb::Role::kCount) columns.total = column.id;
    if (column.role != tsdb::Role::kBucket) continue;
    if (column.bound == bound) columns.good = column.id;
    if (std::isinf(column.bound) && column.bound > 0) infinity = column.id;
  }
  if (!columns.total) columns.total = infinity;
  return columns;
}

// Adds up the series of one group over one window.
struct Adder {
  Sum good;
  Sum total;
  bool any = false;
  uint32_t samples_max = 0;

  void Add(const tsdb::Window& good_window, const tsdb::Window& total_window, Time from, Time to) {
    samples_max = std::max(samples_max, total_window.count);
    const auto good_increase = Increase(good_window, from, to);
    const auto total_increase = Increase(total_window, from, to);
    if (!good_increase || !total_increase) return;
    good.Add(*good_increase);
    total.Add(*total_increase);
    any = true;
  }

  WindowMeasure Done() const {
    WindowMeasure measure;
    measure.samples_max = samples_max;
    if (any) measure.counts = {.good = good.value(), .total = total.value()};
    return measure;
  }
};

class Measurer {
 public:
  explicit Measurer(const MeasureRequest& request) : request_(request) {}

  void AddFamily(const tsdb::FamilyView& family) {
    const WindowPlan& plan = *request_.plan;
    if (!family.newest || *family.newest <= request_.slot - plan.windows.back()) return;
    const size_t at = GroupAt(family.labels.Only(request_.slo->latency.group_by));
    GroupMeasure& group = groups_[at];
    const bool live = *family.newest > request_.slot - plan.primary;
    if (!HasReached(family, request_.slot, request_.interval)) group.reached = false;
    NoteNewest(family, live, at);

    const Columns columns = ColumnsOf(family, request_.slo->latency.bound);
    if (columns.good && columns.total) {
      sources_.push_back({*columns.good, *columns.total, *family.newest, at});
    } else if (!live) {
      ++group.left_out;
    } else if (group.no_such_bound.empty()) {
      group.no_such_bound = ExplainNoSuchBound(request_.slo->latency, family);
    }
  }

  // Two queries a series and window, the good one first; windows without rows are not asked for.
  std::vector<tsdb::WindowQuery> Queries() const {
    std::vector<tsdb::WindowQuery> queries;
    ForEach([&](const Source& source, size_t, Time from) {
      queries.push_back({source.good, from, request_.slot});
      queries.push_back({source.total, from, request_.slot});
    });
    return queries;
  }

  std::vector<GroupMeasure> Count(const std::vector<tsdb::Window>& windows) {
    const size_t width = request_.plan->windows.size();
    std::vector<Adder> adders(groups_.size() * width);
    size_t next = 0;
    ForEach([&](const Source& source, size_t window, Time from) {
      CHECK(next + 2 <= windows.size());
      const tsdb::Window& good = windows[next];
      const tsdb::Window& total = windows[next + 1];
      next += 2;
      // A bucket that went away while the histogram goes on would count every event as bad.
      if (good.count < kSamplesMin && total.count >= kSamplesMin) {
        NoteLostBucket(source, window);
        return;
      }
      adders[source.group * width + window].Add(good, total, from, request_.slot);
    });
    for (size_t at = 0; at < groups_.size(); ++at) FinishGroup(at, adders);
    return std::move(groups_);
  }

 private:
  template <class F>
  void ForEach(const F& f) const {
    const auto& windows = request_.plan->windows;
    for (const Source& source : sources_) {
      for (size_t i = 0; i < windows.size(); ++i) {
        const Time from = request_.slot - windows[i];
        if (windows[i] <= request_.retention && source.newest > from) f(source, i, from);
      }
    }
  }

  size_t GroupAt(Labels labels) {
    const auto [it, fresh] = index_.emplace(std::move(labels), groups_.size());
    if (fresh) {
      groups_.emplace_back().labels = it->first;
      live_through_.emplace_back();
    }
    return it->second;
  }

  // data_through is the newest row of the slowest family that still sends; of the last that sent
  // where none does.
  void NoteNewest(const tsdb::FamilyView& family, bool live, size_t at) {
    auto& slowest = live_through_[at];
    if (live && !family.ended)
      slowest = slowest ? std::min(*slowest, *family.newest) : *family.newest;
    auto& newest = groups_[at].data_through;
    newest = newest ? std::max(*newest, *family.newest) : *family.newest;
  }

  void NoteLostBucket(const Source& source, size_t window) {
    GroupMeasure& group = groups_[source.group];
    if (request_.plan->windows[window] != request_.plan->primary) {
      ++group.left_out;
    } else if (group.no_such_bound.empty()) {
      group.no_such_bound = ExplainLostBucket(request_.slo->latency, request_.plan->primary);
    }
  }

  void FinishGroup(size_t at, const std::vector<Adder>& adders) {
    GroupMeasure& group = groups_[at];
    const auto& windows = request_.plan->windows;
    if (live_through_[at]) group.data_through = live_through_[at];
    for (size_t i = 0; i < windows.size(); ++i) {
      WindowMeasure measure;
      if (group.no_such_bound.empty()) measure = adders[at * windows.size() + i].Done();
      measure.within_retention = windows[i] <= request_.retention;
      group.windows.push_back(measure);
    }
  }

  const MeasureRequest& request_;
  std::map<Labels, size_t> index_;
  std::vector<GroupMeasure> groups_;
  std::vector<std::optional<Time>> live_through_;  // A group's slowest family that still sends.
  std::vector<Source> sources_;
};

}  // namespace

size_t WindowPlan::Index(Duration window) const {
  const auto it = std::lower_bound(windows.begin(), windows.end(), window);
  CHECK(it != windows.end() && *it == window);
  return static_cast<size_t>(it - windows.begin());
}

WindowPlan PlanOf(const Slo& slo) {
  WindowPlan plan;
  plan.primary = slo.alert ? slo.alert->window : AlertSpec().window;
  plan.budget = slo.window;
  plan.windows = {plan.primary, plan.budget};
  for (const BurnRateRow& row : slo.burn_rates) {
    plan.windows.push_back(row.long_window);
    plan.windows.push_back(row.short_window);
  }
  std::sort(plan.windows.begin(), plan.windows.end());
  plan.windows.erase(std::unique(plan.windows.begin(), plan.windows.end()), plan.windows.end());
  return plan;
}

bool HasReached(const tsdb::FamilyView& family, Time slot, Duration interval) {
  if (!family.newest || family.ended) return true;
  const Duration usual = family.spacing > Duration{0} ? family.spacing : interval;
  if (*family.newest >= slot - usual) return true;
  return *family.newest < slot - std::max(kSilentSpacings * usual, interval);
}

Result<std::vector<GroupMeasure>> Measure(const tsdb::Store& store,
                                          const std::vector<tsdb::FamilyView>& families,
                                          const MeasureRequest& request) {
  Measurer measurer(request);
  for (const tsdb::FamilyView& family : families) measurer.AddFamily(family);
  const auto windows = store.Windows(measurer.Queries());
  if (!windows) return windows.error();
  auto groups = measurer.Count(*windows);
  std::sort(groups.begin(), groups.end(),
            [](const GroupMeasure& a, const GroupMeasure& b) { return a.labels < b.labels; });
  return groups;
}

}  // namespace nines::evaluator
