#include "ingest/text_format.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "base/matcher.h"
#include "base/number.h"
#include "tsdb/sample.h"

namespace nines::ingest {
namespace {

// Prometheus' NaN that is no staleness marker (model/value/value.go).
constexpr uint64_t kNormalNaN = 0x7ff8000000000001u;
// Milliseconds that every part of the program can work with: year 292 million is none of them.
constexpr double kTimeMax = 9.2e15;

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

std::optional<double> ParseValue(std::string_view text) {
  const std::optional<double> value = ParseFloat(text);
  if (value && std::isnan(*value)) return std::bit_cast<double>(kNormalNaN);
  return value;
}

std::optional<int64_t> ParseTimeMs(std::string_view text, Exposition format) {
  const std::optional<double> number = ParseFloat(text);
  if (!number) return std::nullopt;
  const double ms = format == Exposition::kOpenMetrics ? *number * 1000 : *number;
  if (!(std::abs(ms) < kTimeMax)) return std::nullopt;
  if (format == Exposition::kPrometheus && ms != std::trunc(ms)) return std::nullopt;
  return std::llround(ms);
}

class LineParser {
 public:
  LineParser(std::string_view line, Exposition format) : line_(line), format_(format) {}

  Result<ExpositionLine> Run() {
    ExpositionLine out;
    SkipSpaces();
    if (AtEnd()) return out;
    if (line_[at_] == '#') {
      ReadComment(&out);
      return out;
    }
    TextSample sample;
    if (!ReadSample(&sample)) {
      return Error{Code::kInvalid, "column " + std::to_string(at_ + 1) + ": " + problem_};
    }
    out.sample = std::move(sample);
    return out;
  }

 private:
  bool AtEnd() const { return at_ == line_.size(); }
  bool Fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  void SkipSpaces() {
    while (!AtEnd() && IsSpace(line_[at_])) ++at_;
  }
  bool Take(char c) {
    SkipSpaces();
    if (AtEnd() || line_[at_] != c) return false;
    ++at_;
    return true;
  }
  // Up to the next space.
  std::string_view Word() {
    SkipSpaces();
    const size_t begin = at_;
    while (!AtEnd() && !IsSpace(line_[at_])) ++at_;
    return line_.substr(begin, at_ - begin);
  }

  void ReadComment(ExpositionLine* out) {
    if (line_ == "# EOF") {
      out->is_end = true;
      return;
    }
    if (Word() != "#") return;
    const std::string_view kind = Word();
    TextMetadata metadata;
    if (kind == "TYPE") {
      metadata.kind = TextMetadata::Kind::kType;
    } else if (kind == "HELP") {
      metadata.kind = TextMetadata::Kind::kHelp;
    } else if (kind == "UNIT") {
      metadata.kind = TextMetadata::Kind::kUnit;
    } else {
      return;
    }
    SkipSpaces();
    if (!AtEnd() && line_[at_] == '"') {
      if (!ReadQuoted(&metadata.name)) return;
    } else {
      metadata.name = Word();
    }
    SkipSpaces();
    for (; !AtEnd(); ++at_) {
      const bool escaped = line_[at_] == '\\' && at_ + 1 < line_.size();
      if (escaped) ++at_;
      metadata.text.push_back(escaped && line_[at_] == 'n' ? '\n' : line_[at_]);
    }
    if (!metadata.name.empty()) out->metadata = std::move(metadata);
  }

  bool ReadSample(TextSample* sample) {
    std::vector<Label> labels;
    std::string name;
    while (!AtEnd() && !IsSpace(line_[at_]) && line_[at_] != '{') name.push_back(line_[at_++]);
    if (!name.empty() && !IsLegacyMetricName(name)) {
      at_ = 0;
      return Fail(GoQuote(name) + " is no metric name");
    }
    if (Take('{') && !ReadLabels(&labels, &name)) return false;
    if (name.empty()) return Fail("a metric name is missing");
    labels.push_back({std::string(kMetricName), std::move(name)});
    if (!MakeLabels(std::move(labels), &sample->labels)) return false;
    if (!ReadValue(&sample->value)) return false;
    SkipSpaces();
    if (AtEnd() || line_[at_] == '#') {
      return Fail("the time is missing, without which it cannot be imported");
    }
    std::optional<int64_t> time_ms;
    if (!ReadTime(&time_ms)) return false;
    sample->time_ms = *time_ms;
    SkipSpaces();
    if (AtEnd()) return true;
    if (format_ == Exposition::kPrometheus) return Fail("something follows the time");
    return ReadExemplar(&sample->exemplar);
  }

  bool ReadExemplar(std::optional<TextExemplar>* out) {
    TextExemplar exemplar;
    std::vector<Label> labels;
    if (!Take('#') || !Take('{')) return Fail("no exemplar follows the time");
    if (!ReadLabels(&labels, nullptr)) return false;
    if (!MakeLabels(std::move(labels), &exemplar.labels)) return false;
    if (!ReadValue(&exemplar.value)) return false;
    SkipSpaces();
    if (!AtEnd() && !ReadTime(&exemplar.time_ms)) return false;
    SkipSpaces();
    if (!AtEnd()) return Fail("something follows the exemplar");
    *out = std::move(exemplar);
    return true;
  }

