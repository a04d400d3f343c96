#pragma once
#include <string_view>
#include <vector>

#include "net/http_server.h"
#include "notifier/notifier.h"

// GET /api/v1/notifications: what is owed and what was delivered last.

namespace nines::api {

// An array: `owed` first, then `delivered`, each in its order.  Parameters of `query`: state=
// (owed, sent) and receiver=, each any number of times; limit=, a whole number, 0 for no limit. 400
// for any other value.
net::HttpResponse ListNotifications(const std::vector<notifier::Notification>& owed,
                                    const std::vector<notifier::Notification>& delivered,
                                    std::string_view query);

}  // namespace nines::api
