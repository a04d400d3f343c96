#include "ingest/rules.h"

#include <limits>
#include <string>

namespace nines::ingest {
namespace {

Result<void> ReadName(const yaml::Node& node, std::string_view key, std::string* to) {
  const auto value = node.Get(key);
  if (!value) return {};
  auto name = value->AsString();
  if (!name) return name.error();
  if (name->empty() || *name == kMetricName) {
    return value->Error(GoQuote(*name) + " cannot be this label");
  }
  *to = std::move(*name);
  return {};
}

}  // namespace

Result<HaOptions> ParseHa(const yaml::Node& node) {
  if (auto r =
          node.AllowOnly({"cluster_label", "replica_label", "failover_timeout", "clusters_max"});
      !r) {
    return r.error();
  }
  HaOptions options;
  if (auto r = ReadName(node, "cluster_label", &options.cluster_label); !r) return r.error();
  if (auto r = ReadName(node, "replica_label", &options.replica_label); !r) return r.error();
  if (options.cluster_label == options.replica_label) {
    return node.Error("cluster_label and replica_label are the same");
  }
  if (const auto timeout = node.Get("failover_timeout")) {
    const auto read = timeout->AsDuration();
    if (!read) return read.error();
    if (*read <= Duration{0}) return timeout->Error("must be more than 0");
    options.failover_timeout = *read;
  }
  if (const auto clusters = node.Get("clusters_max")) {
    const auto read = clusters->AsInteger();
    if (!read) return read.error();
    if (*read < 1 || *read > std::numeric_limits<uint32_t>::max()) {
      return clusters->Error("must be between 1 and 4294967295");
    }
    options.clusters_max = static_cast<uint32_t>(*read);
  }
  return options;
}

}  // namespace nines::ingest
