#include "app/config.h"

#include <glob.h>

#include <filesystem>
#include <limits>

#include "base/number.h"
#include "base/yaml.h"
#include "net/http_client.h"

namespace nines::app {
namespace {

using yaml::Node;

// Reads the value of `key` into `out` with the node's own reader; leaves it when there is none.
template <class T>
Result<void> Read(const Node& node, std::string_view key, Result<T> (Node::*as)() const, T* out) {
  const std::optional<Node> value = node.Get(key);
  if (!value) return {};
  Result<T> read = ((*value).*as)();
  if (!read) return read.error();
  *out = std::move(*read);
  return {};
}

// A duration that must not be zero.
Result<void> ReadPositive(const Node& node, std::string_view key, Duration* out) {
  if (auto r = Read(node, key, &Node::AsDuration, out); !r) return r;
  if (*out <= Duration{0}) return node.Get(key)->Error("must be more than 0");
  return {};
}

Result<void> ReadCountFrom(uint32_t min, const Node& node, std::string_view key, uint32_t* out) {
  const std::optional<Node> value = node.Get(key);
  if (!value) return {};
  const Result<int64_t> read = value->AsInteger();
  if (!read) return read.error();
  if (*read < min || *read > std::numeric_limits<uint32_t>::max())
    return value->Error("must be between " + std::to_string(min) + " and 4294967295");
  *out = static_cast<uint32_t>(*read);
  return {};
}

Result<void> ReadCount(const Node& node, std::string_view key, uint32_t* out) {
  return ReadCountFrom(1, node, key, out);
}

Result<void> ReadGlobal(const Node& node, Config* config) {
  if (auto r = node.AllowOnly({"evaluation_interval", "external_labels"}); !r) return r;
  if (auto r = ReadPositive(node, "evaluation_interval", &config->evaluation_interval); !r)
    return r;
  const std::optional<Node> labels = node.Get("external_labels");
  if (!labels) return {};
  const auto map = labels->AsStringMap();
  if (!map) return map.error();
  for (const auto& [name, value] : *map) {
    if (!IsLegacyLabelName(name)) return labels->Error(GoQuote(name) + " is not a label name");
    config->external_labels.Set(name, value);
  }
  return {};
}

Result<void> ReadSync(const Node& node, tsdb::SyncMode* out) {
  const std::optional<Node> value = node.Get("sync");
  if (!value) return {};
  const Result<std::string> text = value->AsString();
  if (!text) return text.error();
  if (*text == "always")
    *out = tsdb::SyncMode::kAlways;
  else if (*text == "interval")
    *out = tsdb::SyncMode::kInterval;
  else if (*text == "os")
    *out = tsdb::SyncMode::kOs;
  else
    return value->Error("must be always, interval or os");
  return {};
}

// "5%" or "1GiB": the one that is not given does not count.
Result<void> ReadMinFree(const Node& node, tsdb::MinFree* out) {
  const std::optional<Node> value = node.Get("min_free");
  if (!value) return {};
  const Result<std::string> text = value->AsString();
  if (!text) return text.error();
  if (!text->ends_with('%')) {
    const Result<uint64_t> bytes = value->AsBytes();
    if (!bytes) return bytes.error();
    *out = {.bytes = *bytes, .percent = 100};
    return {};
  }
  const auto percent = ParseFloat(std::string_view(*text).substr(0, text->size() - 1));
  if (!percent || !(*percent >= 0 && *percent <= 100))
    return value->Error("must be bytes, such as 1GiB, or between 0% and 100%");
  *out = {.bytes = std::numeric_limits<uint64_t>::max(), .percent = *percent};
  return {};
}

Result<void> ReadStorage(const Node& node, Config* config) {
  if (auto r = node.AllowOnly({"retention", "retention_size", "out_of_order_window",
                               "checkpoint_interval", "sync", "min_free", "exemplars"});
      !r)
    return r;
  if (auto r = ReadCountFrom(0, node, "exemplars", &config->exemplars); !r) return r;
  if (auto r = ReadSync(node, &config->sync); !r) return r;
  if (auto r = ReadMinFree(node, &config->min_free); !r) return r;
  if (auto r = ReadPositive(node, "retention", &config->retention); !r) return r;
  if (auto r = Read(node, "retention_size", &Node::AsBytes, &config->retention_bytes); !r) return r;
  if (auto r = Read(node, "out_of_order_window", &Node::AsDuration, &config->out_of_order_window);
      !r)
    return r;
  return ReadPositive(node, "checkpoint_interval", &config->checkpoint_interval);
}

// As ReadCount(), and 0 for no limit.
Result<void> ReadLimit(const Node& node, std::string_view key, uint32_t* out) {
  const std::optional<Node> value = node.Get(key);
  if (!value) return {};
  if (const auto read = value->AsInteger(); read && *read == 0) {
    *out = 0;
    return {};
  }
  return ReadCount(node, key, out);
}

Result<void> ReadLimits(const Node& node, Config* config) {
  if (auto r = node.AllowOnly({"body_bytes", "decoded_bytes", "labels", "label_name_bytes",
                               "label_value_bytes", "samples", "histogram_buckets", "symbols",
                               "series", "new_series_per_second", "in_flight_bytes", "metadata",
                               "metadata_bytes"});
      !r)
    return r;
  ingest::Limits& to = config->limits;
  if (auto r = Read(node, "body_bytes", &Node::AsBytes, &to.body_bytes_max); !r) return r;
  if (auto r = Read(node, "decoded_bytes", &Node::AsBytes, &to.decoded_bytes_max); !r) return r;
  if (auto r = ReadCount(node, "labels", &to.labels_max); !r) return r;
  if (auto r = ReadCount(node, "label_name_bytes", &to.label_name_bytes_max); !r) return r;
  if (auto r = ReadCount(node, "label_value_bytes", &to.label_value_bytes_max); !r) return r;
  if (auto r = ReadCount(node, "samples", &to.samples_max); !r) return r;
  if (auto r = ReadCount(node, "histogram_buckets", &to.histogram_buckets_max); !r) return r;
  if (auto r = ReadCount(node, "symbols", &to.symbols_max); !r) return r;
  if (auto r = ReadCount(node, "metadata_bytes", &to.metadata_bytes_max); !r) return r;
  if (auto r = ReadCountFrom(0, node, "metadata", &config->metadata); !r) return r;
  if (auto r = ReadCount(node, "series", &config->series_max); !r) return r;
  if (auto r = Read(node, "in_flight_bytes", &Node::AsBytes, &config->in_flight_bytes_max); !r)
    return r;
  if (config->in_flight_bytes_max < to.body_bytes_max)
    return node.Error("in_flight_bytes is less than body_bytes: the largest could never be taken");
  return ReadLimit(node, "new_series_per_second", &to.new_series_per_second_max);
}

Result<void> ReadIngest(const Node& node, Config* config) {
  if (auto r = node.AllowOnly({"limits", "ha", "relabel_configs"}); !r) return r;
  if (const auto ha = node.Get("ha")) {
    auto read = ingest::ParseHa(*ha);
    if (!read) return read.error();
    config->rules.ha = std::move(*read);
  }
  if (const auto relabel = node.Get("relabel_configs")) {
    auto read = ingest::Relabel::Parse(*relabel);
    if (!read) return read.error();
    config->rules.relabel = std::move(*read);
  }
  const std::optional<Node> limits = node.Get("limits");
  return limits ? ReadLimits(*limits, config) : Result<void>{};
}

Result<void> ReadWeb(const Node& node, Config* config) {
  if (auto r = node.AllowOnly({"external_url"}); !r) return r;
  if (auto r = Read(node, "external_url", &Node::AsString, &config->external_url); !r) return r;
  if (config->external_url.empty()) return {};
  if (auto r = net::CheckUrl(config->external_url); !r)
    return node.Get("external_url")->Error(r.error().message);
  while (config->external_url.ends_with('/')) config->external_url.pop_back();
  return {};
}

Result<void> ReadConsumers(const Node& node, Config* config) {
  if (!node.IsSequence()) return node.Error("must be a list of consumers");
  for (const Node& item : node.Items()) {
    Result<notifier::Consumer> consumer = notifier::ParseConsumer(item);
    if (!consumer) return consumer.error();
    config->consumers.push_back(std::move(*consumer));
  }
  return {};
}

// An SLO file: `slos` and, for short, the `consumers` that they name.
Result<void> ReadSloFile(const std::string& path, Config* config) {
  const Result<Node> file = Node::Load(path);
  if (!file) return file.error();
  if (auto r = file->AllowOnly({"slos", "consumers"}); !r) return r;
  if (const auto consumers = file->Get("consumers"))
    if (auto r = ReadConsumers(*consumers, config); !r) return r;
  const auto slos = file->Get("slos");
  if (!slos) return {};
  if (!slos->IsSequence()) return slos->Error("must be a list of SLOs");
  for (const Node& item : slos->Items()) {
    Result<evaluator::Slo> slo = evaluator::ParseSlo(item);
    if (!slo) return slo.error();
    config->slos.push_back(std::move(*slo));
  }
  return {};
}

// The files of a pattern, in order of name.  A pattern without wildcards that matches nothing is an
// error; one with them may match nothing yet, as in Prometheus' rule_files.
Result<std::vector<std::string>> Expand(const std::string& pattern, const Node& place) {
  glob_t found{};
  const int status = glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> files(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (status != 0 && status != GLOB_NOMATCH) return place.Error("cannot read " + pattern);
  if (files.empty() && pattern.find_first_of("*?[") == std::string::npos)
    return place.Error("no such file: " + pattern);
  return files;
}

Result<void> ReadSloFiles(const Node& node, const std::filesystem::path& folder, Config* config) {
  const auto patterns = node.AsStringList();
  if (!patterns) return patterns.error();
  for (const std::string& pattern : *patterns) {
    const std::filesystem::path path(pattern);
    const auto files = Expand(path.is_absolute() ? pattern : (folder / path).string(), node);
    if (!files) return files.error();
    for (const std::string& file : *files)
      if (auto r = ReadSloFile(file, config); !r) return r;
  }
  return {};
}

// What can only be said of all files together.
Result<void> CheckWhole(Config* config) {
  auto unique = evaluator::CheckUnique(std::move(config->slos));
  if (!unique) return unique.error();
  config->slos = std::move(*unique);
  const auto routes = notifier::RoutesOf(config->consumers, config->promises(), "");
  if (!routes) return routes.error();
  return {};
}

}  // namespace

std::map<std::string, std::vector<std::string>> Config::promises() const {
  std::map<std::string, std::vector<std::string>> all;
  for (const evaluator::Slo& slo : slos) all[slo.name] = slo.consumers;
  return all;
}

Result<Config> LoadConfig(const std::string& path) {
  Config config;
  if (path.empty()) return config;
  const Result<Node> root = Node::Load(path);
  if (!root) return root.error();
  if (auto r = root->AllowOnly({"global", "storage", "ingest", "web", "consumers", "slo_files"});
      !r)
    return r.error();

  const std::pair<std::string_view, Result<void> (*)(const Node&, Config*)> sections[] = {
      {"global", ReadGlobal}, {"storage", ReadStorage},     {"ingest", ReadIngest},
      {"web", ReadWeb},       {"consumers", ReadConsumers},
  };
  for (const auto& [key, read] : sections)
    if (const auto node = root->Get(key))
      if (auto r = read(*node, &config); !r) return r.error();
  if (const auto files = root->Get("slo_files")) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (auto r = ReadSloFiles(*files, folder, &config); !r) return r.error();
  }
  if (auto r = CheckWhole(&config); !r) return r.error();
  return config;
}

Result<void> CheckReloadable(const Config& from, const Config& to) {
  const std::pair<const char*, bool> fixed[] = {
      {"storage.retention", from.retention == to.retention},
      {"storage.retention_size", from.retention_bytes == to.retention_bytes},
      {"storage.out_of_order_window", from.out_of_order_window == to.out_of_order_window},
      {"storage.checkpoint_interval", from.checkpoint_interval == to.checkpoint_interval},
      {"storage.min_free", from.min_free == to.min_free},
      {"storage.sync", from.sync == to.sync},
      {"storage.exemplars", from.exemplars == to.exemplars},
      {"ingest.limits.metadata", from.metadata == to.metadata},
      {"ingest.limits.series", from.series_max == to.series_max},
      {"ingest.limits.in_flight_bytes", from.in_flight_bytes_max == to.in_flight_bytes_max},
      {"ingest.limits.body_bytes", from.limits.body_bytes_max == to.limits.body_bytes_max},
  };
  for (const auto& [key, same] : fixed)
    if (!same) return Error{Code::kInvalid, std::string(key) + " changed, which needs a restart"};
  return {};
}

}  // namespace nines::app
