#include "api/process_metrics.h"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <map>
#include <string>

namespace nines::api {
namespace {

constexpr const char* kTail =
    " S 1 1 1 0 -1 4194304 100 200 0 0 11 22 33 44 20 0 8 0 5555 666000 777 18446744073709551615";

TEST(ProcessMetrics, ReadsStat) {
  for (const std::string name : {"(nines)", "(a b)", "(a) S 9 (b)", "())"}) {
    SCOPED_TRACE(name);
    const auto stat = ParseProcessStat("42 " + name + kTail + "\n");
    ASSERT_TRUE(stat.has_value());
    EXPECT_EQ(stat->user_ticks, 11u);
    EXPECT_EQ(stat->system_ticks, 22u);
    EXPECT_EQ(stat->start_ticks, 5555u);
    EXPECT_EQ(stat->virtual_bytes, 666000u);
    EXPECT_EQ(stat->resident_pages, 777u);
  }
}

TEST(ProcessMetrics, RefusesOtherText) {
  for (const std::string text : {"", "42 (nines", "42 (nines) S 1 2", "42 (nines) a b c d"}) {
    EXPECT_FALSE(ParseProcessStat(text).has_value()) << text;
  }
}

TEST(ProcessMetrics, AboutThisProcess) {
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : CollectProcessMetrics()) {
    ASSERT_EQ(family.metric.size(), 1u) << family.name;
    values[family.name] = family.type == prometheus::MetricType::Counter
                              ? family.metric[0].counter.value
                              : family.metric[0].gauge.value;
  }
  EXPECT_EQ(values.size(), 6u);
  EXPECT_GE(values["process_cpu_seconds_total"], 0);
  EXPECT_GE(values["process_open_fds"], 3);
  EXPECT_GE(values["process_max_fds"], values["process_open_fds"]);
  EXPECT_GT(values["process_resident_memory_bytes"], 100'000);
  EXPECT_GT(values["process_virtual_memory_bytes"], values["process_resident_memory_bytes"]);
  EXPECT_GT(values["process_start_time_seconds"], 1'600'000'000);
}

}  // namespace
}  // namespace nines::api
