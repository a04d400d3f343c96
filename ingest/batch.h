#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
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

// The samples and native histograms of one decoded request, with a column of the store for each:
// what lies between bytes and Store::Append().  Used again and again, so that a request whose
// series were all seen before takes no memory.  Not synchronised.
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
  // All that is to be stored.
  tsdb::Writes writes() const {
    return {.samples = samples_,
            .histograms = histograms_,
            .sample_starts = sample_starts_,
            .histogram_starts = histogram_starts_,
            .exemplars = exemplars_,
            .metadata = metadata_};
  }
  const Drops& drops() const { return drops_; }
  // How many replicas this request elected.
  uint64_t elections() const { return elections_; }
  // Metadata of the last Read() that the store knows, that was invalid, and that was too long.
  struct MetadataCounts {
    uint64_t known = 0;
    uint64_t invalid = 0;
    uint64_t too_long = 0;
  };
  const MetadataCounts& metadata_counts() const { return metadata_counts_; }
  // Of exemplars of the last Read() that are not in writes(); the store's come to them.
  ExemplarRefusals& exemplar_refusals() { return exemplar_refusals_; }
  // Exemplars of series that the rules dropped.
  uint64_t dropped_exemplars() const { return dropped_exemplars_; }
  const WireRequest& wire() const { return wire_; }

  // `x{a="b"} at 2026-11-28T18:42:19.000Z` for an index into samples().
  std::string Place(uint32_t sample) const;
  // Likewise into the histograms, and exemplars, of writes().
  std::string HistogramPlace(uint32_t histogram) const;
  std::string ExemplarPlace(uint32_t exemplar) const;

  // What is kept for the next request.
  size_t capacity_bytes() const;

 private:
  void Clear();
  Result<void> Decode(Protocol protocol, std::string_view body, const Limits& limits);
  void Find(const tsdb::Store& store);
  // What cannot be stored whatever its labels.
  void RefuseKind(const WireSeries& series, Refusals* refusals) const;
  // Puts the columns of series `i` in place; both are kNoColumn where nothing of it is to be
  // stored, and the first is kDroppedColumn where the rules say so.
  Result<void> Resolve(size_t i, const Intake& intake, Refusals* refusals);
  void AddSamples(size_t i);
  void AddHistograms(size_t i, const Limits& limits, Refusals* refusals);
  void AddExemplars();
  void AddMetadata(const Intake& intake);
  void AddOneMetadata(const tsdb::MetadataOf& metadata, const Intake& intake);
  // Whether a histogram is to be stored; false after adding to `refusals`.
  bool CheckHistogram(const WireHistogram& histogram, const WireSeries& series,
                      const Limits& limits, Refusals* refusals) const;
  // Whether the series is of an elected replica, or of none.  False after counting it as dropped,
  // or adding to `refusals`.
  Result<bool> IsElected(const WireSeries& series, const Intake& intake, Refusals* refusals);
  // The labels of series `i` by the rules; none where a rule drops it, which columns_ then says, or
  // after adding to `refusals`.
  std::optional<Labels> MakeSeries(size_t i, const Intake& intake, Refusals* refusals);
  // The column of `kind`; kNoColumn after adding to `refusals`.
  enum class Kind : uint8_t { kSamples, kHistograms };
  Result<tsdb::ColumnId> Register(size_t i, Kind kind, const Labels& labels, const Intake& intake,
                                  Refusals* refusals);
  // Refuses `count` samples and histograms of a series; nothing to do for none.
  void Refuse(const WireSeries& series, uint64_t count, SampleRefusal why, std::string_view text,
              std::string_view detail, Refusals* refusals) const;
  // False after adding to `refusals`.
  bool CheckSizes(const WireSeries& series, size_t labels, const LabelSizes& sizes,
                  const Limits& limits, Refusals* refusals) const;

  // The values of the labels that name a cluster and its replica; both or none.
  TwoValues FindReplica(const WireSeries& series, const HaOptions& options) const;
  size_t HistogramBytes() const;
  LabelSizes Measure(const WireSeries& series) const;
  Result<Labels> Parse(const WireSeries& series);
  std::string Describe(const WireSeries& series) const;
  std::string PlaceText(const WireSeries& series, int64_t time_ms) const;

  WireRequest wire_;
  Fingerprints fingerprints_;
  std::vector<tsdb::ColumnId> columns_;  // One a series of wire_.
  // Likewise of native histograms; empty where the request has none.
  std::vector<tsdb::ColumnId> histogram_columns_;
  std::vector<tsdb::Fingerprint> aliases_;  // Of those.
  std::vector<tsdb::Append> samples_;
  std::vector<tsdb::AppendHistogram> histograms_;
  std::vector<tsdb::Start> sample_starts_;
  std::vector<tsdb::Start> histogram_starts_;
  std::vector<uint32_t> histogram_series_;  // Of histograms_, into the series of wire_.
  size_t next_sample_start_ = 0;            // Of wire_.
  size_t next_histogram_start_ = 0;
  std::vector<tsdb::ExemplarOf> exemplars_;
  std::vector<uint32_t> exemplar_series_;  // Of exemplars_, into the series of wire_.
  ExemplarRefusals exemplar_refusals_;
  uint64_t dropped_exemplars_ = 0;
  std::vector<tsdb::MetadataOf> metadata_;  // That the store does not know; views into the body.
  MetadataCounts metadata_counts_;
  Drops drops_;
  uint64_t elections_ = 0;
  // Of the series before: those of one replica mostly follow one another.
  TwoValues replica_;
  HaTracker::Verdict verdict_ = HaTracker::Verdict::kTake;
};

}  // namespace nines::ingest
