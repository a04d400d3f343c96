#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.h"

// The envelope of Prometheus' HTTP API, and what the handlers share around it.

namespace nines::api {

// 200 {"status":"success","data":DATA}.  `data` must be one well-formed JSON value.
net::HttpResponse Success(std::string_view data);

// {"status":"error","errorType":TYPE,"error":MESSAGE}
net::HttpResponse Failure(int status, std::string_view type, std::string_view message);

// Failure() for a path below /api/; the message as a line of text for any other.
net::HttpResponse FailureFor(std::string_view path, int status, std::string_view type,
                             std::string_view message);

// All values of the parameter `name` in a query string, in their order.
std::vector<std::string> QueryValues(std::string_view query, std::string_view name);

}  // namespace nines::api
