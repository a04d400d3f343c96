#include "tsdb/index.h"

#include <xxhash.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/number.h"
#include "tsdb/bytes.h"

namespace nines::tsdb {
namespace {

constexpr uint8_t kDefinitionVersion = 1;
// A bound can be spelt without end; beyond this many texts a column keeps the spelling it has.
constexpr size_t kSpellingsMax = 1'000'000;
constexpr Role kRoles[] = {Role::kValue, Role::kBucket, Role::kCount, Role::kSum, Role::kHistogram};

uint64_t LabelKey(uint32_t name, uint32_t value) { return uint64_t{name} << 32 | value; }

uint8_t Bit(Role role) { return static_cast<uint8_t>(1u << static_cast<unsigned>(role)); }

Error Damaged(std::string_view what, std::string_view key) {
  return {Code::kCorrupt, "series record " + HexText(key) + ": " + std::string(what)};
}

// Buckets first, then count, sum, value, histogram.
int Rank(Role role) {
  switch (role) {
    case Role::kBucket:
      return 0;
    case Role::kCount:
      return 1;
    case Role::kSum:
      return 2;
    case Role::kValue:
      return 3;
    case Role::kHistogram:
      return 4;
  }
  return 4;
}

}  // namespace

// Which (base name, role) pairs a query's matchers on `__name__` let through.
class Index::NameFilter {
 public:
  NameFilter(const Index& index, const Matchers& matchers) {
    for (const Matcher& matcher : matchers) {
      if (matcher.name() == kMetricName) Narrow(index, matcher);
    }
  }

  bool everything() const { return everything_; }
  uint8_t RolesOf(Symbols::Id base) const {
    if (everything_) return 0xff;
    const auto at = roles_.find(base);
    return at == roles_.end() ? uint8_t{0} : at->second;
  }
  const std::unordered_map<Symbols::Id, uint8_t>& roles() const { return roles_; }

 private:
  void Narrow(const Index& index, const Matcher& matcher) {
    std::unordered_map<Symbols::Id, uint8_t> found;
    if (matcher.type() == MatchType::kEqual) {
      // A name has one split for each role; no scan over the names there are.
      for (const Role role : kRoles) {
        const std::string suffix = MetricName("", role);
        std::string_view base = matcher.value();
        if (!base.ends_with(suffix)) continue;
        base.remove_suffix(suffix.size());
        const std::optional<Symbols::Id> id = index.symbols_.Find(base);
        if (id && index.by_base_.contains(*id)) found[*id] |= Bit(role);
      }
    } else {
      for (const auto& [base, families] : index.by_base_) {
        for (const Role role : kRoles) {
          if (matcher.Matches(MetricName(index.symbols_.Text(base), role))) {
            found[base] |= Bit(role);
          }
        }
      }
    }
    if (!everything_) {
      for (auto& [base, bits] : found) bits &= RolesOf(base);
    }
    roles_ = std::move(found);
    everything_ = false;
  }

  bool everything_ = true;
  std::unordered_map<Symbols::Id, uint8_t> roles_;
};

// One matcher on a label of families.
class Index::LabelFilter {
 public:
  LabelFilter(const Index& index, const Matcher& matcher)
      : index_(index), matcher_(matcher), name_(index.symbols_.Find(matcher.name())) {
    if (matcher.type() != MatchType::kEqual || matcher.value().empty()) return;
    const std::optional<Symbols::Id> value = index.symbols_.Find(matcher.value());
    if (!name_ || !value) return;
    const auto at = index.by_label_.find(LabelKey(*name_, *value));
    if (at != index.by_label_.end()) list_ = &at->second;
  }

  // Only the families of list() can match.
  bool narrows() const { return matcher_.type() == MatchType::kEqual && !matcher_.value().empty(); }
  // The families that do; nullptr where there are none.  REQUIRES: narrows().
  const std::vector<uint32_t>* list() const { return list_; }

  bool Matches(const FamilyInfo& family) {
    const Symbols::Id value = name_ ? index_.ValueOf(family, *name_) : kNone;
    // Values repeat from family to family; a regular expression is run once for each.
    const auto [at, is_new] = known_.try_emplace(value, false);
    if (is_new) {
      at->second =
          matcher_.Matches(value == kNone ? std::string_view{} : index_.symbols_.Text(value));
    }
    return at->second;
  }

