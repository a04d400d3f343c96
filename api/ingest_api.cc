#include "api/ingest_api.h"

#include "api/reply.h"
#include "base/json.h"

namespace nines::api {

net::HttpResponse ListHaClusters(const std::vector<ingest::HaCluster>& clusters) {
  JsonWriter json;
  json.BeginArray();
  for (const ingest::HaCluster& cluster : clusters) {
    json.BeginObject();
    json.Key("cluster").String(cluster.name);
    json.Key("replica").String(cluster.replica);
    json.Key("elected_at").TimeMs(cluster.elected_at);
    json.Key("heard_at").TimeMs(cluster.heard_at);
    json.EndObject();
  }
  json.EndArray();
  return Success(json.text());
}

}  // namespace nines::api
