#pragma once
#include <string_view>

#include "base/result.h"
#include "ingest/wire_request.h"

namespace nines::ingest {

// Whether a remote write request is in the form that is taken, by its headers.  Rules of
// client_golang's exp/api/remote and RFC 9110 8.3, 8.4: media types, parameter names and codings in
// any case; no Content-Type means remote write 1.0, no Content-Encoding means snappy.

// The message that the body is said to hold.  kInvalid: not application/x-protobuf, a parameter
// that is no `key=value`, or a `proto` other than prometheus.WriteRequest and
// io.prometheus.write.v2.Request.
Result<Protocol> CheckContentType(std::string_view content_type);

// kInvalid: neither empty nor snappy.
Result<void> CheckContentEncoding(std::string_view content_encoding);

}  // namespace nines::ingest
