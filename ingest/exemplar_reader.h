#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/wire_request.h"

namespace nines::ingest {

// Labels of an exemplar with more bytes than this have more than 128 characters.
inline constexpr size_t kExemplarLabelBytesMax = 4 * 128;

// An Exemplar of either protocol as it stands on the wire.
struct ExemplarFields {
  std::string labels;  // As WireSeries::raw_labels, in one piece.
  double value = 0;
  int64_t time_ms = 0;
};

// kInvalid: not this message.  Unknown fields are skipped.
Result<ExemplarFields> ReadExemplarFields(Protocol protocol, std::string_view message);

}  // namespace nines::ingest
