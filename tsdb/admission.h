#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "tsdb/head.h"
#include "tsdb/index.h"
#include "tsdb/store.h"

namespace nines::tsdb {

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
    // The newest samples of a family on disk, by ordinal.
    std::function<Result<std::vector<std::optional<Sample>>>(FamilyId)> newest;
  };

  Admission(const Limits& limits, const Index* index, Stored stored);

  // Families below this number may have samples on disk that no sample in memory tells of.
  void SetFamiliesOnDisk(uint32_t families) { families_on_disk_ = families; }

  // Takes note of a sample that is stored: the journal's, before the first commit.
  void Observe(const tsdb::Append& sample);

  // Decides all samples of a request and adds those to store to accepted().  An error: the request
  // left no trace.
  Result<AppendReport> Decide(std::span<const tsdb::Append> samples, Time now);

  const std::vector<tsdb::Append>& accepted() const { return accepted_; }

  // The commit succeeded, or failed.  Either makes ready for the next.
  void Accept();
  void TakeBack();

 private:
  enum class Verdict : uint8_t { kStore, kRepeated, kRefused };
  struct Newest {
    int64_t time_ms = kNever;
    double value = 0;
  };
  struct Undo {
    uint32_t column;
    Newest newest;
  };
  struct Cell {
    uint32_t column;
    int64_t time_ms;
    bool operator==(const Cell&) const = default;
  };
  struct CellHash {
    size_t operator()(const Cell& cell) const;
  };
  struct Bounds {
    int64_t oldest_ms;
    int64_t latest_ms;
  };

  Result<Verdict> DecideOne(const tsdb::Append& sample, const Bounds& bounds, Refusal* reason);
  Result<Verdict> DecideLate(const tsdb::Append& sample, const Newest& newest, Refusal* reason);
  Result<void> LoadFamily(FamilyId family);
  void TakeBackTo(size_t undo, size_t accepted);
  static Verdict Compare(double stored, double offered, Refusal* reason);

  Limits limits_;
  const Index* index_;
  Stored stored_;
  uint32_t families_on_disk_ = 0;
  std::vector<bool> loaded_;    // By family, those on disk: newest_ has what is there.
  std::vector<Newest> newest_;  // By column.
  std::vector<tsdb::Append> accepted_;
  std::vector<Undo> undo_;  // What to put back in newest_, latest last.
  // The cells of accepted_, made at a commit's first late sample: most commits have none.
  bool has_cells_ = false;
  std::unordered_map<Cell, double, CellHash> cells_;
};

}  // namespace nines::tsdb
