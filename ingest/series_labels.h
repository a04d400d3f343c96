#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/result.h"

// From the label bytes of a series, in either protocol, to a label set or to words.  A Cursor goes
// through them, and can be copied to begin again:
//   bool Next(LabelView* label);  // False at the end, and where the bytes are no label.
//   bool IsUtf8();                // Whether name and value of the label that Next() gave are.
//   std::string Problem() const;  // After Next() was false: "" at the end, else what is wrong.

namespace nines::ingest {

struct LabelView {
  std::string_view name;
  std::string_view value;
};

// Of the longest name and value.
struct LabelSizes {
  size_t name = 0;
  size_t value = 0;
};

// Sorted.  kInvalid: a repeated name.
Result<Labels> MakeLabelSet(std::vector<Label> labels);
// Likewise.  kInvalid: none of them is `__name__` with a value, too.
Result<Labels> MakeLabels(std::vector<Label> labels);

// `name{a="b", c="d"}` for messages, from labels in any order.
class LabelText {
 public:
  explicit LabelText(std::string_view metric);
  // False: the text is long enough, and "..." stands for this label and the others.
  bool Add(const LabelView& label);
  std::string Take() &&;

 private:
  std::string metric_;
  bool in_front_;
  std::string inside_;
};

template <class Cursor>
LabelSizes MeasureLabels(Cursor cursor) {
  LabelSizes sizes;
  for (LabelView label; cursor.Next(&label);) {
    sizes.name = std::max(sizes.name, label.name.size());
    sizes.value = std::max(sizes.value, label.value.size());
  }
  return sizes;
}

// As they came.  kInvalid names what is wrong: an empty label name, a name or value that is not
// UTF-8, the cursor's problem.  Takes memory for every label, so their number and sizes are to be
// checked before.
template <class Cursor>
Result<std::vector<Label>> CollectLabels(Cursor cursor) {
  std::vector<Label> labels;
  for (LabelView label; cursor.Next(&label);) {
    if (!cursor.IsUtf8()) return Error{Code::kInvalid, "label name or value is not UTF-8"};
    if (label.name.empty()) return Error{Code::kInvalid, "empty label name"};
    labels.push_back({std::string(label.name), std::string(label.value)});
  }
  if (std::string problem = cursor.Problem(); !problem.empty()) {
    return Error{Code::kInvalid, std::move(problem)};
  }
  return labels;
}

// kInvalid: that, no metric name, or a repeated label name.
template <class Cursor>
Result<Labels> ParseLabels(Cursor cursor) {
  auto labels = CollectLabels(std::move(cursor));
  if (!labels) return labels.error();
  return MakeLabels(*std::move(labels));
}

// The labels of an exemplar.  kExhausted: more than `bytes_max` bytes of names and values; kInvalid
// as above, but that they need no metric name.
template <class Cursor>
Result<Labels> ParseExemplarLabels(Cursor cursor, size_t bytes_max) {
  size_t bytes = 0;
  LabelView label;
  for (Cursor measured = cursor; measured.Next(&label);) {
    bytes += label.name.size() + label.value.size();
    if (bytes > bytes_max) return Error{Code::kExhausted, "labels are too long"};
  }
  auto labels = CollectLabels(std::move(cursor));
  if (!labels) return labels.error();
  return MakeLabelSet(*std::move(labels));
}

// The values of two labels, each of the first of that name; empty where there is none, or the bytes
// before it are no label.  Takes no memory.
struct TwoValues {
  std::string_view first;
  std::string_view second;
};
template <class Cursor>
TwoValues FindTwo(Cursor cursor, std::string_view first, std::string_view second) {
  TwoValues found;
  LabelView label;
  while ((found.first.empty() || found.second.empty()) && cursor.Next(&label)) {
    if (label.name == first && found.first.empty()) found.first = label.value;
    if (label.name == second && found.second.empty()) found.second = label.value;
  }
  return found;
}

// In the order of arrival; stops where the bytes are no label.  Long values and long texts are cut,
// marked by "...".
template <class Cursor>
std::string DescribeLabels(Cursor cursor) {
  std::string_view metric;
  LabelView label;
  for (Cursor first = cursor; first.Next(&label);) {
    if (label.name == kMetricName) metric = label.value;
  }
  LabelText text(metric);
  while (cursor.Next(&label)) {
    if (label.name == kMetricName) continue;
    if (!text.Add(label)) break;
  }
  return std::move(text).Take();
}

}  // namespace nines::ingest
