#include "api/router.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/reply.h"
#include "base/check.h"

namespace nines::api {
namespace {

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> segments;
  size_t begin = 1;  // Behind the first '/'.
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    segments.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

bool IsParameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::string_view ParameterName(std::string_view segment) {
  return segment.substr(1, segment.size() - 2);
}

// How many segments are literal; nullopt where the pattern does not fit.
std::optional<size_t> MatchSegments(const std::vector<std::string>& pattern,
                                    const std::vector<std::string>& path,
                                    PathParameters* parameters) {
  if (pattern.size() != path.size()) return std::nullopt;
  size_t literals = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (IsParameter(pattern[i])) {
      if (path[i].empty()) return std::nullopt;
      parameters->insert_or_assign(std::string(ParameterName(pattern[i])), path[i]);
    } else if (pattern[i] == path[i]) {
      ++literals;
    } else {
      return std::nullopt;
    }
  }
  return literals;
}

}  // namespace

void Router::Add(std::string_view method, std::string_view pattern, Handler handler) {
  CHECK(pattern.starts_with('/'));
  CHECK(method != "HEAD");
  auto path = std::find_if(paths_.begin(), paths_.end(),
                           [&](const Path& known) { return known.pattern == pattern; });
  if (path == paths_.end()) {
    path = paths_.insert(path, Path{std::string(pattern), SplitPath(pattern), {}});
  }
  for (const auto& [known, unused] : path->methods) CHECK(known != method);
  path->methods.emplace_back(method, std::move(handler));
}

const Router::Path* Router::Find(std::string_view path, PathParameters* parameters) const {
  if (!path.starts_with('/')) return nullptr;
  const std::vector<std::string> segments = SplitPath(path);
  const Path* best = nullptr;
  size_t best_literals = 0;
  for (const Path& candidate : paths_) {
    PathParameters found;
    const std::optional<size_t> literals = MatchSegments(candidate.segments, segments, &found);
    if (!literals || (best != nullptr && *literals <= best_literals)) continue;
    best = &candidate;
    best_literals = *literals;
    *parameters = std::move(found);
  }
  return best;
}

Router::Answer Router::Handle(const net::HttpRequest& request) const {
  PathParameters parameters;
  const Path* path = Find(request.path, &parameters);
  if (path == nullptr) {
    return {FailureFor(request.path, 404, "not_found", "no such path: " + request.path), ""};
  }
  const std::string wanted = request.method == "HEAD" ? "GET" : request.method;
  std::string allow;
  for (const auto& [method, handler] : path->methods) {
    if (method == wanted) return {handler(request, parameters), path->pattern};
    allow += (allow.empty() ? "" : ", ") + method;
    if (method == "GET") allow += ", HEAD";
  }
  net::HttpResponse response =
      FailureFor(request.path, 405, "method_not_allowed",
                 "method " + request.method + " is not allowed here; allowed: " + allow);
  response.headers.emplace_back("Allow", allow);
  return {std::move(response), path->pattern};
}

std::vector<Router::Route> Router::routes() const {
  std::vector<Route> routes;
  for (const Path& path : paths_) {
    for (const auto& [method, unused] : path.methods) routes.push_back({method, path.pattern});
  }
  return routes;
}

}  // namespace nines::api
