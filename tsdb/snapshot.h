#pragma once
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "tsdb/database.h"

namespace nines::tsdb {

// Makes `<path>/snapshots/NAME`, a directory that opens as data, and gives NAME: the time and 64
// random bits, as Prometheus names its own.  It holds what was acknowledged before the call, whole
// commits, and perhaps some of what was written meanwhile.  Table files are hard links, which is
// why it lies in the data directory; the log is copied.  It is durable when this returns. REQUIRES:
// no column family is created or dropped, and no fragment written, meanwhile. kUnavailable: the
// disk refused it; nothing is left of it.
Result<std::string> MakeSnapshot(const Database& database, const std::string& path, Time now);

}  // namespace nines::tsdb
