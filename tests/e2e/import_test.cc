// `nines import`: what goes in is what is read back, and it agrees with promtool and the real
// Prometheus, which were given the same file.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <map>

#include "base/clock.h"
#include "base/number.h"
#include "base/prng.h"
#include "tests/support/nines_process.h"
#include "tests/support/temp_dir.h"
#include "tsdb/store.h"

namespace nines::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr int64_t kStepMs = 300'000;
constexpr int kRows = 120;

// Series by their text, samples by time, values by their bits.
using Everything = std::map<std::string, std::map<int64_t, uint64_t>>;

// The first sample that the two do not agree about; "" where there is none.
std::string Difference(const Everything& a, const Everything& b) {
  if (a.size() != b.size()) return std::to_string(a.size()) + " and " + std::to_string(b.size());
  for (const auto& [series, samples] : a) {
    const auto other = b.find(series);
    if (other == b.end()) return series;
    if (samples.size() != other->second.size()) return series + ": number of samples";
    for (const auto& [time_ms, bits] : samples) {
      const auto at = other->second.find(time_ms);
      if (at == other->second.end() || at->second != bits) {
        return series + " at " + std::to_string(time_ms);
      }
    }
  }
  return "";
}

struct Ran {
  int status = -1;
  std::string output;
};
Ran RunProgram(std::vector<std::string> argv) {
  Process process(std::move(argv));
  const std::optional<int> status = process.Wait(60s);
  return {status.value_or(-1), process.Output()};
}

class ImportTest : public ::testing::Test {
 protected:
  // Whole hours, so that promtool's seconds are exact; old enough that no head block is touched.
  ImportTest() : start_ms_((ToUnixMs(SystemClock().Wall()) / 3'600'000 - 48) * 3'600'000) {}

  std::string Seconds(int row) const { return std::to_string((start_ms_ + row * kStepMs) / 1000); }

  // A histogram with a reset and a gauge of odd values, in order of series.  `first` and `last` of
  // the rows.
  std::string OpenMetrics(int first, int last) {
    std::map<std::string, std::string> lines;
    Prng prng(7);
    uint64_t buckets[3] = {};
    double sum = 0;
    for (int row = 0; row < kRows; ++row) {
      if (row == 70) {
        std::fill(std::begin(buckets), std::end(buckets), 0);
        sum = 0;
      }
      for (int i = 0; i < 3; ++i) {
        const uint64_t more = prng.Below(20);
        for (int up = i; up < 3; ++up) buckets[up] += more;
        sum += static_cast<double>(more) * 0.0371;
      }
      if (row < first || row > last) continue;
      const char* bounds[] = {"0.1", "2.5", "+Inf"};
      const std::string at = " " + Seconds(row) + "\n";
      for (int i = 0; i < 3; ++i) {
        lines["1" + std::to_string(i)] += std::string("h_seconds_bucket{job=\"a\",le=\"") +
                                          bounds[i] + "\"} " + std::to_string(buckets[i]) + at;
      }
      lines["2"] += "h_seconds_count{job=\"a\"} " + std::to_string(buckets[2]) + at;
      lines["3"] += "h_seconds_sum{job=\"a\"} " + FormatFloat(sum) + at;
      const char* odd[] = {"+Inf", "-Inf", "NaN", "5e-324", "-0", "1.7976931348623157e+308"};
      lines["4"] += std::string("odd{q=\"a\\\"b\\\\\"} ") + odd[row % 6] + at;
    }
    std::string text = "# TYPE h_seconds histogram\n# HELP h_seconds Time.\n";
    for (const auto& [key, series] : lines) {
      if (key == "4") text += "# TYPE odd gauge\n";
      text += series;
    }
    return text + "# EOF\n";
  }

