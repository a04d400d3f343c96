#include "api/admin_api.h"

#include "api/reply.h"
#include "base/json.h"

namespace nines::api {

net::HttpResponse AdminDisabled() {
  return Failure(503, "unavailable", "admin APIs disabled (--web.enable-admin-api)");
}

net::HttpResponse TakeSnapshot(const std::function<Result<std::string>(Time now)>& snapshot,
                               const net::HttpRequest& request, Time now) {
  for (const std::string& value : QueryValues(request.query, "skip_head")) {
    if (value == "false" || value == "0") continue;
    return Failure(400, "bad_data", "skip_head is not supported: a snapshot holds everything");
  }
  const Result<std::string> name = snapshot(now);
  if (!name) {
    return Failure(name.error().code == Code::kUnavailable ? 503 : 500,
                   name.error().code == Code::kUnavailable ? "unavailable" : "internal",
                   name.error().message);
  }
  JsonWriter json;
  json.BeginObject().Key("name").String(*name).EndObject();
  return Success(json.text());
}

}  // namespace nines::api
