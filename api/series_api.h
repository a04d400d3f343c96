#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/router.h"
#include "base/result.h"
#include "net/http_server.h"
#include "tsdb/store.h"

// The parts of Prometheus' HTTP API that tell which series there are: GET and POST
// /api/v1/series, /api/v1/labels, /api/v1/query_exemplars and GET /api/v1/label/{name}/values,
// /api/v1/metadata. Parameters, replies and errors as in Prometheus 3 (web/api/v1/api.go): match[]
// any number of times, start, end, limit (0 for none) in the query, or in the form of a POST.

namespace nines::api {

// What these read; each must be set and be safe for concurrent use.  Of a tsdb::Store.
struct SeriesSource {
  std::function<Result<std::vector<std::string>>(const tsdb::SeriesQuery&)> label_names;
  std::function<Result<std::vector<std::string>>(std::string_view name, const tsdb::SeriesQuery&)>
      label_values;
  std::function<Result<std::vector<Labels>>(const tsdb::SeriesQuery&)> series;
  std::function<std::vector<tsdb::SeriesExemplars>(const tsdb::SeriesQuery&)> exemplars;

  // Of one metric, or of all where the name is empty; in order of names.
  std::function<std::vector<tsdb::MetricMetadata>(std::string_view name)> metadata;

  bool is_set() const { return label_names && label_values && series && exemplars && metadata; }
};
// `store` must outlive it.
SeriesSource SeriesOf(const tsdb::Store* store);

void AddSeriesRoutes(const SeriesSource* source, Router* router);

// A name of a label as it stands in a path: one that begins with "U__" is escaped (Prometheus 3,
// model.UnescapeName): "__" is "_", "_2e_" is the character of that number.  What is no such escape
// is the name itself.
std::string UnescapeLabelName(std::string_view name);

}  // namespace nines::api
