#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/result.h"

// Samples as lines of text, for import.  Pure functions.  Errors are kInvalid and name the column.

namespace nines::ingest {

struct TextExemplar {
  Labels labels;
  double value = 0;
  std::optional<int64_t> time_ms;
};

struct TextSample {
  Labels labels;  // `__name__` included.
  double value = 0;
  int64_t time_ms = 0;
  std::optional<TextExemplar> exemplar;
};

// `# TYPE name text` and so on.
struct TextMetadata {
  enum class Kind : uint8_t { kType, kHelp, kUnit };
  Kind kind = Kind::kType;
  std::string name;
  std::string text;  // Escapes undone.
};

struct ExpositionLine {
  std::optional<TextSample> sample;
  std::optional<TextMetadata> metadata;
  bool is_end = false;  // `# EOF`.
};

// The two formats in which a service shows its metrics; they differ in what a time is.
enum class Exposition : uint8_t {
  kOpenMetrics,  // Seconds, with a fraction that is rounded to milliseconds.
  kPrometheus,   // Milliseconds.
};

// One line without its end, of OpenMetrics 1.0 or of Prometheus' text format 0.0.4; names in quotes
// as in Prometheus 3 are read too.  An empty line and any other comment is none of the three.  A
// sample without a time is an error: nobody knows when it was.  NaN has the bits that Prometheus
// gives it.
Result<ExpositionLine> ParseExpositionLine(std::string_view line, Exposition format);

// One line of `promtool tsdb dump`: `{__name__="x", a="b"} 1.5 1605046980000`; nothing for an empty
// one.  promtool prints a staleness marker as NaN.  It is read as one in series that count (named
// _bucket, _count, _sum, _total), which have no other NaN as far as anybody counts; else as NaN.
Result<std::optional<TextSample>> ParseDumpLine(std::string_view line);

}  // namespace nines::ingest
