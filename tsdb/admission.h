#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "tsdb/head.h"
#include "tsdb/index.h"
#include "tsdb/store.h"

namespace nines::tsdb {

// What a commit accepted of one kind, and which cells those are.
template <class T>
class Accepted {
 public:
  const std::vector<T>& all() const { return all_; }
  void Add(const T& one) {
    all_.push_back(one);
    if (has_cells_) AddCell(all_.size() - 1);
  }
  // Null where there is none.
  const T* Find(ColumnId column, int64_t time_ms) {
    // At a commit's first late sample: most commits have none.
    if (!has_cells_) {
      has_cells_ = true;
      for (size_t i = 0; i < all_.size(); ++i) AddCell(i);
    }
    const auto at = cells_.find({static_cast<uint32_t>(column), time_ms});
    return at == cells_.end() ? nullptr : &all_[at->second];
  }
  void Shrink(size_t size) {
    for (size_t i = size; has_cells_ && i < all_.size(); ++i) {
      cells_.erase({static_cast<uint32_t>(all_[i].column), all_[i].time_ms});
    }
    all_.resize(size);
  }
  void Clear() {
    all_.clear();
    if (has_cells_) cells_.clear();
    has_cells_ = false;
  }

 private:
  struct Cell {
    uint32_t column;
    int64_t time_ms;
    bool operator==(const Cell&) const = default;
  };
  struct CellHash {
    size_t operator()(const Cell& cell) const {
      const uint64_t mixed =
          (static_cast<uint64_t>(cell.time_ms) ^ uint64_t{cell.column} << 40) * 0x9e3779b97f4a7c15u;
      return static_cast<size_t>(mixed ^ mixed >> 32);
    }
  };
  void AddCell(size_t i) {
    cells_.emplace(Cell{static_cast<uint32_t>(all_[i].column), all_[i].time_ms}, i);
  }

  std::vector<T> all_;
  bool has_cells_ = false;
  std::unordered_map<Cell, size_t, CellHash> cells_;
};

// Decides sample by sample what a commit stores: DESIGN.md 6.7.  Knows each column's newest sample,
// so that what comes in order is decided without a look at anything stored.  Decisions count for
// the samples after them at once and are taken back when the commit fails.  Not synchronised: the
// leader's.
class Admission {
 public:
  struct Limits {
    Duration retention;
    Duration out_of_order_window;
    Duration future_max;
  };
  // How it asks for what is stored, where it has to.
  struct Stored {
    // The value of a column at a time.
    std::function<Result<std::optional<double>>(ColumnId, int64_t time_ms)> find;
    // Likewise the bytes of a native histogram, which stay until all of a commit is decided.
    std::function<Result<std::optional<std::string_view>>(ColumnId, int64_t time_ms)>
        find_histogram;
    // The newest samples of a family on disk, by ordinal.
    std::function<Result<std::vector<std::optional<Sample>>>(FamilyId)> newest;
  };

  Admission(const Limits& limits, const Index* index, Stored stored);

  // Families below this number may have samples on disk that no sample in memory tells of.
  void SetFamiliesOnDisk(uint32_t families) { families_on_disk_ = families; }

  // Takes note of a sample that is stored: the journal's, before the first commit.  Of a native
  // histogram the value means nothing.
  void Observe(ColumnId column, int64_t time_ms, double value);

  // Decides all samples of a request and adds those to store to accepted(), which is good for as
  // long as the bytes of histograms are there.  An error: the request left no trace.
  Result<AppendReport> Decide(const Writes& writes, Time now);

  Writes accepted() const { return {.samples = samples_.all(), .histograms = histograms_.all()}; }

  // The commit succeeded, or failed.  Either makes ready for the next.
  void Accept();
  void TakeBack();

 private:
  // kLate: not behind the newest, and to be compared with what is stored at that time, if anything.
  enum class Verdict : uint8_t { kStore, kRepeated, kRefused, kLate };
  struct Newest {
    int64_t time_ms = kNever;
    double value = 0;
  };
  struct Undo {
    uint32_t column;
    Newest newest;
  };
  struct Bounds {
    int64_t oldest_ms;
    int64_t latest_ms;
  };

  // All of one kind: adds to `accepted`, `stored`, `repeated` and `refused`.
  template <class T>
  Result<void> DecideAll(std::span<const T> offered, const Bounds& bounds, Accepted<T>* accepted,
                         uint64_t* stored, uint64_t* repeated,
                         std::vector<AppendReport::Refused>* refused);
  Result<Verdict> DecideByTime(ColumnId column, int64_t time_ms, double value, const Bounds& bounds,
                               Refusal* reason);
  Result<Verdict> DecideLate(const tsdb::Append& sample, Refusal* reason);
  Result<Verdict> DecideLate(const AppendHistogram& histogram, Refusal* reason);
  Result<void> LoadFamily(FamilyId family);
  void TakeBackTo(size_t undo, size_t samples, size_t histograms);

  Limits limits_;
  const Index* index_;
  Stored stored_;
  uint32_t families_on_disk_ = 0;
  std::vector<bool> loaded_;    // By family, those on disk: newest_ has what is there.
  std::vector<Newest> newest_;  // By column.
  Accepted<tsdb::Append> samples_;
  Accepted<AppendHistogram> histograms_;
  std::vector<Undo> undo_;  // What to put back in newest_, latest last.
};

}  // namespace nines::tsdb
