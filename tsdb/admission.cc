#include "tsdb/admission.h"

#include <utility>

#include "base/check.h"

namespace nines::tsdb {

size_t Admission::CellHash::operator()(const Cell& cell) const {
  const uint64_t mixed =
      (static_cast<uint64_t>(cell.time_ms) ^ uint64_t{cell.column} << 40) * 0x9e3779b97f4a7c15u;
  return static_cast<size_t>(mixed ^ mixed >> 32);
}

Admission::Admission(const Limits& limits, const Index* index, Stored stored)
    : limits_(limits), index_(index), stored_(std::move(stored)) {}

void Admission::Observe(const tsdb::Append& sample) {
  const size_t column = static_cast<uint32_t>(sample.column);
  if (column >= newest_.size()) newest_.resize(index_->columns());
  Newest& newest = newest_[column];
  if (sample.time_ms > newest.time_ms) newest = {sample.time_ms, sample.value};
}

Result<AppendReport> Admission::Decide(std::span<const tsdb::Append> samples, Time now) {
  if (newest_.size() < index_->columns()) newest_.resize(index_->columns());
  const size_t undo = undo_.size();
  const size_t accepted = accepted_.size();
  const Bounds bounds{.oldest_ms = ToUnixMs(now - limits_.retention),
                      .latest_ms = ToUnixMs(now + limits_.future_max)};
  AppendReport report;
  for (uint32_t i = 0; i < samples.size(); ++i) {
    Refusal reason{};
    const Result<Verdict> verdict = DecideOne(samples[i], bounds, &reason);
    if (!verdict) {
      TakeBackTo(undo, accepted);
      return verdict.error();
    }
    switch (*verdict) {
      case Verdict::kStore:
        accepted_.push_back(samples[i]);
        if (has_cells_) {
          cells_.emplace(Cell{static_cast<uint32_t>(samples[i].column), samples[i].time_ms},
                         samples[i].value);
        }
        ++report.stored;
        break;
      case Verdict::kRepeated:
        ++report.repeated;
        break;
      case Verdict::kRefused:
        report.refused.push_back({i, reason});
        break;
    }
  }
  return report;
}

Result<Admission::Verdict> Admission::DecideOne(const tsdb::Append& sample, const Bounds& bounds,
                                                Refusal* reason) {
  const uint32_t column = static_cast<uint32_t>(sample.column);
  CHECK(column < newest_.size());
  if (sample.time_ms > bounds.latest_ms) {
    *reason = Refusal::kTooFarAhead;
    return Verdict::kRefused;
  }
  if (sample.time_ms < bounds.oldest_ms) {
    *reason = Refusal::kBeyondRetention;
    return Verdict::kRefused;
  }
  if (families_on_disk_ > 0) {
    const FamilyId family = index_->PlaceOf(sample.column).family;
    if (const Result<void> loaded = LoadFamily(family); !loaded) return loaded.error();
  }
  Newest& newest = newest_[column];
  if (sample.time_ms > newest.time_ms) {
    undo_.push_back({column, newest});
    newest = {sample.time_ms, sample.value};
    return Verdict::kStore;
  }
  if (sample.time_ms == newest.time_ms) return Compare(newest.value, sample.value, reason);
  return DecideLate(sample, newest, reason);
}

Result<Admission::Verdict> Admission::DecideLate(const tsdb::Append& sample, const Newest& newest,
                                                 Refusal* reason) {
  if (newest.time_ms - sample.time_ms > limits_.out_of_order_window.count()) {
    *reason = Refusal::kTooOld;
    return Verdict::kRefused;
  }
  if (!has_cells_) {
    has_cells_ = true;
    for (const tsdb::Append& one : accepted_) {
      cells_.emplace(Cell{static_cast<uint32_t>(one.column), one.time_ms}, one.value);
    }
  }
  const auto staged = cells_.find({static_cast<uint32_t>(sample.column), sample.time_ms});
  if (staged != cells_.end()) return Compare(staged->second, sample.value, reason);
  const Result<std::optional<double>> stored = stored_.find(sample.column, sample.time_ms);
  if (!stored) return stored.error();
  if (*stored) return Compare(**stored, sample.value, reason);
  return Verdict::kStore;
}

Admission::Verdict Admission::Compare(double stored, double offered, Refusal* reason) {
  if (SameBits(stored, offered)) return Verdict::kRepeated;
  *reason = Refusal::kDuplicate;
  return Verdict::kRefused;
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
    if (sample) Observe({columns[ordinal], ToUnixMs(sample->at), sample->value});
  }
  loaded_[i] = true;
  return {};
}

void Admission::Accept() {
  undo_.clear();
  accepted_.clear();
  if (has_cells_) cells_.clear();
  has_cells_ = false;
}

void Admission::TakeBack() {
  TakeBackTo(0, 0);
  Accept();
}

void Admission::TakeBackTo(size_t undo, size_t accepted) {
  while (undo_.size() > undo) {
    newest_[undo_.back().column] = undo_.back().newest;
    undo_.pop_back();
  }
  for (size_t i = accepted; has_cells_ && i < accepted_.size(); ++i) {
    cells_.erase({static_cast<uint32_t>(accepted_[i].column), accepted_[i].time_ms});
  }
  accepted_.resize(accepted);
}

}  // namespace nines::tsdb
