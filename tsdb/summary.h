#pragma once
#include <string>

#include "tsdb/chunk.h"

// The writing half of DecodeSummary() in chunk.h; layout in tsdb/FORMAT.md, "summary".

namespace nines::tsdb {

// REQUIRES: as Encode().
std::string EncodeSummary(const Block& block);

}  // namespace nines::tsdb
