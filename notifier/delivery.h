#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "net/http_client.h"
#include "notifier/notifier.h"

// What one attempt is on the wire, apart from the sending.

namespace nines::notifier {

// POST with the headers that a consumer may rely on:
//   Content-Type: application/json
//   User-Agent: Nines/<version>
//   Idempotency-Key: <the same on every repeat of this notification>
//   Nines-Signature: t=<Unix seconds of this attempt>,v1=<hex HMAC-SHA256 of "<t>.<body>">
// the last one where there is a secret.
net::ClientRequest BuildRequest(const Delivery& delivery, std::string_view secret,
                                std::string_view version, Time now);

// A file's content without the line end after it.  kUnavailable: it cannot be read or is empty.
Result<std::string> ReadSecret(const std::string& path);

// What a reply, or the lack of one, means.  The error of a status has the first line of the body.
DeliveryResult ToDeliveryResult(const Result<net::ClientResponse>& response, Time now);

// Seconds or an HTTP date (RFC 9110 5.6.7, the fixed form only); nullopt for anything else.  At
// most a day.
std::optional<Duration> ParseRetryAfter(std::string_view text, Time now);

}  // namespace nines::notifier
