#include "app/config.h"

#include <gtest/gtest.h>

#include "base/yaml.h"
#include "tests/support/temp_dir.h"

namespace nines::app {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSlo = R"(
  - name: NAME
    service: recommender
    objective: 99
    window: 30d
    indicator:
      latency: {histogram: model_request_latency_seconds, threshold: 500ms, group_by: [job]}
    alert: {window: 5m, for: 10m}
    consumers: [checkout]
)";

std::string Slo(const std::string& name) {
  std::string text = kSlo;
  return text.replace(text.find("NAME"), 4, name);
}

class ConfigTest : public ::testing::Test {
 protected:
  Result<Config> Load(const std::string& text) {
    return LoadConfig(folder_.Write("nines.yml", text));
  }

  // The error of `text`, its folder cut off.
  std::string ErrorOf(const std::string& text) {
    const Result<Config> config = Load(text);
    if (config) return "no error";
    std::string message = config.error().message;
    const std::string prefix = folder_.path() + "/";
    for (size_t at = 0; (at = message.find(prefix)) != std::string::npos;)
      message.erase(at, prefix.size());
    return message;
  }

  test::TempDir folder_;
};

TEST_F(ConfigTest, NoFileIsTheDefaults) {
  const Result<Config> config = LoadConfig("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->evaluation_interval, 1min);
  EXPECT_EQ(config->retention, 35 * 24h);
  EXPECT_TRUE(config->slos.empty());
}

TEST_F(ConfigTest, EveryKeyIsRead) {
  const Result<Config> config = Load(R"(
global: {evaluation_interval: 15s, external_labels: {cluster: eu}}
storage: {retention: 40d, retention_size: 50GB, out_of_order_window: 10m, checkpoint_interval: 5m,
          sync: interval, min_free: 2.5%, exemplars: 0}
ingest:
  limits: {body_bytes: 1MiB, decoded_bytes: 2MiB, labels: 30, label_name_bytes: 100,
           label_value_bytes: 200, samples: 5000, histogram_buckets: 5500,
           symbols: 6000, series: 7000,
           new_series_per_second: 800, in_flight_bytes: 64MiB,
           metadata: 7001, metadata_bytes: 8000}
  ha: {cluster_label: c, replica_label: r, failover_timeout: 1m, clusters_max: 5}
  relabel_configs: [{source_labels: [a], target_label: b}]
web: {external_url: "https://nines.example/"}
consumers:
  - {name: checkout, webhook: {url: "http://127.0.0.1:1/"}}
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->evaluation_interval, 15s);
  EXPECT_EQ(config->external_labels, Labels({{"cluster", "eu"}}));
  EXPECT_EQ(config->retention, 40 * 24h);
  EXPECT_EQ(config->retention_bytes, uint64_t{50'000'000'000});
  EXPECT_EQ(config->out_of_order_window, 10min);
  EXPECT_EQ(config->checkpoint_interval, 5min);
  EXPECT_EQ(config->min_free, (tsdb::MinFree{.bytes = UINT64_MAX, .percent = 2.5}));
  EXPECT_EQ(config->sync, tsdb::SyncMode::kInterval);
  EXPECT_EQ(config->limits.body_bytes_max, 1u << 20);
  EXPECT_EQ(config->limits.decoded_bytes_max, 2u << 20);
  EXPECT_EQ(config->limits.labels_max, 30u);
  EXPECT_EQ(config->limits.label_name_bytes_max, 100u);
  EXPECT_EQ(config->limits.label_value_bytes_max, 200u);
  EXPECT_EQ(config->limits.samples_max, 5000u);
  EXPECT_EQ(config->limits.histogram_buckets_max, 5500u);
  EXPECT_EQ(config->limits.symbols_max, 6000u);
  EXPECT_EQ(config->exemplars, 0u);
  EXPECT_EQ(config->metadata, 7001u);
  EXPECT_EQ(config->limits.metadata_bytes_max, 8000u);
  EXPECT_EQ(config->series_max, 7000u);
  EXPECT_EQ(config->limits.new_series_per_second_max, 800u);
  EXPECT_EQ(config->in_flight_bytes_max, 64u << 20);
  EXPECT_EQ(config->rules.ha, (ingest::HaOptions{.cluster_label = "c",
                                                 .replica_label = "r",
                                                 .failover_timeout = 1min,
                                                 .clusters_max = 5}));
  EXPECT_EQ(config->rules.relabel.Apply({{"a", "x"}}), Labels({{"a", "x"}, {"b", "x"}}));
  EXPECT_EQ(config->external_url, "https://nines.example");
  ASSERT_EQ(config->consumers.size(), 1u);
  EXPECT_EQ(config->consumers[0].receiver.name, "checkout");
}

TEST_F(ConfigTest, MinFreeIsBytesOrAShare) {
  const auto f = [this](const std::string& text, uint64_t bytes, double percent) {
    const Result<Config> config = Load("storage: {min_free: " + text + "}");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->min_free, (tsdb::MinFree{.bytes = bytes, .percent = percent})) << text;
  };
  f("512MiB", 512u << 20, 100);
  f("0", 0, 100);
  f("0%", UINT64_MAX, 0);
  f("100%", UINT64_MAX, 100);
  f("~", uint64_t{1} << 30, 5);
}

TEST_F(ConfigTest, SloFilesAreGlobsBesideTheFile) {
  folder_.Write("slos/b.yml", "slos:" + Slo("b"));
  folder_.Write("slos/a.yml",
                "consumers: [{name: checkout, webhook: {url: 'http://h/'}}]\nslos:" + Slo("a"));
  const Result<Config> config = Load("slo_files: ['slos/*.yml', 'none/*.yml']");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->slos.size(), 2u);
  EXPECT_EQ(config->slos[0].name, "a");
  EXPECT_EQ(config->promises().at("b"), std::vector<std::string>{"checkout"});
}

TEST_F(ConfigTest, ErrorsNameFileLineAndKey) {
  const auto f = [this](const std::string& text, const std::string& want) {
    const std::string got = ErrorOf(text);
    EXPECT_NE(got.find(want), std::string::npos)
        << text << "\n  got:  " << got << "\n  want: " << want;
  };
  f("globl: {}", "nines.yml:1: ");
  f("globl: {}", "did you mean \"global\"?");
  f("global:\n  evaluation_interva: 1s", "nines.yml:2: ");
  f("global: {evaluation_interval: 0s}", "must be more than 0");
  f("global: {evaluation_interval: soon}", "evaluation_interval");
  f("global: {external_labels: {1a: b}}", "\"1a\" is not a label name");
  f("global: {}\nglobal: {}", "nines.yml:2");
  f("ingest: {limits: {labels: 0}}", "must be between 1 and 4294967295");
  f("ingest: {limits: {samples: 4294967296}}", "must be between 1 and 4294967295");
  f("ingest: {limits: {new_series_per_second: -1}}", "must be between 1 and 4294967295");
  f("ingest: {limits: {in_flight_bytes: 31MiB}}", "in_flight_bytes is less than body_bytes");
  f("ingest: {ha: {replica: r}}", "nines.yml:1: ingest.ha: unknown key \"replica\"");
  f("ingest: {ha: {cluster_label: ''}}", "ingest.ha.cluster_label: \"\" cannot be this label");
  f("ingest: {ha: {cluster_label: a, replica_label: a}}", "are the same");
  f("ingest: {ha: {failover_timeout: 0s}}", "ingest.ha.failover_timeout: must be more than 0");
  f("ingest: {ha: {clusters_max: 0}}", "must be between 1 and");
  f("ingest:\n  relabel_configs:\n  - {action: keepequal}",
    "nines.yml:3: ingest.relabel_configs[0]: wants a target_label");
  f("storage: {min_free: 101%}", "storage.min_free: must be bytes, such as 1GiB, or between 0%");
  f("storage: {min_free: -1%}", "between 0% and 100%");
  f("storage: {min_free: '%'}", "between 0% and 100%");
  f("storage: {min_free: nan%}", "between 0% and 100%");
  f("storage: {min_free: much}", "storage.min_free");
  f("storage: {sync: never}", "storage.sync: must be always, interval or os");
  f("web: {external_url: 'ftp://x'}", "web.external_url");
  f("slo_files: [none.yml]", "no such file");
  f("consumers: {}", "must be a list of consumers");
}

TEST_F(ConfigTest, ErrorsOfSloFilesNameThatFile) {
  folder_.Write("one.yml", "slos:" + Slo("same"));
  folder_.Write("two.yml", "\nslos:" + Slo("same"));
  const std::string twice = ErrorOf(
      "consumers: [{name: checkout, webhook: {url: 'http://h/'}}]\nslo_files: [one.yml, two.yml]");
  EXPECT_NE(twice.find("one.yml:2"), std::string::npos) << twice;
  EXPECT_NE(twice.find("two.yml:3"), std::string::npos) << twice;
  const std::string nobody = ErrorOf("slo_files: [one.yml]");
  EXPECT_NE(nobody.find("checkout"), std::string::npos) << nobody;
}

TEST_F(ConfigTest, SomeKeysNeedARestart) {
  const Result<Config> from = Load(""), same = Load("global: {evaluation_interval: 1s}"),
                       other = Load("storage: {retention: 1d}"),
                       series = Load("ingest: {limits: {series: 9}}"),
                       in_flight = Load("ingest: {limits: {in_flight_bytes: 1GiB}}");
  ASSERT_TRUE(from && same && other);
  EXPECT_TRUE(CheckReloadable(*from, *same));
  const Result<void> refused = CheckReloadable(*from, *other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "storage.retention changed, which needs a restart");
  EXPECT_FALSE(CheckReloadable(*from, *series));
  EXPECT_FALSE(CheckReloadable(*from, *in_flight));
}

// docs/configuration.md has every key that the loader takes.
TEST_F(ConfigTest, DocumentedKeysAreReadable) {
  const std::string docs = test::ReadFile(std::string(SOURCE_ROOT) + "/docs/configuration.md");
  for (const char* key : {"global.evaluation_interval",
                          "global.external_labels",
                          "slo_files",
                          "consumers",
                          "storage.retention",
                          "storage.retention_size",
                          "storage.out_of_order_window",
                          "storage.checkpoint_interval",
                          "storage.min_free",
                          "storage.sync",
                          "storage.exemplars",
                          "ingest.limits.metadata",
                          "ingest.limits.metadata_bytes",
                          "ingest.limits.body_bytes",
                          "ingest.limits.decoded_bytes",
                          "ingest.limits.labels",
                          "ingest.limits.label_name_bytes",
                          "ingest.limits.label_value_bytes",
                          "ingest.limits.samples",
                          "ingest.limits.series",
                          "ingest.limits.new_series_per_second",
                          "ingest.limits.in_flight_bytes",
                          "ingest.ha",
                          "ingest.relabel_configs",
                          "cluster_label",
                          "replica_label",
                          "failover_timeout",
                          "clusters_max",
                          "web.external_url"})
    EXPECT_NE(docs.find("`" + std::string(key) + "`"), std::string::npos) << key;
}

// What lies in deploy/ and stands in the documentation loads as it is.
TEST_F(ConfigTest, TheExamplesLoad) {
  const std::string root = SOURCE_ROOT;
  for (const char* file : {"/deploy/nines.yml", "/deploy/container.yml"}) {
    const Result<Config> config = LoadConfig(root + file);
    EXPECT_TRUE(config) << config.error().message;
  }
  // The files of Kubernetes' ConfigMap, which is the first document.
  std::string text = test::ReadFile(root + "/deploy/kubernetes/nines.yml");
  text.resize(text.find("\n---\n"));
  const auto map = yaml::Node::Parse(text, "kubernetes.yml");
  ASSERT_TRUE(map) << map.error().message;
  const auto files = map->Get("data")->AsStringMap();
  ASSERT_TRUE(files) << files.error().message;
  for (const auto& [name, content] : *files) folder_.Write(name, content);
  const Result<Config> config = LoadConfig(folder_.File("nines.yml"));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->slos.size(), 1u);
}

