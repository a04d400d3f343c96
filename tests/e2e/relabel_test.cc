// ingest.relabel_configs beside the real Prometheus.
//
// Goal: the same rules give the same series, whether Prometheus applies them before it sends or
// Nines after it received.
// Method: one Prometheus scrapes a target of the test's own and writes to two Nines; to one through
// write_relabel_configs, to the other as it is, where the same rules are ingest.relabel_configs.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <set>

#include "base/clock.h"
#include "tests/support/nines_process.h"
#include "tests/support/temp_dir.h"
#include "tsdb/store.h"

namespace nines::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kRules = R"(
- {source_labels: [__name__], regex: 'go_.*|process_.*', action: drop}
- {source_labels: [__name__, env], separator: '@', regex: 'test_keep@(prod|dev)|.*[^p]@.*|.*p@',
   action: keep}
- {source_labels: [instance], regex: '([^:]+):(\d+)', target_label: host, replacement: '${1}!$2'}
- {source_labels: [path], regex: '/(?P<first>\w+)/.*', target_label: 'area_$first',
   replacement: 'yes'}
- {source_labels: [path], regex: '/nowhere', target_label: zone, replacement: never}
- {source_labels: [a, b], target_label: joined}
- {source_labels: [a], target_label: b, action: dropequal}
- {source_labels: [keep], target_label: keep2, action: keepequal}
- {source_labels: [path, a], modulus: 7, target_label: shard, action: hashmod}
- {source_labels: [env], target_label: env_upper, action: uppercase}
- {source_labels: [mixed], target_label: mixed, action: lowercase}
- {regex: 'meta_(.+)', replacement: 'm_$1', action: labelmap}
- {regex: 'meta_.*|path', action: labeldrop}
- {target_label: cleared, replacement: ''}
- {source_labels: [__name__], regex: 'test_(.*)', target_label: __name__, replacement: 'renamed_$1'}
)";

constexpr const char* kTarget = R"(
go_threads 5
process_cpu_seconds_total 1
test_keep{env="prod"} 1
test_keep{env="dev",path="/a/b"} 2
test_keep{env="stage"} 3
test_p{env=""} 4
test_q{env="x",a="1",b="2",meta_one="1",meta_two="zwei"} 5
test_q{env="x",a="1",b="1"} 6
test_q{env="y",a="",b="2",path="/home/x"} 7
test_q{env="y",keep="1",keep2="1",a="3"} 8
test_q{env="y",keep="1",keep2="2",a="3"} 9
test_q{env="Straße",mixed="MiXeD ÄÖ",a="4"} 10
test_q{env="x",path="/nowhere",a="5",cleared="z"} 11
test_q{env="x",path="/p/q/r",a="6"} 12
test_q{env="x",path="/0/q/r",a="7"} 13
test_bucket{le="0.5",env="x",a="8"} 14
test_bucket{le="+Inf",env="x",a="8"} 15
)";

constexpr const char* kPrometheusConfig = R"(
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs:
  - job_name: target
    static_configs: [{targets: ["%TARGET%"]}]
remote_write:
  - url: "%BEFORE%/api/v1/write"
    queue_config: {batch_send_deadline: 100ms}
    write_relabel_configs: %RULES%
  - url: "%AFTER%/api/v1/write"
    queue_config: {batch_send_deadline: 100ms}
)";

std::string Replace(std::string text, const std::string& what, const std::string& with) {
  text.replace(text.find(what), what.size(), with);
  return text;
}

// kRules indented below a key.
std::string Indented() {
  std::string out;
  for (const char c : std::string_view(kRules)) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out;
}

std::set<std::string> SeriesIn(const std::string& path) {
  std::set<std::string> all;
  auto store = tsdb::Store::Open({.path = path});
  EXPECT_TRUE(store) << store.error().message;
  if (!store) return all;
  const Time now = SystemClock().Wall();
  const auto matcher = Matcher::Make("__name__", MatchType::kRegex, ".+");
  const auto found = (*store)->Select({*matcher}, now - 1h, now);
  EXPECT_TRUE(found);
  if (!found) return all;
  for (const tsdb::Series& series : *found) all.insert(series.labels.ToString());
  return all;
}

// The counter `nines_ingest_samples_total`.
int Samples(NinesProcess& nines) {
  const std::string metrics = nines.Get("/metrics");
  const std::string name = "\nnines_ingest_samples_total ";
  const size_t at = metrics.find(name);
  return at == metrics.npos ? 0 : std::atoi(metrics.c_str() + at + name.size());
}

TEST(Relabel, TheSameRulesGiveTheSameSeriesAsInPrometheus) {
  const std::string program = std::string(PEERS_DIR) + "/usr/bin/prometheus";
  ASSERT_EQ(access(program.c_str(), X_OK), 0) << program << " is missing; ./dev test unpacks it";
  const auto target = net::HttpServer::Start(
      {.listen_address = "127.0.0.1:0"},
      [](const net::HttpRequest&) { return net::HttpResponse::Text(200, kTarget); });
  ASSERT_TRUE(target);
  const TempDir before_folder, after_folder, folder;
  after_folder.Write("nines.yml", "ingest:\n  relabel_configs:" + Indented() + "\n");
  NinesProcess before(NINES_PROGRAM, before_folder.path());
  NinesProcess after(NINES_PROGRAM, after_folder.path());
  ASSERT_NO_FATAL_FAILURE(before.Start());
  ASSERT_NO_FATAL_FAILURE(after.Start());
  std::string config = Replace(kPrometheusConfig, "%TARGET%", (*target)->address());
  config = Replace(Replace(config, "%BEFORE%", before.url()), "%AFTER%", after.url());
  folder.Write("prometheus.yml", Replace(config, "%RULES%", Indented()));
  Process prometheus({program, "--config.file=" + folder.File("prometheus.yml"),
                      "--storage.tsdb.path=" + folder.File("data"),
                      "--web.listen-address=127.0.0.1:" + std::to_string(FreePort())});
  // Some scrapes of all that is kept.
  ASSERT_TRUE(WaitUntil([&] { return Samples(before) >= 80 && Samples(after) >= 80; }, 60s))
      << prometheus.Output();
  prometheus.Kill(SIGKILL);
  ASSERT_EQ(before.Terminate(), 0) << before.log();
  ASSERT_EQ(after.Terminate(), 0) << after.log();
  const std::set<std::string> theirs = SeriesIn(before.data_path());
  EXPECT_EQ(SeriesIn(after.data_path()), theirs);
  // Each rule that changes something has.
  std::string all;
  for (const std::string& series : theirs) all += series + "\n";
  for (const char* part :
       {"host=\"127.0.0.1!", "area_p=\"yes\"", "joined=\"1;2\"", "zone=\"never\"", "shard=\"",
        "env_upper=\"STRA", "mixed=\"mixed äö\"", "m_two=\"zwei\"", "renamed_bucket{"})
    EXPECT_NE(all.find(part), std::string::npos) << part << "\n" << all;
  for (const char* part : {"go_", "process_", "meta_", "path=", "cleared=", "test_"})
    EXPECT_EQ(all.find(part), std::string::npos) << part << "\n" << all;
}

}  // namespace
}  // namespace nines::test
