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
#include "ingest/ha.h"
#include "ingest/metrics.h"
#include "ingest/refusals.h"
#include "ingest/rules.h"
#include "ingest/series_labels.h"
#include "ingest/series_rate.h"
#include "ingest/wire_request.h"
#include "ingest/write_handler.h"
#include "tsdb/store.h"

namespace nines::ingest {

// What decides about the series of a request, besides its bytes.
struct Intake {
  const Limits& limits;
  const Rules& rules;
  tsdb::Store* store;
  HaTracker* ha;
  SeriesRate* series_rate;
  Time now;
};

// The samples of one decoded request, with a column of the store for each: what lies between bytes
// and Store::Append().  Used again and again, so that a request whose series were all seen before
// takes no memory.  Not synchronised.
class Batch {
 public:
  // Decodes `body`, leaves out what the rules drop, finds the columns of the other series,
  // registers the new ones that are within the limits, and adds to `refusals` those that are not.
  // `body` must live as long as places are asked for.
  // kInvalid, kExhausted: as DecodeWriteRequest() and DecodeRequestV2(); wire().exceeded tells what
  // of.  Anything else: the store's, nothing to append.
  Result<void> Read(Protocol protocol, std::string_view body, const Intake& intake,
                    Refusals* refusals);

  std::span<const tsdb::Append> samples() const { return samples_; }
  const Drops& drops() const { return drops_; }
  // How many replicas this request elected.
  uint64_t elections() const { return elections_; }
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
  // The column of series `i` as for Register(), kNoColumn too where nothing of it is to be stored.
  Result<tsdb::ColumnId> Resolve(size_t i, const Intake& intake, Refusals* refusals);
  // Whether the series is of an elected replica, or of none.  False after counting it as dropped,
  // or adding to `refusals`.
  Result<bool> IsElected(const WireSeries& series, const Intake& intake, Refusals* refusals);
  // The column of series `i`; kDroppedColumn where a rule drops it; kNoColumn after adding to
  // `refusals`.
  Result<tsdb::ColumnId> Register(size_t i, const Intake& intake, Refusals* refusals);
  Result<tsdb::ColumnId> RegisterLabels(size_t i, const Labels& labels, const Intake& intake,
                                        Refusals* refusals);
  // kNoColumn.
  tsdb::ColumnId Refuse(const WireSeries& series, SampleRefusal why, std::string_view text,
                        std::string_view detail, Refusals* refusals) const;
  // False after adding to `refusals`.
  bool CheckSizes(const WireSeries& series, size_t labels, const LabelSizes& sizes,
                  const Limits& limits, Refusals* refusals) const;

  // The values of the labels that name a cluster and its replica; both or none.
  TwoValues FindReplica(const WireSeries& series, const HaOptions& options) const;
  LabelSizes Measure(const WireSeries& series) const;
  Result<Labels> Parse(const WireSeries& series);
  std::string Describe(const WireSeries& series) const;
  std::string PlaceText(const WireSeries& series, int64_t time_ms) const;

  WireRequest wire_;
  Fingerprints fingerprints_;
  std::vector<tsdb::ColumnId> columns_;  // One a series of wire_.
  std::vector<tsdb::Append> samples_;
  Drops drops_;
  uint64_t elections_ = 0;
  // Of the series before: those of one replica mostly follow one another.
  TwoValues replica_;
  HaTracker::Verdict verdict_ = HaTracker::Verdict::kTake;
};

}  // namespace nines::ingest