  Ran Import(std::vector<std::string> what, const std::string& data) {
    what.insert(what.begin(), {NINES_PROGRAM, "import"});
    what.push_back("--storage.path=" + folder_.File(data));
    return RunProgram(what);
  }
  void MustImport(std::vector<std::string> what, const std::string& data) {
    const Ran ran = Import(std::move(what), data);
    ASSERT_EQ(ran.status, 0) << ran.output;
    EXPECT_NE(ran.output.find("imported "), std::string::npos) << ran.output;
    EXPECT_EQ(ran.output.find("not stored"), std::string::npos) << ran.output;
  }

  Everything Read(const std::string& data) {
    Everything all;
    auto store = tsdb::Store::Open({.path = folder_.File(data)});
    EXPECT_TRUE(store) << store.error().message;
    if (!store) return all;
    const Time from = FromUnixMs(0), to = SystemClock().Wall();
    const auto series = (*store)->Select({}, from, to);
    EXPECT_TRUE(series) << series.error().message;
    for (const tsdb::Series& one : *series) {
      const auto read = (*store)->Read({&one.id, 1}, from, to);
      EXPECT_TRUE(read) << read.error().message;
      for (const tsdb::Sample& sample : read->at(0)) {
        all[one.labels.ToString()][ToUnixMs(sample.at)] = std::bit_cast<uint64_t>(sample.value);
      }
    }
    return all;
  }

  std::string Peer(const std::string& name) {
    const std::string program = std::string(PEERS_DIR) + "/usr/bin/" + name;
    EXPECT_EQ(access(program.c_str(), X_OK), 0) << program << " is missing; ./dev test unpacks it";
    return program;
  }

  TempDir folder_;
  const int64_t start_ms_;
};

TEST_F(ImportTest, AgreesWithPromtoolAndPrometheus) {
  const std::string file = folder_.Write("m.txt", OpenMetrics(0, kRows));
  ASSERT_NO_FATAL_FAILURE(MustImport({"openmetrics", file}, "from_text"));
  const Everything ours = Read("from_text");
  ASSERT_EQ(ours.size(), 6u);
  for (const auto& [series, samples] : ours) EXPECT_EQ(samples.size(), size_t{kRows}) << series;

  const std::string blocks = folder_.File("blocks");
  const Ran made =
      RunProgram({Peer("promtool"), "tsdb", "create-blocks-from", "openmetrics", file, blocks});
  ASSERT_EQ(made.status, 0) << made.output;
  std::filesystem::create_directories(blocks + "/wal");  // Which promtool wants to see.
  const Ran dumped = RunProgram({Peer("promtool"), "tsdb", "dump", blocks});
  ASSERT_EQ(dumped.status, 0) << dumped.output;
  const std::string dump = folder_.Write("dump.txt", dumped.output);
  ASSERT_NO_FATAL_FAILURE(MustImport({"dump", dump}, "from_dump"));
  EXPECT_EQ(Difference(Read("from_dump"), ours), "");

  const std::string address = "127.0.0.1:" + std::to_string(FreePort());
  Process prometheus({Peer("prometheus"),
                      "--config.file=" + folder_.Write("prometheus.yml", "global: {}\n"),
                      "--storage.tsdb.path=" + blocks, "--web.listen-address=" + address});
  net::HttpClient client;
  ASSERT_TRUE(WaitUntil(
      [&] {
        const auto reply = client.Send({.url = "http://" + address + "/-/ready"});
        return reply && reply->status == 200;
      },
      30s))
      << prometheus.Output();
  ASSERT_NO_FATAL_FAILURE(
      MustImport({"--from-prometheus=http://" + address, "--start=" + Seconds(0)}, "from_api"));
  // Prometheus' protocols write nothing for a value that equals 0, which takes the sign of -0.
  Everything sent = ours;
  for (auto& [series, samples] : sent) {
    for (auto& [time_ms, bits] : samples) {
      if (bits == uint64_t{1} << 63) bits = 0;
    }
  }
  EXPECT_EQ(Difference(Read("from_api"), sent), "");

  // A part of it, and Prometheus' own answer to the same.
  ASSERT_NO_FATAL_FAILURE(MustImport(
      {"--from-prometheus=http://" + address, "--start=" + Seconds(10), "--end=" + Seconds(50),
       "--match=h_seconds_bucket{le=~\"0.1|2.5\"}", "--match", "h_seconds_sum"},
      "part"));
  const Everything part = Read("part");
  EXPECT_EQ(part.size(), 3u);
  const auto reply = client.Send({.url = "http://" + address + "/api/v1/query?query=" +
                                         "h_seconds_sum%5B12000s%5D&time=" + Seconds(50)});
  ASSERT_TRUE(reply && reply->status == 200);
  std::map<int64_t, uint64_t> theirs;
  const json::value answer = json::parse(reply->body);
  for (const json::value& point : answer.at("data").at("result").at(0).at("values").as_array()) {
    theirs[std::llround(point.at(0).to_number<double>() * 1000)] =
        std::bit_cast<uint64_t>(*ParseFloat(point.at(1).as_string()));
  }
  EXPECT_EQ(part.at("h_seconds_sum{job=\"a\"}"), theirs);
}

