#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/result.h"
#include "tsdb/change.h"
#include "tsdb/family.h"
#include "tsdb/store.h"
#include "tsdb/symbols.h"

namespace nines::tsdb {

// More columns than any real histogram has.  A row holds a cell for each, so a sender that makes up
// bounds must not make rows wide without end.
inline constexpr uint32_t kFamilyColumnsMax = 1024;

// Which families and columns there are, in memory.  Not synchronised; const calls are safe for
// concurrent use with one another.
class Index {
 public:
  // Where a column's cells stand.
  struct Place {
    FamilyId family;
    uint32_t ordinal;
  };

  // `seed` keys the hashes; `series_max` is the most columns.
  Index(uint64_t seed, uint32_t series_max);

  // The column of `series`, made if it is new.  What must be written for it is added to `changed`:
  // a new family, a new column, or the new spelling of a bound.  kExhausted: `series_max`, or
  // kFamilyColumnsMax; nothing is changed then.
  Result<ColumnId> Register(const Labels& series, std::vector<Change>* changed) {
    return RegisterSplit(Split(series), changed);
  }
  // Likewise its column of native histograms.
  Result<ColumnId> RegisterHistogram(const Labels& series, std::vector<Change>* changed) {
    return RegisterSplit(SplitHistogramSeries(series), changed);
  }

  // Whether the series has a column, under whatever spelling of its bound.
  bool Has(const Labels& series) const { return HasSplit(Split(series)); }
  // Likewise its column of native histograms.
  bool HasHistogram(const Labels& series) const { return HasSplit(SplitHistogramSeries(series)); }

  // Puts back what Register() gave.  REQUIRES: families before columns, each in order of its id.
  // kCorrupt: not such a record, or out of order.
  Result<void> LoadFamily(std::string_view key, std::string_view value);
  Result<void> LoadColumn(std::string_view key, std::string_view value);

  size_t families() const { return families_.size(); }
  size_t columns() const { return columns_.size(); }

  // REQUIRES for all below: the id is of this index.
  Place PlaceOf(ColumnId column) const {
    const ColumnInfo& info = columns_[static_cast<uint32_t>(column)];
    return {FamilyId{info.family}, info.ordinal};
  }
  Role RoleOf(ColumnId column) const;
  // How many columns the family has.
  uint32_t WidthOf(FamilyId family) const { return families_[static_cast<uint32_t>(family)].width; }
  // The ordinal of the family's count, if it has one.
  std::optional<uint32_t> CountOf(FamilyId family) const;
  Labels LabelsOf(ColumnId column) const;
  std::string_view BaseOf(FamilyId family) const;
  Labels LabelsOf(FamilyId family) const;
  // Gives name and value of each; they live as long as the index.
  template <class Take>
  void ForEachLabel(FamilyId family, Take&& take) const {
    for (const LabelIds& label : LabelsAt(families_[static_cast<uint32_t>(family)])) {
      take(symbols_.Text(label.name), symbols_.Text(label.value));
    }
  }
  // Of a bucket, as written; until the next Register().
  std::string_view BoundOf(ColumnId column) const {
    return bounds_[columns_[static_cast<uint32_t>(column)].le].text;
  }
  // Buckets first in order of bound, then count, sum, value, histogram.
  std::vector<Column> ColumnsOf(FamilyId family) const;
  // By ordinal.
  std::vector<ColumnId> IdsOf(FamilyId family) const;

  // Columns whose labels match, in order of id.
  std::vector<ColumnId> Select(const Matchers& matchers) const;
  // Families of that base name whose labels match, in order of id.
  std::vector<FamilyId> Families(std::string_view base, const Matchers& matchers) const;

 private:
  struct LabelIds {
    Symbols::Id name;
    Symbols::Id value;
    bool operator==(const LabelIds&) const = default;
  };
  struct FamilyInfo {
    Symbols::Id base;
    uint32_t labels_from;  // Into label_ids_.
    uint16_t labels_size;
    uint16_t width = 0;
    uint32_t first_column = kNone;
    uint32_t last_column = kNone;
  };
  struct ColumnInfo {
    uint32_t family;
    uint32_t le;            // Into bounds_; kNone for other roles than kBucket.
    uint32_t next = kNone;  // The family's next column.
    uint16_t ordinal;
    Role role;
  };
  struct Bound {
    std::string text;
    double number;
  };
  class NameFilter;
  class LabelFilter;
  static constexpr uint32_t kNone = 0xffffffffu;

  Result<ColumnId> RegisterSplit(const SplitSeries& split, std::vector<Change>* changed);
  bool HasSplit(const SplitSeries& split) const;
  std::span<const LabelIds> LabelsAt(const FamilyInfo& info) const {
    return {label_ids_.data() + info.labels_from, info.labels_size};
  }
  Symbols::Id ValueOf(const FamilyInfo& info, Symbols::Id name) const;
  size_t FamilySlot(Symbols::Id base, std::span<const LabelIds> labels) const;
  bool HasSymbols(const SplitSeries& split) const;
  std::vector<LabelIds> InternLabels(const Labels& labels);
  uint32_t AddFamily(Symbols::Id base, const std::vector<LabelIds>& labels, size_t slot);
  void GrowFamilySlots();
  uint32_t FindColumn(const FamilyInfo& family, Role role, double bound) const;
  uint32_t AddColumn(uint32_t family, Role role, uint32_t le);
  uint32_t InternBound(std::string_view text, double number);
  Change FamilyDefinition(uint32_t family) const;
  Change ColumnDefinition(uint32_t column) const;
  // The shortest list of families that holds all that can match, or nullptr for all families.
  const std::vector<uint32_t>* Narrowest(const NameFilter& names,
                                         const std::vector<LabelFilter>& filters,
                                         std::vector<uint32_t>* scratch) const;
  void SelectIn(const FamilyInfo& family, uint8_t roles, const std::vector<const Matcher*>& on_le,
                std::vector<ColumnId>* out) const;

  uint64_t seed_;
  uint32_t series_max_;
  Symbols symbols_;
  std::vector<FamilyInfo> families_;
  std::vector<LabelIds> label_ids_;
  std::vector<ColumnInfo> columns_;
  std::vector<uint32_t> family_slots_;  // Open addressing over base and labels.
  std::vector<Bound> bounds_;
  std::unordered_map<std::string, uint32_t> bound_ids_;
  // Families in order of id, by base name and by (label name, value).
  std::unordered_map<Symbols::Id, std::vector<uint32_t>> by_base_;
  std::unordered_map<uint64_t, std::vector<uint32_t>> by_label_;
};

}  // namespace nines::tsdb