  bool ReadValue(double* value) {
    SkipSpaces();
    const size_t begin = at_;
    const std::string_view word = Word();
    const std::optional<double> read = ParseValue(word);
    if (!read) {
      at_ = begin;
      return Fail(word.empty() ? "a value is missing" : GoQuote(word) + " is no value");
    }
    *value = *read;
    return true;
  }

  bool ReadTime(std::optional<int64_t>* time_ms) {
    const size_t begin = at_;
    const std::string_view word = Word();
    *time_ms = ParseTimeMs(word, format_);
    if (*time_ms) return true;
    at_ = begin;
    return Fail(GoQuote(word) + " is no time in " +
                (format_ == Exposition::kOpenMetrics ? "seconds" : "milliseconds"));
  }

  // Behind '{', up to and with '}'.  A quoted text without '=' is the metric name.
  bool ReadLabels(std::vector<Label>* labels, std::string* metric) {
    while (!Take('}')) {
      SkipSpaces();
      if (AtEnd()) return Fail("'}' is missing");
      std::string name;
      const bool quoted = line_[at_] == '"';
      if (quoted) {
        if (!ReadQuoted(&name)) return false;
      } else {
        while (!AtEnd() && !IsSpace(line_[at_]) && line_[at_] != '=' && line_[at_] != '}' &&
               line_[at_] != ',') {
          name.push_back(line_[at_++]);
        }
        if (!IsLegacyLabelName(name)) return Fail(GoQuote(name) + " is no label name");
      }
      if (Take('=')) {
        SkipSpaces();
        std::string value;
        if (!ReadQuoted(&value)) return false;
        labels->push_back({std::move(name), std::move(value)});
      } else if (quoted && metric != nullptr && metric->empty()) {
        *metric = std::move(name);
      } else {
        return Fail("'=' is missing");
      }
      if (!Take(',') && (AtEnd() || line_[at_] != '}')) return Fail("',' or '}' is missing");
    }
    return true;
  }

  bool ReadQuoted(std::string* text) {
    if (AtEnd() || line_[at_] != '"') return Fail("'\"' is missing");
    const size_t begin = at_++;
    for (; !AtEnd() && line_[at_] != '"'; ++at_) {
      char c = line_[at_];
      if (c == '\\') {
        if (++at_ == line_.size()) break;
        c = line_[at_];
        if (c == 'n') {
          c = '\n';
        } else if (c != '\\' && c != '"') {
          text->push_back('\\');
        }
      }
      text->push_back(c);
    }
    if (AtEnd()) {
      at_ = begin;
      return Fail("the quote does not end");
    }
    ++at_;
    if (!IsUtf8(*text)) {
      at_ = begin;
      return Fail("not UTF-8");
    }
    return true;
  }

  bool MakeLabels(std::vector<Label> labels, Labels* out) {
    std::vector<std::string> names;
    for (const Label& label : labels) names.push_back(label.name);
    std::ranges::sort(names);
    if (const auto twice = std::ranges::adjacent_find(names); twice != names.end()) {
      return Fail("the label " + GoQuote(*twice) + " stands twice");
    }
    *out = Labels(std::move(labels));
    return true;
  }

  const std::string_view line_;
  const Exposition format_;
  size_t at_ = 0;
  std::string problem_;
};

Error AtColumn(size_t at, const std::string& what) {
  return {Code::kInvalid, "column " + std::to_string(at + 1) + ": " + what};
}

bool Counts(std::string_view name) {
  return name.ends_with("_bucket") || name.ends_with("_count") || name.ends_with("_sum") ||
         name.ends_with("_total");
}

}  // namespace

Result<ExpositionLine> ParseExpositionLine(std::string_view line, Exposition format) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return LineParser(line, format).Run();
}

Result<std::optional<TextSample>> ParseDumpLine(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return std::optional<TextSample>();
  const size_t time_at = line.rfind(' ');
  const size_t value_at =
      time_at == line.npos || time_at == 0 ? line.npos : line.rfind(' ', time_at - 1);
  if (line[0] != '{' || value_at == line.npos || value_at == 0) {
    return AtColumn(0, "not a line of promtool tsdb dump: {labels} value milliseconds");
  }
  const std::string_view text = line.substr(0, value_at);
  const std::string_view value = line.substr(value_at + 1, time_at - value_at - 1);
  if (!text.ends_with('}') || value.ends_with('}')) {
    return AtColumn(value_at,
                    "no number: native histograms cannot be read from a dump, "
                    "import them with --from-prometheus");
  }
  const Result<Matchers> matchers = ParseMatchers(text);
  if (!matchers) return matchers.error();
  std::vector<Label> labels;
  for (const Matcher& one : *matchers) {
    if (one.type() != MatchType::kEqual) return AtColumn(0, "labels need '='");
    labels.push_back({one.name(), one.value()});
  }
  TextSample sample;
  sample.labels = Labels(std::move(labels));
  const std::optional<double> number = ParseValue(value);
  if (!number) return AtColumn(value_at + 1, GoQuote(value) + " is no value");
  sample.value = *number;
  if (std::isnan(*number) && Counts(sample.labels.Get(kMetricName))) {
    sample.value = tsdb::StaleMarker();
  }
  const auto time_ms = ParseTimeMs(line.substr(time_at + 1), Exposition::kPrometheus);
  if (!time_ms) return AtColumn(time_at + 1, "no time in milliseconds");
  sample.time_ms = *time_ms;
  return std::optional<TextSample>(std::move(sample));
}

}  // namespace nines::ingest
