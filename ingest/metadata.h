#pragma once
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "tsdb/store.h"

namespace nines::ingest {

// Metadata with the type that stood on the wire.  kInvalid: there is no such type.
Result<tsdb::MetadataOf> CheckedMetadata(tsdb::MetadataOf metadata, uint64_t type);

// The name under which the metadata of a series is kept: without the suffix that a metric of that
// type adds to its series, "x" for the histogram of "x_bucket".  A part of `series`.
std::string_view MetricFamilyName(std::string_view series, tsdb::MetricType type);

}  // namespace nines::ingest
