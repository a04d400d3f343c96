#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/yaml.h"

namespace nines::ingest {

// Prometheus' relabelling rules: syntax, defaults, checks and effects of model/relabel/relabel.go
// in Prometheus 3, with UTF-8 names as there.  Regular expressions are RE2's, anchored at both
// ends, and `.` matches a newline too.  `$1`, `${1}`, `$name` and `$$` in a replacement are those
// of Go's regexp.Expand.  lowercase and uppercase map each character of Unicode to one character.
//
// A value type, cheap to copy; safe for concurrent use.
class Relabel {
 public:
  Relabel() = default;  // No rules: everything passes as it is.

  // `node` is the list.  kInvalid names the place.
  static Result<Relabel> Parse(const yaml::Node& node);

  bool empty() const { return rules_ == nullptr; }

  // The labels that come out, unchecked: names may be empty, `__name__` may be gone.  nullopt: a
  // rule drops the series, or no label is left.
  std::optional<Labels> Apply(const Labels& labels) const;

  // Whether both have the same effect because their rules are the same.
  bool operator==(const Relabel& other) const;

 private:
  struct Rule;
  class Builder;
  std::shared_ptr<const std::vector<Rule>> rules_;
};

}  // namespace nines::ingest
