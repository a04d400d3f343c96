#pragma once
#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/http_server.h"

// What may harm a server or its disk, below /api/v1/admin/tsdb/: as in Prometheus only where it was
// enabled (--web.enable-admin-api).

namespace nines::api {

// 503 as Prometheus answers where it was not enabled.
net::HttpResponse AdminDisabled();

// Makes a snapshot and answers its name.  `skip_head=true` is refused: series and samples of the
// head stand in one log.
net::HttpResponse TakeSnapshot(const std::function<Result<std::string>(Time now)>& snapshot,
                               const net::HttpRequest& request, Time now);

}  // namespace nines::api
