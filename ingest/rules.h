#pragma once
#include <optional>

#include "base/result.h"
#include "base/yaml.h"
#include "ingest/ha.h"
#include "ingest/relabel.h"

namespace nines::ingest {

// Which series are kept, and under which labels.  HA pairs come first: relabelling sees what is
// kept, without the replica's label.
struct Rules {
  std::optional<HaOptions> ha = {};
  Relabel relabel = {};
  bool operator==(const Rules&) const = default;
};

// Reads `{cluster_label, replica_label, failover_timeout, clusters_max}`, each with its default.
// kInvalid names the place.
Result<HaOptions> ParseHa(const yaml::Node& node);

}  // namespace nines::ingest
