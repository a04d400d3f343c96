#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "tsdb/store.h"

// The remote write receiver without its socket: headers and body in, status and text out.  Both
// protocols, 1.0 and 2.0 (as of 2.0-rc.4).

namespace nines::ingest {

// Each is tested at its value and one above.  Refusals count in
// nines_ingest_requests_refused_total{reason} and nines_ingest_samples_refused_total{reason}.  The
// limits of labels are looked at when a series is seen for the first time since the start.
struct Limits {
  uint64_t body_bytes_max = uint64_t{32} << 20;     // Compressed; 413.
  uint64_t decoded_bytes_max = uint64_t{32} << 20;  // As snappy's header claims, checked before
                                                    // memory is taken; 400.
  uint32_t labels_max = 64;                         // Of a series, `__name__` included.
  uint32_t label_name_bytes_max = 512;
  uint32_t label_value_bytes_max = 4096;
  uint32_t samples_max = 1'000'000;  // Of a request, native histograms included, and with 2.0
                                     // series without either; 400, nothing is stored.
  uint32_t symbols_max = 1'000'000;  // Of a request of remote write 2.0; likewise.
};

struct WriteRequest {
  std::string_view content_type = "";      // "" means remote write 1.0.
  std::string_view content_encoding = "";  // "" means snappy.
  std::string_view body = "";
};

struct WriteResponse {
  int status = 204;     // 204; 400 with what is wrong; 413; 415; 503 with `retry_after`.
  std::string message;  // For the reply's body and the log; empty with 204.
  bool retry_after = false;
  uint64_t samples_written = 0;  // Readable afterwards: those that were stored already too.
  // This version stores neither.
  uint64_t histograms_written = 0;
  uint64_t exemplars_written = 0;
  // Remote write 2.0 was understood: the sender is to be told the three numbers.
  bool tells_written = false;
};

// Stores the valid part of a request and names the rest: 400 with every reason and the first places
// (DESIGN.md 6.7 and the specification of remote write allow it).  204 only after the samples are
// in the journal and synced.  Semantics of statuses: storage/remote/write_handler.go of
// Prometheus 3.
//
// Safe for concurrent use; blocks on disk.
class WriteHandler {
 public:
  // `store` and `registry` must outlive it; `registry` may be null.
  WriteHandler(tsdb::Store* store, const Limits& limits, prometheus::Registry* registry);
  ~WriteHandler();

  WriteResponse Handle(const WriteRequest& request, Time now);

  // Takes effect for requests that begin afterwards.
  void SetLimits(const Limits& limits);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nines::ingest
