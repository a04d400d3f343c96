#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "ingest/fingerprints.h"
#include "ingest/refusals.h"
#include "ingest/series_labels.h"
#include "ingest/wire_request.h"
#include "ingest/write_handler.h"
#include "tsdb/store.h"

namespace nines::ingest {

// The samples of one decoded request, with a column of the store for each: what lies between bytes
// and Store::Append().  Used again and again, so that a request whose series were all seen before
// takes no memory.  Not synchronised.
class Batch {
 public:
  // Decodes `body`, finds the columns of its series, registers the new ones that are within
  // `limits`, and adds to `refusals` those that are not.  `body` must live as long as places are
  // asked for.
  // kInvalid, kExhausted: as DecodeWriteRequest() and DecodeRequestV2(); wire().exceeded tells what
  // of.  Anything else: the store's, nothing to append.
  Result<void> Read(Protocol protocol, std::string_view body, const Limits& limits,
                    tsdb::Store* store, Refusals* refusals);

  std::span<const tsdb::Append> samples() const { return samples_; }
  const WireRequest& wire() const { return wire_; }

  // `x{a="b"} at 2026-11-28T18:42:19.000Z` for an index into samples().
  std::string Place(uint32_t sample) const;

  // What is kept for the next request.
  size_t capacity_bytes() const;

 private:
  Result<void> Decode(Protocol protocol, std::string_view body, const Limits& limits);
  void Find(const tsdb::Store& store);
  // What cannot be stored whatever its labels.
  void RefuseKind(const WireSeries& series, Refusals* refusals) const;
  // The column of series `i`, or kNoColumn after adding to `refusals`.
  Result<tsdb::ColumnId> Register(size_t i, const Limits& limits, tsdb::Store* store,
                                  Refusals* refusals);

  LabelSizes Measure(const WireSeries& series) const;
  Result<Labels> Parse(const WireSeries& series);
  std::string Describe(const WireSeries& series) const;
  std::string PlaceText(const WireSeries& series, int64_t time_ms) const;

  WireRequest wire_;
  Fingerprints fingerprints_;
  std::vector<tsdb::ColumnId> columns_;  // One a series of wire_.
  std::vector<tsdb::Append> samples_;
};

}  // namespace nines::ingest
