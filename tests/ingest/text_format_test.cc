#include "ingest/text_format.h"

#include <gtest/gtest.h>

#include "base/number.h"
#include "tsdb/sample.h"

namespace nines::ingest {
namespace {

std::string Text(const TextExemplar& exemplar) {
  return exemplar.labels.ToString() + " " + FormatFloat(exemplar.value) +
         (exemplar.time_ms ? " " + std::to_string(*exemplar.time_ms) : "");
}

std::string Text(const TextSample& sample) {
  return sample.labels.ToString() + " " +
         (tsdb::IsStale(sample.value) ? "stale" : FormatFloat(sample.value)) + " " +
         std::to_string(sample.time_ms) + (sample.exemplar ? " # " + Text(*sample.exemplar) : "");
}

std::string Parse(std::string_view line, Exposition format) {
  const auto parsed = ParseExpositionLine(line, format);
  if (!parsed) return parsed.error().message;
  if (parsed->is_end) return "end";
  if (parsed->metadata) {
    return std::to_string(static_cast<int>(parsed->metadata->kind)) + " " + parsed->metadata->name +
           ": " + parsed->metadata->text;
  }
  return parsed->sample ? Text(*parsed->sample) : "";
}

TEST(TextFormat, OpenMetrics) {
  const auto f = [](std::string_view line, const std::string& want) {
    EXPECT_EQ(Parse(line, Exposition::kOpenMetrics), want) << line;
  };
  f("up 1 1605046980", "up 1 1605046980000");
  f("up{} 1 1605046980.0015\r", "up 1 1605046980002");
  f("x{a=\"b\",c=\"d\",} 5e-2 -1.5", "x{a=\"b\", c=\"d\"} 0.05 -1500");
  f("x{ a = \"b\" }  +Inf\t1e3", "x{a=\"b\"} +Inf 1000000");
  f(R"(x{a="q\"b\\c\nd\e"} -Inf 1)", R"(x{a="q\"b\\c\nd\\e"} -Inf 1000)");
  f("x:y_z NaN 1", "x:y_z NaN 1000");
  f(R"({"my.metric","a.b"="c"} 1 1)", R"({"my.metric", "a.b"="c"} 1 1000)");
  f(R"(x{"a.b"="c"} 1 1)", R"(x{"a.b"="c"} 1 1000)");
  f(R"(h_bucket{le="0.5"} 7 2 # {trace_id="abc"} 0.43 1.5)",
    R"(h_bucket{le="0.5"} 7 2000 # {trace_id="abc"} 0.43 1500)");
  f("h_count 7 2 # {} 0.43", "h_count 7 2000 # {} 0.43");
  f("# EOF", "end");
  f("# TYPE h histogram", "0 h: histogram");
  f(R"(# HELP h Time\nof "it" \\.)", "1 h: Time\nof \"it\" \\.");
  f("# UNIT h seconds", "2 h: seconds");
  f("# TYPE \"my.metric\" gauge", "0 my.metric: gauge");
  f("# anything else", "");
  f("#", "");
  f("  ", "");
}

TEST(TextFormat, PrometheusText) {
  const auto f = [](std::string_view line, const std::string& want) {
    EXPECT_EQ(Parse(line, Exposition::kPrometheus), want) << line;
  };
  f("up 1 1605046980123", "up 1 1605046980123");
  f("up{a=\"b\"}1 1605046980123", "up{a=\"b\"} 1 1605046980123");
  f("up 1 1605046980.5", "column 6: \"1605046980.5\" is no time in milliseconds");
  f("up 1 5 # {} 1", "column 8: something follows the time");
  f("# TYPE up untyped", "0 up: untyped");
}

TEST(TextFormat, ErrorsNameTheColumn) {
  const auto f = [](std::string_view line, const std::string& want) {
    EXPECT_EQ(Parse(line, Exposition::kOpenMetrics), want) << line;
  };
  f("up 1", "column 5: the time is missing, without which it cannot be imported");
  f("up 1 # {} 1", "column 6: the time is missing, without which it cannot be imported");
  f("up", "column 3: a value is missing");
  f("up x 1", "column 4: \"x\" is no value");
  f("up 1 soon", "column 6: \"soon\" is no time in seconds");
  f("up 1 1e300", "column 6: \"1e300\" is no time in seconds");
  f("up 1 NaN", "column 6: \"NaN\" is no time in seconds");
  f("1up 1 1", "column 1: \"1up\" is no metric name");
  f("{a=\"b\"} 1 1", "column 8: a metric name is missing");
  f("x{a=\"b\" 1 1", "column 9: ',' or '}' is missing");
  f("x{a=\"b\",,} 1 1", "column 9: \"\" is no label name");
  f("x{a} 1 1", "column 4: '=' is missing");
  f("x{a=b} 1 1", "column 5: '\"' is missing");
  f("x{a=\"b} 1 1", "column 5: the quote does not end");
  f("x{a=\"b\\", "column 5: the quote does not end");
  f("x{", "column 3: '}' is missing");
  f("x{a=\"\xff\"} 1 1", "column 5: not UTF-8");
  f("x{a=\"b\",a=\"c\"} 1 1", "column 15: the label \"a\" stands twice");
  f("x 1 1 # {a=\"b\"} 2 3 4", "column 21: something follows the exemplar");
  f("x 1 1 2", "column 7: no exemplar follows the time");
}

TEST(TextFormat, Dump) {
  const auto f = [](std::string_view line, const std::string& want) {
    const auto parsed = ParseDumpLine(line);
    EXPECT_EQ(parsed ? (*parsed ? Text(**parsed) : "") : parsed.error().message, want) << line;
  };
  f(R"({__name__="up", instance="a:9090"} 1 1605046980123)",
    R"(up{instance="a:9090"} 1 1605046980123)");
  f(R"({__name__="x", a="q\"} b\\\n\u00e9"} -1.5e-07 -5)", "x{a=\"q\\\"} b\\\\\\né\"} -1.5e-07 -5");
  f("{__name__=\"x\"} +Inf 7\r", "x +Inf 7");
  f("", "");
  f("{__name__=\"x\"} NaN 7", "x NaN 7");
  for (const std::string name : {"x_bucket", "x_count", "x_sum", "x_total"}) {
    f("{__name__=\"" + name + "\"} NaN 7", name + " stale 7");
  }
  f("x 1 1", "column 1: not a line of promtool tsdb dump: {labels} value milliseconds");
  f("{__name__=\"x\"}", "column 1: not a line of promtool tsdb dump: {labels} value milliseconds");
  f("{__name__=\"x\"} y 7", "column 16: \"y\" is no value");
  f("{__name__=\"x\"} 1 7.5", "column 18: no time in milliseconds");
  f("{__name__=~\"x\"} 1 7", "column 1: labels need '='");
  f("{__name__=\"x\"} {count:2, sum:3} 7",
    "column 25: no number: native histograms cannot be read from a dump, import them with "
    "--from-prometheus");
}

// Every NaN that is no staleness marker has the bits that Prometheus gives it.
TEST(TextFormat, NaNHasPrometheusBits) {
  const auto parsed = ParseExpositionLine("x nan 1", Exposition::kOpenMetrics);
  ASSERT_TRUE(parsed && parsed->sample);
  EXPECT_EQ(std::bit_cast<uint64_t>(parsed->sample->value), 0x7ff8000000000001u);
}

}  // namespace
}  // namespace nines::ingest