 private:
  const Index& index_;
  const Matcher& matcher_;
  std::optional<Symbols::Id> name_;
  const std::vector<uint32_t>* list_ = nullptr;
  std::unordered_map<Symbols::Id, bool> known_;
};

Index::Index(uint64_t seed, uint32_t series_max)
    : seed_(seed), series_max_(series_max), symbols_(seed) {}

// ---- Making and loading.

Result<ColumnId> Index::RegisterSplit(const SplitSeries& split, std::vector<Change>* changed) {
  const Error full{Code::kExhausted,
                   "the limit of " + std::to_string(series_max_) + " series is reached"};
  // At the limit nothing is interned, or a sender could fill the memory with refused names.
  const bool is_full = columns_.size() >= series_max_;
  if (is_full && !HasSymbols(split)) return full;
  const Symbols::Id base = symbols_.Intern(split.base);
  const std::vector<LabelIds> labels = InternLabels(split.labels);
  if (families_.size() * 4 >= family_slots_.size() * 3) GrowFamilySlots();
  const size_t slot = FamilySlot(base, labels);
  uint32_t family = family_slots_[slot];
  uint32_t column = kNone;
  if (family != kNone) column = FindColumn(families_[family], split.role, split.bound);

  if (column != kNone) {
    ColumnInfo& info = columns_[column];
    if (info.role == Role::kBucket && bounds_[info.le].text != split.le &&
        bounds_.size() < kSpellingsMax) {
      info.le = InternBound(split.le, split.bound);
      changed->push_back(ColumnDefinition(column));
    }
    return ColumnId{column};
  }

  if (is_full) return full;
  if (family == kNone) {
    family = AddFamily(base, labels, slot);
    changed->push_back(FamilyDefinition(family));
  } else if (families_[family].width >= kFamilyColumnsMax) {
    return Error{Code::kExhausted, "histogram " + GoQuote(split.base) + " has more than " +
                                       std::to_string(kFamilyColumnsMax) + " series"};
  }
  const uint32_t le = split.role == Role::kBucket ? InternBound(split.le, split.bound) : kNone;
  column = AddColumn(family, split.role, le);
  changed->push_back(ColumnDefinition(column));
  return ColumnId{column};
}

bool Index::HasSymbols(const SplitSeries& split) const {
  const auto known = [&](std::string_view text) { return symbols_.Find(text).has_value(); };
  return known(split.base) && std::ranges::all_of(split.labels, [&](const Label& label) {
           return known(label.name) && known(label.value);
         });
}

bool Index::HasSplit(const SplitSeries& split) const {
  const std::optional<Symbols::Id> base = symbols_.Find(split.base);
  if (!base || family_slots_.empty()) return false;
  std::vector<LabelIds> labels;
  for (const Label& label : split.labels) {
    const std::optional<Symbols::Id> name = symbols_.Find(label.name);
    const std::optional<Symbols::Id> value = symbols_.Find(label.value);
    if (!name || !value) return false;
    labels.push_back({*name, *value});
  }
  const uint32_t family = family_slots_[FamilySlot(*base, labels)];
  return family != kNone && FindColumn(families_[family], split.role, split.bound) != kNone;
}

std::vector<Index::LabelIds> Index::InternLabels(const Labels& labels) {
  std::vector<LabelIds> ids;
  ids.reserve(labels.size());
  for (const Label& label : labels) {
    ids.push_back({symbols_.Intern(label.name), symbols_.Intern(label.value)});
  }
  return ids;
}

size_t Index::FamilySlot(Symbols::Id base, std::span<const LabelIds> labels) const {
  const size_t mask = family_slots_.size() - 1;
  size_t slot = XXH3_64bits_withSeed(labels.data(), labels.size_bytes(), seed_ ^ base) & mask;
  while (family_slots_[slot] != kNone) {
    const FamilyInfo& info = families_[family_slots_[slot]];
    if (info.base == base && std::ranges::equal(LabelsAt(info), labels)) break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

void Index::GrowFamilySlots() {
  family_slots_.assign(family_slots_.empty() ? 64 : family_slots_.size() * 2, kNone);
  for (uint32_t i = 0; i < families_.size(); ++i) {
    family_slots_[FamilySlot(families_[i].base, LabelsAt(families_[i]))] = i;
  }
}

uint32_t Index::AddFamily(Symbols::Id base, const std::vector<LabelIds>& labels, size_t slot) {
  CHECK(labels.size() <= 0xffff);
  CHECK(label_ids_.size() + labels.size() < kNone);
  const uint32_t family = static_cast<uint32_t>(families_.size());
  families_.push_back({.base = base,
                       .labels_from = static_cast<uint32_t>(label_ids_.size()),
                       .labels_size = static_cast<uint16_t>(labels.size())});
  label_ids_.insert(label_ids_.end(), labels.begin(), labels.end());
  family_slots_[slot] = family;
  by_base_[base].push_back(family);
  for (const LabelIds& label : labels)
    by_label_[LabelKey(label.name, label.value)].push_back(family);
  return family;
}

uint32_t Index::FindColumn(const FamilyInfo& family, Role role, double bound) const {
  for (uint32_t i = family.first_column; i != kNone; i = columns_[i].next) {
    if (columns_[i].role != role) continue;
    if (role != Role::kBucket || bounds_[columns_[i].le].number == bound) return i;
  }
  return kNone;
}

uint32_t Index::AddColumn(uint32_t family, Role role, uint32_t le) {
  const uint32_t column = static_cast<uint32_t>(columns_.size());
  FamilyInfo& info = families_[family];
  columns_.push_back({.family = family, .le = le, .ordinal = info.width, .role = role});
  if (info.first_column == kNone) {
    info.first_column = column;
  } else {
    columns_[info.last_column].next = column;
  }
  info.last_column = column;
  ++info.width;
  return column;
}

uint32_t Index::InternBound(std::string_view text, double number) {
  const auto [at, is_new] =
      bound_ids_.try_emplace(std::string(text), static_cast<uint32_t>(bounds_.size()));
  if (is_new) bounds_.push_back({std::string(text), number});
  return at->second;
}

// ---- Records.

Change Index::FamilyDefinition(uint32_t family) const {
  const FamilyInfo& info = families_[family];
  std::string key = "f";
  PutU32Be(family, &key);
  std::string value(1, static_cast<char>(kDefinitionVersion));
  PutText(symbols_.Text(info.base), &value);
  PutVarint(info.labels_size, &value);
  for (const LabelIds& label : LabelsAt(info)) {
    PutText(symbols_.Text(label.name), &value);
    PutText(symbols_.Text(label.value), &value);
  }
  return {.table = Table::kSeries, .key = std::move(key), .value = std::move(value)};
}

Change Index::ColumnDefinition(uint32_t column) const {
  const ColumnInfo& info = columns_[column];
  std::string key = "c";
  PutU32Be(column, &key);
  std::string value(1, static_cast<char>(kDefinitionVersion));
  PutVarint(info.family, &value);
  PutVarint(info.ordinal, &value);
  value.push_back(static_cast<char>(info.role));
  PutText(info.le == kNone ? std::string_view{} : bounds_[info.le].text, &value);
  return {.table = Table::kSeries, .key = std::move(key), .value = std::move(value)};
}

Result<void> Index::LoadFamily(std::string_view key, std::string_view value) {
  ByteReader k(key);
  ByteReader v(value);
  if (k.U8() != 'f' || k.U32Be() != families_.size() || !k.AtEnd()) {
    return Damaged("unexpected key", key);
  }
  if (v.U8() != kDefinitionVersion) return Damaged("version is not known", key);
  const std::string_view base = v.Text();
  const uint64_t n = v.Varint();
  std::vector<Label> labels;
  for (uint64_t i = 0; i < n && v.ok(); ++i) {
    std::string_view name = v.Text();
    std::string_view text = v.Text();
    labels.push_back({std::string(name), std::string(text)});
  }
  if (!v.AtEnd()) return Damaged("does not end where it should", key);
  const Symbols::Id base_id = symbols_.Intern(base);
  const std::vector<LabelIds> ids = InternLabels(Labels(std::move(labels)));
  if (ids.size() != n || n > 0xffff) return Damaged("labels are not a set", key);
  if (families_.size() * 4 >= family_slots_.size() * 3) GrowFamilySlots();
  const size_t slot = FamilySlot(base_id, ids);
  if (family_slots_[slot] != kNone) return Damaged("family stands twice", key);
  AddFamily(base_id, ids, slot);
  return {};
}

Result<void> Index::LoadColumn(std::string_view key, std::string_view value) {
  ByteReader k(key);
  ByteReader v(value);
  if (k.U8() != 'c' || k.U32Be() != columns_.size() || !k.AtEnd()) {
    return Damaged("unexpected key", key);
  }
  if (v.U8() != kDefinitionVersion) return Damaged("version is not known", key);
  const uint64_t family = v.Varint();
  const uint64_t ordinal = v.Varint();
  const uint8_t role = v.U8();
  const std::string_view le = v.Text();
  if (!v.AtEnd()) return Damaged("does not end where it should", key);
  if (family >= families_.size() || ordinal != families_[family].width ||
      ordinal >= kFamilyColumnsMax || role > static_cast<uint8_t>(Role::kHistogram)) {
    return Damaged("family, place or role is not possible", key);
  }
  uint32_t le_id = kNone;
  if (Role{role} == Role::kBucket) {
    const std::optional<double> bound = ParseFloat(le);
    if (!bound) return Damaged("bound is no number", key);
    le_id = InternBound(le, *bound);
  }
  AddColumn(static_cast<uint32_t>(family), Role{role}, le_id);
  return {};
}

// ---- Asking.

Role Index::RoleOf(ColumnId column) const { return columns_[static_cast<uint32_t>(column)].role; }

std::optional<uint32_t> Index::CountOf(FamilyId family) const {
  const uint32_t column = FindColumn(families_[static_cast<uint32_t>(family)], Role::kCount, 0);
  if (column == kNone) return std::nullopt;
  return columns_[column].ordinal;
}

std::string_view Index::BaseOf(FamilyId family) const {
  return symbols_.Text(families_[static_cast<uint32_t>(family)].base);
}

Labels Index::LabelsOf(FamilyId family) const {
  std::vector<Label> labels;
  for (const LabelIds& ids : LabelsAt(families_[static_cast<uint32_t>(family)])) {
    labels.push_back({std::string(symbols_.Text(ids.name)), std::string(symbols_.Text(ids.value))});
  }
  return Labels(std::move(labels));
}

Labels Index::LabelsOf(ColumnId column) const {
  const ColumnInfo& info = columns_[static_cast<uint32_t>(column)];
  const FamilyId family{info.family};
  return Join(BaseOf(family), info.role,
              info.le == kNone ? std::string_view{} : bounds_[info.le].text, LabelsOf(family));
}

std::vector<Column> Index::ColumnsOf(FamilyId family) const {
  std::vector<Column> columns;
  const FamilyInfo& info = families_[static_cast<uint32_t>(family)];
  for (uint32_t i = info.first_column; i != kNone; i = columns_[i].next) {
    const ColumnInfo& column = columns_[i];
    Column made{.id = ColumnId{i}, .role = column.role, .le = {}, .bound = 0};
    if (column.le != kNone) {
      made.le = bounds_[column.le].text;
      made.bound = bounds_[column.le].number;
    }
    columns.push_back(std::move(made));
  }
  std::ranges::sort(columns, [](const Column& a, const Column& b) {
    return std::pair(Rank(a.role), a.bound) < std::pair(Rank(b.role), b.bound);
  });
  return columns;
}

std::vector<ColumnId> Index::IdsOf(FamilyId family) const {
  std::vector<ColumnId> ids;
  const FamilyInfo& info = families_[static_cast<uint32_t>(family)];
  for (uint32_t i = info.first_column; i != kNone; i = columns_[i].next) ids.push_back(ColumnId{i});
  return ids;
}

Symbols::Id Index::ValueOf(const FamilyInfo& info, Symbols::Id name) const {
  for (const LabelIds& label : LabelsAt(info)) {
    if (label.name == name) return label.value;
  }
  return kNone;
}

const std::vector<uint32_t>* Index::Narrowest(const NameFilter& names,
                                              const std::vector<LabelFilter>& filters,
                                              std::vector<uint32_t>* scratch) const {
  const std::vector<uint32_t>* best = nullptr;
  for (const LabelFilter& filter : filters) {
    if (!filter.narrows()) continue;
    if (filter.list() == nullptr) return scratch;
    if (best == nullptr || filter.list()->size() < best->size()) best = filter.list();
  }
  if (names.everything()) return best;
  size_t of_names = 0;
  for (const auto& [base, roles] : names.roles()) {
    if (roles != 0) of_names += by_base_.at(base).size();
  }
  if (best != nullptr && best->size() <= of_names) return best;
  for (const auto& [base, roles] : names.roles()) {
    if (roles == 0) continue;
    const std::vector<uint32_t>& list = by_base_.at(base);
    scratch->insert(scratch->end(), list.begin(), list.end());
  }
  return scratch;
}

std::vector<ColumnId> Index::Select(const Matchers& matchers) const {
  const NameFilter names(*this, matchers);
  std::vector<LabelFilter> filters;
  std::vector<const Matcher*> on_le;
  for (const Matcher& matcher : matchers) {
    if (matcher.name() == kBucketLabel) {
      on_le.push_back(&matcher);
    } else if (matcher.name() != kMetricName) {
      filters.emplace_back(*this, matcher);
    }
  }
  std::vector<ColumnId> selected;
  const auto visit = [&](const FamilyInfo& family) {
    const uint8_t roles = names.RolesOf(family.base);
    if (roles == 0) return;
    for (LabelFilter& filter : filters) {
      if (!filter.Matches(family)) return;
    }
    SelectIn(family, roles, on_le, &selected);
  };
  std::vector<uint32_t> scratch;
  const std::vector<uint32_t>* candidates = Narrowest(names, filters, &scratch);
  if (candidates == nullptr) {
    for (const FamilyInfo& family : families_) visit(family);
  } else {
    for (const uint32_t family : *candidates) visit(families_[family]);
  }
  std::ranges::sort(selected);
  return selected;
}

void Index::SelectIn(const FamilyInfo& family, uint8_t roles,
                     const std::vector<const Matcher*>& on_le, std::vector<ColumnId>* out) const {
  std::string_view family_le;
  if (!on_le.empty()) {
    const std::optional<Symbols::Id> name = symbols_.Find(kBucketLabel);
    const Symbols::Id value = name ? ValueOf(family, *name) : kNone;
    if (value != kNone) family_le = symbols_.Text(value);
  }
  const auto matches = [&](const ColumnInfo& column, const Matcher& matcher) {
    if (column.role != Role::kBucket) return matcher.Matches(family_le);
    const Bound& bound = bounds_[column.le];
    const bool is_equality =
        matcher.type() == MatchType::kEqual || matcher.type() == MatchType::kNotEqual;
    const std::optional<double> number = is_equality ? ParseFloat(matcher.value()) : std::nullopt;
    if (!number) return matcher.Matches(bound.text);
    return (bound.number == *number) == (matcher.type() == MatchType::kEqual);
  };
  for (uint32_t i = family.first_column; i != kNone; i = columns_[i].next) {
    const ColumnInfo& column = columns_[i];
    if ((roles & Bit(column.role)) == 0) continue;
    if (std::ranges::all_of(on_le, [&](const Matcher* m) { return matches(column, *m); })) {
      out->push_back(ColumnId{i});
    }
  }
}

std::vector<FamilyId> Index::Families(std::string_view base, const Matchers& matchers) const {
  std::vector<FamilyId> found;
  const std::optional<Symbols::Id> id = symbols_.Find(base);
  const auto at = id ? by_base_.find(*id) : by_base_.end();
  if (at == by_base_.end()) return found;
  std::vector<LabelFilter> filters;
  for (const Matcher& matcher : matchers) filters.emplace_back(*this, matcher);
  for (const uint32_t family : at->second) {
    if (std::ranges::all_of(filters,
                            [&](LabelFilter& f) { return f.Matches(families_[family]); })) {
      found.push_back(FamilyId{family});
    }
  }
  return found;
}

}  // namespace nines::tsdb
