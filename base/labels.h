#pragma once
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nines {

inline constexpr std::string_view kMetricName = "__name__";
inline constexpr std::string_view kBucketLabel = "le";

struct Label {
  std::string name;
  std::string value;
  auto operator<=>(const Label&) const = default;
};

// A label set: sorted by name (bytes), names unique, no empty values (an empty value is an absent
// label, as in Prometheus).  A value type; not synchronised.
class Labels {
 public:
  Labels() = default;
  Labels(std::initializer_list<Label> labels) : Labels(std::vector<Label>(labels)) {}
  // Sorts, drops empty values; of equal names the last one wins.
  explicit Labels(std::vector<Label> labels);

  // The value, or "" where the label is absent.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const { return !Get(name).empty(); }

  // Replaces, adds, or with an empty value removes.
  void Set(std::string_view name, std::string_view value);
  void Remove(std::string_view name) { Set(name, ""); }

  // The labels of `names` that are present.
  Labels Only(const std::vector<std::string>& names) const;

  bool empty() const { return labels_.empty(); }
  size_t size() const { return labels_.size(); }
  auto begin() const { return labels_.begin(); }
  auto end() const { return labels_.end(); }

  // Compares label by label, name before value: Prometheus' order of series.
  auto operator<=>(const Labels&) const = default;
  bool operator==(const Labels&) const = default;

  // `{a="b", c="d"}`, Go-quoted, as Prometheus prints: with `__name__` in front of the brace when
  // it is there.
  std::string ToString() const;

  // Alertmanager's fingerprint: FNV-1a 64 over name 0xFF value 0xFF in order of names
  // (common/model/signature.go).  Printed as %016x.
  uint64_t Fingerprint() const;

 private:
  std::vector<Label> labels_;
};

// "%016x".
std::string FingerprintText(uint64_t fingerprint);

// Go's strconv.Quote: the quoting of label values in selectors and messages.
std::string GoQuote(std::string_view text);

bool IsUtf8(std::string_view text);

// [a-zA-Z_:][a-zA-Z0-9_:]* and [a-zA-Z_][a-zA-Z0-9_]*: what Prometheus accepted before UTF-8 names.
bool IsLegacyMetricName(std::string_view name);
bool IsLegacyLabelName(std::string_view name);

}  // namespace nines
