#include "ingest/series_labels.h"

#include <algorithm>
#include <cstdint>

namespace nines::ingest {
namespace {

// Of a text for messages.
constexpr size_t kValueBytesMax = 64;
constexpr size_t kTextBytesMax = 256;

// The first bytes of a text, without half a character at its end.
std::string Cut(std::string_view text) {
  if (text.size() <= kValueBytesMax) return std::string(text);
  size_t size = kValueBytesMax;
  while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xc0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "...";
}

}  // namespace

Result<Labels> MakeLabelSet(std::vector<Label> labels) {
  std::sort(labels.begin(), labels.end());
  const auto repeated =
      std::adjacent_find(labels.begin(), labels.end(),
                         [](const Label& a, const Label& b) { return a.name == b.name; });
  if (repeated != labels.end()) {
    return Error{Code::kInvalid, "repeated label name " + GoQuote(Cut(repeated->name))};
  }
  return Labels(std::move(labels));
}

Result<Labels> MakeLabels(std::vector<Label> labels) {
  Result<Labels> result = MakeLabelSet(std::move(labels));
  if (result && !result->Has(kMetricName)) return Error{Code::kInvalid, "no metric name"};
  return result;
}

LabelText::LabelText(std::string_view metric)
    : metric_(Cut(metric)), in_front_(IsLegacyMetricName(metric_)) {
  if (!metric_.empty() && !in_front_) inside_ = GoQuote(metric_);
}

bool LabelText::Add(const LabelView& label) {
  if (!inside_.empty()) inside_ += ", ";
  if (inside_.size() > kTextBytesMax) {
    inside_ += "...";
    return false;
  }
  const std::string name = Cut(label.name);
  inside_ += IsLegacyLabelName(name) ? name : GoQuote(name);
  inside_ += '=' + GoQuote(Cut(label.value));
  return true;
}

std::string LabelText::Take() && {
  if (in_front_ && inside_.empty()) return std::move(metric_);
  return (in_front_ ? metric_ : "") + '{' + inside_ + '}';
}

}  // namespace nines::ingest
