#include "tsdb/admission.h"

#include <utility>

#include "base/check.h"

namespace nines::tsdb {
namespace {

double ValueOf(const tsdb::Append& sample) { return sample.value; }
double ValueOf(const AppendHistogram&) { return 0; }

}  // namespace

Admission::Admission(const Limits& limits, const Index* index, Stored stored)
    : limits_(limits), index_(index), stored_(std::move(stored)) {}

void Admission::Observe(ColumnId id, int64_t time_ms, double value) {
  const size_t column = static_cast<uint32_t>(id);
  if (column >= newest_.size()) newest_.resize(index_->columns());
  Newest& newest = newest_[column];
  if (time_ms > newest.time_ms) newest = {time_ms, value};
}

Result<AppendReport> Admission::Decide(const Writes& writes, Time now) {
  if (newest_.size() < index_->columns()) newest_.resize(index_->columns());
  const size_t undo = undo_.size();
  const size_t samples = samples_.all().size();
  const size_t histograms = histograms_.all().size();
  const Bounds bounds{.oldest_ms = ToUnixMs(now - limits_.retention),
                      .latest_ms = ToUnixMs(now + limits_.future_max)};
  AppendReport report;
  Result<void> decided = DecideAll(writes.samples, bounds, &samples_, &report.stored,
                                   &report.repeated, &report.refused);
  if (decided) {
    decided = DecideAll(writes.histograms, bounds, &histograms_, &report.histograms_stored,
                        &report.histograms_repeated, &report.refused_histograms);
  }
  if (decided) return report;
  TakeBackTo(undo, samples, histograms);
  return decided.error();
}

template <class T>
Result<void> Admission::DecideAll(std::span<const T> offered, const Bounds& bounds,
                                  Accepted<T>* accepted, uint64_t* stored, uint64_t* repeated,
                                  std::vector<AppendReport::Refused>* refused) {
  for (uint32_t i = 0; i < offered.size(); ++i) {
    const T& one = offered[i];
    Refusal reason{};
    Result<Verdict> verdict = DecideByTime(one.column, one.time_ms, ValueOf(one), bounds, &reason);
    if (verdict && *verdict == Verdict::kLate) verdict = DecideLate(one, &reason);
    if (!verdict) return verdict.error();
    switch (*verdict) {
      case Verdict::kStore:
        accepted->Add(one);
        ++*stored;
        break;
      case Verdict::kRepeated:
        ++*repeated;
        break;
      case Verdict::kRefused:
      case Verdict::kLate:
        refused->push_back({i, reason});
        break;
    }
  }
  return {};
}

Result<Admission::Verdict> Admission::DecideByTime(ColumnId id, int64_t time_ms, double value,
                                                   const Bounds& bounds, Refusal* reason) {
  const uint32_t column = static_cast<uint32_t>(id);
  CHECK(column < newest_.size());
  if (time_ms > bounds.latest_ms) {
    *reason = Refusal::kTooFarAhead;
    return Verdict::kRefused;
  }
  if (time_ms < bounds.oldest_ms) {
    *reason = Refusal::kBeyondRetention;
    return Verdict::kRefused;
  }
  if (families_on_disk_ > 0) {
    const FamilyId family = index_->PlaceOf(id).family;
    if (const Result<void> loaded = LoadFamily(family); !loaded) return loaded.error();
  }
  Newest& newest = newest_[column];
  if (time_ms > newest.time_ms) {
    undo_.push_back({column, newest});
    newest = {time_ms, value};
    return Verdict::kStore;
  }
  if (newest.time_ms - time_ms <= limits_.out_of_order_window.count()) return Verdict::kLate;
  *reason = Refusal::kTooOld;
  return Verdict::kRefused;
}

Result<Admission::Verdict> Admission::DecideLate(const tsdb::Append& sample, Refusal* reason) {
  const auto compare = [&](double stored) {
    if (SameBits(stored, sample.value)) return Verdict::kRepeated;
    *reason = Refusal::kDuplicate;
    return Verdict::kRefused;
  };
  const Newest& newest = newest_[static_cast<uint32_t>(sample.column)];
  if (sample.time_ms == newest.time_ms) return compare(newest.value);
  if (const auto* staged = samples_.Find(sample.column, sample.time_ms)) {
    return compare(staged->value);
  }
  const Result<std::optional<double>> stored = stored_.find(sample.column, sample.time_ms);
  if (!stored) return stored.error();
  return *stored ? compare(**stored) : Verdict::kStore;
}

Result<Admission::Verdict> Admission::DecideLate(const AppendHistogram& histogram,
                                                 Refusal* reason) {
  const auto compare = [&](std::string_view stored) {
    if (stored == histogram.bytes) return Verdict::kRepeated;
    *reason = Refusal::kDuplicate;
    return Verdict::kRefused;
  };
  if (const auto* staged = histograms_.Find(histogram.column, histogram.time_ms)) {
    return compare(staged->bytes);
  }
  const Result<std::optional<std::string_view>> stored =
      stored_.find_histogram(histogram.column, histogram.time_ms);
  if (!stored) return stored.error();
  return *stored ? compare(**stored) : Verdict::kStore;
}

Result<void> Admission::LoadFamily(FamilyId family) {
  const uint32_t i = static_cast<uint32_t>(family);
  if (i >= families_on_disk_) return {};
  if (loaded_.empty()) loaded_.resize(families_on_disk_);
  if (loaded_[i]) return {};
  const Result<std::vector<std::optional<Sample>>> newest = stored_.newest(family);
  if (!newest) return newest.error();
  const std::vector<ColumnId> columns = index_->IdsOf(family);
  for (size_t ordinal = 0; ordinal < newest->size() && ordinal < columns.size(); ++ordinal) {
    const std::optional<Sample>& sample = (*newest)[ordinal];
    if (sample) Observe(columns[ordinal], ToUnixMs(sample->at), sample->value);
  }
  loaded_[i] = true;
  return {};
}

void Admission::Accept() {
  undo_.clear();
  samples_.Clear();
  histograms_.Clear();
}

void Admission::TakeBack() {
  TakeBackTo(0, 0, 0);
  Accept();
}

void Admission::TakeBackTo(size_t undo, size_t samples, size_t histograms) {
  while (undo_.size() > undo) {
    newest_[undo_.back().column] = undo_.back().newest;
    undo_.pop_back();
  }
  samples_.Shrink(samples);
  histograms_.Shrink(histograms);
}

}  // namespace nines::tsdb