TEST_F(ImportTest, AnyOrderOfTimeAndTwice) {
  ASSERT_NO_FATAL_FAILURE(
      MustImport({"openmetrics", folder_.Write("m.txt", OpenMetrics(0, kRows))}, "at_once"));
  const std::string late = folder_.Write("late.txt", OpenMetrics(60, kRows));
  const std::string early = folder_.Write("early.txt", OpenMetrics(0, 80));
  for (const std::string& file : {late, early, late}) {
    ASSERT_NO_FATAL_FAILURE(MustImport({"openmetrics", file}, "in_parts"));
  }
  EXPECT_EQ(Difference(Read("in_parts"), Read("at_once")), "");
}

TEST_F(ImportTest, PrometheusTextInMilliseconds) {
  const std::string file =
      folder_.Write("m.prom", "up{job=\"a\"} 1 " + std::to_string(start_ms_ + 123) + "\n\nup 0 " +
                                  std::to_string(start_ms_) + "\n");
  ASSERT_NO_FATAL_FAILURE(MustImport({"text", file}, "data"));
  const Everything read = Read("data");
  EXPECT_EQ(read.at("up{job=\"a\"}").count(start_ms_ + 123), 1u);
  EXPECT_EQ(read.at("up").count(start_ms_), 1u);
}

TEST_F(ImportTest, WhatCannotBeIsSaid) {
  const auto f = [&](std::vector<std::string> what, int status, const std::string& words) {
    const Ran ran = Import(std::move(what), "data");
    EXPECT_EQ(ran.status, status) << ran.output;
    EXPECT_NE(ran.output.find(words), std::string::npos) << words << "\n" << ran.output;
  };
  f({"openmetrics", folder_.Write("a", "up 1 5\nup x 6\n")}, 1,
    "/a:2: column 4: \"x\" is no value");
  f({"openmetrics", folder_.Write("b", "up 1 " + Seconds(0) + "\n")}, 1,
    "/b:1: the file does not end with # EOF");
  f({"openmetrics", folder_.Write("c", "# EOF\nup 1 1\n")}, 1, "/c:2: something follows # EOF");
  f({"dump", folder_.Write("d", "\nup 1 1\n")}, 1, "/d:2: column 1: not a line of promtool");
  f({"text", folder_.File("none")}, 1, "cannot open " + folder_.File("none"));
  f({"text", folder_.Write("e", "up 1 1000\n")}, 0, "older than the retention: 1");
  f({"--from-prometheus=http://127.0.0.1:1"}, 1, "127.0.0.1:1");
  f({"--from-prometheus=http://127.0.0.1:1", "--match=1x"}, 1, "is no metric name");
  f({}, 2, "needs one of openmetrics, text, dump, --from-prometheus");
  f({"--match=up", "text", folder_.File("e")}, 2, "--from-prometheus");
  NinesProcess nines(NINES_PROGRAM, folder_.path());
  ASSERT_NO_FATAL_FAILURE(nines.Start());
  f({"text", folder_.File("e")}, 1, "another process has the database");
}

}  // namespace
}  // namespace nines::test
