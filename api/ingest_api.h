#pragma once
#include <vector>

#include "ingest/ha.h"
#include "net/http_server.h"

// How ingestion stands.

namespace nines::api {

// GET /api/v1/status/ha: the clusters of HA pairs and the replica of each whose samples are kept.
net::HttpResponse ListHaClusters(const std::vector<ingest::HaCluster>& clusters);

}  // namespace nines::api
