#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ingest/ha.h"
#include "ingest/rules.h"
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
  uint32_t samples_max = 1'000'000;       // Of a request, native histograms, exemplars and metadata
                                          // included, and with 2.0 series without any; 400, nothing
                                          // is stored.
  uint32_t histogram_buckets_max = 4096;  // Of a native histogram: its spans, buckets and custom
                                          // bounds together.
  uint32_t metadata_bytes_max = 4096;     // Of a metric's name, help, unit; beyond it not kept.
  uint32_t symbols_max = 1'000'000;       // Of a request of remote write 2.0; likewise.
  // Beyond it new series are refused with 429, the rest of their request is stored.  0 is no limit.
  // A second's worth may come at once.
  uint32_t new_series_per_second_max = 0;
};

struct WriteRequest {
  std::string_view content_type = "";      // "" means remote write 1.0.
  std::string_view content_encoding = "";  // "" means snappy.
  std::string_view body = "";
};

struct WriteResponse {
  // 204; 400 with what is wrong; 413; 415; 429 and 503 with `retry_after`.
  int status = 204;
  std::string message;  // For the reply's body and the log; empty with 204.
  bool retry_after = false;
  // Readable afterwards, those that were stored already too, or dropped by the rules: a sender that
  // were told of fewer would take it for a failure.
  uint64_t samples_written = 0;
  uint64_t histograms_written = 0;  // Likewise.
  uint64_t exemplars_written = 0;   // Likewise.
  // Remote write 2.0 was understood: the sender is to be told the three numbers.
  bool tells_written = false;
};

// Stores the valid part of a request and names the rest: 400 with every reason and the first places
// (DESIGN.md 6.7 and the specification of remote write allow it).  204 only after the samples are
// in the journal and synced.  Exemplars that are not kept are counted, and named to a sender of
// 2.0; metadata that is not kept is counted.  Semantics of statuses:
// storage/remote/write_handler.go of Prometheus 3.
//
// Which series are kept, and under which labels, is the rules' to say; by default all, as they are.
//
// Of new series beyond new_series_per_second_max the answer is 429 with Retry-After, though the
// known ones are stored: a sender that repeats the request loses nothing, since what is stored
// already is accepted.  Prometheus repeats it with `retry_on_http_429: true` and drops the request
// without, vmagent repeats it always; so a sender that does not loses only what is new.
//
// Safe for concurrent use; blocks on disk.
class WriteHandler {
 public:
  // `store` and `registry` must outlive it; `registry` may be null.  Begins without rules.
  WriteHandler(tsdb::Store* store, const Limits& limits, prometheus::Registry* registry);
  ~WriteHandler();

  WriteResponse Handle(const WriteRequest& request, Time now);

  // Reads which replicas were elected before.  Once, before SetRules().  kCorrupt, kUnavailable.
  Result<void> LoadElections(Time now);

  // Both take effect for requests that begin afterwards.  Other rules make the store forget which
  // label sets it has seen: each is looked at once more.
  void SetLimits(const Limits& limits);
  void SetRules(const Rules& rules);

  std::vector<HaCluster> ha_clusters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nines::ingest
