#include "api/reply.h"

#include <utility>

#include "base/json.h"

namespace nines::api {

net::HttpResponse Success(std::string_view data) {
  JsonWriter json;
  json.BeginObject().Key("status").String("success").Key("data").Raw(data).EndObject();
  return net::HttpResponse::Json(200, json.Take());
}

net::HttpResponse Failure(int status, std::string_view type, std::string_view message) {
  JsonWriter json;
  json.BeginObject();
  json.Key("status").String("error");
  json.Key("errorType").String(type);
  json.Key("error").String(message);
  json.EndObject();
  return net::HttpResponse::Json(status, json.Take());
}

net::HttpResponse FailureFor(std::string_view path, int status, std::string_view type,
                             std::string_view message) {
  if (path.starts_with("/api/")) return Failure(status, type, message);
  return net::HttpResponse::Text(status, std::string(message) + "\n");
}

std::vector<std::string> QueryValues(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  for (auto& [key, value] : net::ParseForm(query)) {
    if (key == name) values.push_back(std::move(value));
  }
  return values;
}

}  // namespace nines::api