// Every YAML block of README and docs/slo.md that has SLOs.
TEST_F(ConfigTest, TheDocumentedSlosLoad) {
  size_t blocks = 0;
  for (const char* page : {"/README.md", "/docs/slo.md"}) {
    const std::string text = test::ReadFile(std::string(SOURCE_ROOT) + page);
    for (size_t at = 0; (at = text.find("```yaml\n", at)) != std::string::npos; ++at) {
      const size_t line = text.rfind('\n', at) + 1;
      const std::string indent = text.substr(line, at - line);
      std::string block = text.substr(at + 8, text.find("```", at + 8) - at - 8);
      for (size_t i = 0; (i = block.find("\n" + indent, i)) != std::string::npos; ++i)
        block.erase(i + 1, indent.size());
      block.erase(0, block.find_first_not_of(' '));
      if (!block.starts_with("slos:")) continue;
      ++blocks;
      folder_.Write("slos.yml", block);
      const Result<Config> config =
          Load("slo_files: [slos.yml]\nconsumers: [{name: checkout, webhook: {url: 'http://h/'}}]");
      EXPECT_TRUE(config) << page << ": " << config.error().message << "\n" << block;
    }
  }
  EXPECT_EQ(blocks, 2u);
}

}  // namespace
}  // namespace nines::app
