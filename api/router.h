#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.h"

namespace nines::api {

// What stood in the path where the pattern has {name}; by that name.
using PathParameters = std::map<std::string, std::string, std::less<>>;

// Finds the handler of a request by method and path.
//
// A pattern is a path whose segments are literal or one {name}, which stands for one segment that
// is not empty.  A literal wins over a {name}.  HEAD finds the handler of GET.  Add() everything
// first; Handle() is then safe for concurrent use.
class Router {
 public:
  using Handler =
      std::function<net::HttpResponse(const net::HttpRequest& request, const PathParameters& path)>;

  struct Route {
    std::string method;
    std::string pattern;
    auto operator<=>(const Route&) const = default;
  };

  struct Answer {
    net::HttpResponse response;
    std::string_view pattern;  // "" where no pattern fits: bounded, for a metric's label.
  };

  // REQUIRES: the pattern begins with '/'; the pair of method and pattern is new; GET, not HEAD.
  void Add(std::string_view method, std::string_view pattern, Handler handler);

  // The handler's response; 404 where no pattern fits the path; 405 with Allow where one does but
  // not for this method.  Both errors are JSON below /api/ and text elsewhere.
  Answer Handle(const net::HttpRequest& request) const;

  std::vector<Route> routes() const;  // In the order of Add().

 private:
  struct Path {
    std::string pattern;
    std::vector<std::string> segments;
    std::vector<std::pair<std::string, Handler>> methods;
  };
  const Path* Find(std::string_view path, PathParameters* parameters) const;

  std::vector<Path> paths_;
};

}  // namespace nines::api
