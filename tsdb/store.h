#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/result.h"
#include "base/time.h"
#include "tsdb/family.h"
#include "tsdb/histogram.h"
#include "tsdb/records.h"
#include "tsdb/sample.h"
#include "tsdb/window.h"

namespace rocksdb {
class Env;
}
namespace prometheus {
class Registry;
}

// The embedded time-series store: histogram families in RocksDB.  Bytes on disk: tsdb/FORMAT.md.

namespace nines::tsdb {

// When Append() is durable against power loss.  kill -9 loses nothing under any of them, and
// records are always synced.
enum class SyncMode : uint8_t {
  kAlways,    // When it returns.
  kInterval,  // After the next Sync().
  kOs,        // When the operating system writes it, a record is written, or at a checkpoint.
};

// Append() is refused while less of the data's file system is free than the smaller of the two.
struct MinFree {
  uint64_t bytes = uint64_t{1} << 30;
  double percent = 5;  // Of the file system's size; 0 refuses nothing.
  bool operator==(const MinFree&) const = default;
};
struct DiskSpace {
  uint64_t free = 0;  // Bytes that this process may still take.
  uint64_t total = 0;
};

struct Options {
  std::string path;
  SyncMode sync = SyncMode::kAlways;
  Duration retention = std::chrono::hours{24 * 35};
  // The oldest days are dropped while all files have more bytes, but for the present day; 0 is off.
  uint64_t retention_bytes = 0;
  Duration out_of_order_window = std::chrono::minutes{30};  // Behind its own column's newest.
  Duration future_max = std::chrono::minutes{10};           // Ahead of `now`.
  uint32_t series_max = 5'000'000;                          // Register() beyond it: kExhausted.
  // A journal generation is written out as fragments and dropped at the first of these.
  uint64_t checkpoint_samples = 10'000'000;
  Duration checkpoint_interval = std::chrono::minutes{30};
  // What one Maintain() reads of the days that it joins: about a second's work.
  uint64_t join_bytes = uint64_t{16} << 20;
  MinFree min_free = {};
  uint32_t exemplars_max = 100'000;  // In all; 0 keeps none.
  uint32_t metadata_max = 100'000;   // Names of metrics.
  // Free space of the file system at a path, nullopt where it cannot be told.  Null: the operating
  // system's answer, and none where `env` is given.
  std::function<std::optional<DiskSpace>(const std::string& path)> disk_space = {};
  rocksdb::Env* env = nullptr;               // The machine's disk when null.  Not owned.
  prometheus::Registry* registry = nullptr;  // Our metrics (nines_tsdb_*).  Not owned; may be null.
};

// 128 bits of a label set in the form in which it arrived, keyed with a secret of the store so that
// no sender can seek collisions.
struct Fingerprint {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const Fingerprint&) const = default;
};

// The alias of a series' column of native histograms, whose labels are those of its value column.
inline Fingerprint HistogramAlias(const Fingerprint& alias) { return {alias.low, ~alias.high}; }

struct Append {
  ColumnId column;  // Of Register().
  int64_t time_ms;
  double value;
};

struct AppendHistogram {
  ColumnId column;  // Of RegisterHistogram().
  int64_t time_ms;
  std::string_view bytes;  // EncodeHistogram(): none for a stale marker.
};

// That a sample or histogram counts what happened since a time; one of which the time is 0 or not
// before its own says nothing.
struct Start {
  uint32_t index;  // Of the sample, or histogram, in its request.
  int64_t start_ms;
};

// A sample with a trace: labels such as trace_id beside a value that was observed.
struct Exemplar {
  Labels labels;
  double value = 0;
  int64_t time_ms = 0;
  bool operator==(const Exemplar&) const;  // The same bits of the value.
};
struct ExemplarOf {
  ColumnId column;  // The series on which it came: of a histogram, one of its buckets.
  Exemplar exemplar;
};

// What a metric is said to be.  On disk and in both protocols of remote write as these numbers.
enum class MetricType : uint8_t {
  kUnknown = 0,
  kCounter = 1,
  kGauge = 2,
  kHistogram = 3,
  kGaugeHistogram = 4,
  kSummary = 5,
  kInfo = 6,
  kStateset = 7,
};
std::string_view MetricTypeName(MetricType type);  // "counter", …

struct MetadataOf {
  std::string_view name;  // Of the metric: of a histogram, without _bucket.  Not empty.
  MetricType type;
  std::string_view help;
  std::string_view unit;
};
struct MetricMetadata {
  std::string name;
  MetricType type;
  std::string help;
  std::string unit;
};

// What one request stores.
struct Writes {
  std::span<const tsdb::Append> samples = {};
  std::span<const AppendHistogram> histograms = {};
  std::span<const Start> sample_starts = {};  // In order of index.
  std::span<const Start> histogram_starts = {};
  std::span<const ExemplarOf> exemplars = {};
  std::span<const MetadataOf> metadata = {};

  bool empty() const {
    return samples.empty() && histograms.empty() && exemplars.empty() && metadata.empty();
  }
};

// Why one sample or native histogram of a request was not stored.
enum class Refusal : uint8_t {
  kDuplicate,  // Another value is stored at this time.
  kTooOld,     // Further behind its column's newest than the out-of-order window.
  kBeyondRetention,
  kTooFarAhead,
};
std::string_view RefusalName(Refusal refusal);  // "duplicate sample for timestamp", …

// Why one exemplar of a request was not kept.
enum class ExemplarRefusal : uint8_t {
  kOutOfOrder,  // Before the newest of its series, by time, value and labels.
  kTooLong,     // Its labels have more than 128 characters.
  kBeyondRetention,
  kTooFarAhead,
};
std::string_view RefusalName(ExemplarRefusal refusal);  // "out of order exemplar", …

struct AppendReport {
  struct Refused {
    uint32_t index;  // Into what was given.
    Refusal reason;
  };
  struct RefusedExemplar {
    uint32_t index;  // Into the exemplars given.
    ExemplarRefusal reason;
  };
  // Of samples.
  uint64_t stored = 0;
  uint64_t repeated = 0;  // Same time and same value as stored: accepted, nothing to do.
  std::vector<Refused> refused;
  // Likewise of native histograms; the same value is the same bytes.
  uint64_t histograms_stored = 0;
  uint64_t histograms_repeated = 0;
  std::vector<Refused> refused_histograms;
  uint64_t exemplars = 0;  // Kept, or kept already.
  std::vector<RefusedExemplar> refused_exemplars;
  uint64_t metadata = 0;          // Kept, or kept already.
  uint64_t metadata_refused = 0;  // Of new names beyond Options::metadata_max.
};

// A start timestamp of a column, and the first sample that came with it.
struct StartTime {
  Time start;
  Time first_sample;
  bool operator==(const StartTime&) const = default;
};
// The newest of a column are kept.
inline constexpr size_t kStartsMax = 32;

struct Series {
  ColumnId id;
  Labels labels;  // Whole: `__name__`, `le` as written.
  Role role;      // kHistogram: perhaps beside another column with the same labels.
};

// Series that match all matchers of one of the sets; every series where there is no set.
struct SeriesQuery {
  std::vector<Matchers> sets = {};
  Time from;
  Time to;
};

struct SeriesExemplars {
  Labels labels;
  std::vector<Exemplar> exemplars;
};

struct Column {
  ColumnId id;
  Role role;
  std::string le;    // kBucket.
  double bound = 0;  // kBucket.
};

// A family as the SLO evaluator sees it.
struct FamilyView {
  FamilyId id;
  std::string base;
  Labels labels;
  std::vector<Column> columns;  // Buckets by bound, then count, sum, value, histogram.
  std::optional<Time> newest;   // Its newest row, stale markers included.
  Duration spacing{0};          // Median distance of its last rows; 0 when fewer than two.
  bool ended = false;           // Its newest row is a stale marker.
};

struct StoreStats {
  uint64_t families = 0;
  uint64_t series = 0;
  uint64_t exemplars = 0;
  uint64_t metadata = 0;       // Names of metrics that have some.
  uint64_t head_samples = 0;   // In the journal, not yet in fragments.
  std::optional<Time> oldest;  // Start of the oldest partition.
};

// Safe for concurrent use by any number of threads.
//
// Durability: when Append() returns a value, its samples survive kill -9 and, under
// SyncMode::kAlways, power loss.  Under the others a power loss takes the end of what was appended
// since the last sync, whole commits from some point on, and nothing else.
// Damage: fragments on disk that fail their check are left out of every answer, as if they had
// never been written, and told once in the log and in nines_tsdb_corrupt_fragments_total.
// Isolation: one call that reads sees all of an Append() or none of it.
class Store {
 public:
  // Opens or creates the database.  Replays the journal.
  // kInvalid: the directory holds something else, or a format that this version does not know.
  // kUnavailable: another process has it open, or it cannot be written; the message says which.
  // kCorrupt: a journal or table is damaged; names file and place.  Nothing is changed then.
  static Result<std::unique_ptr<Store>> Open(const Options& options);
  // Leaves the journal as it is; the next Open() replays it.  See Close().
  ~Store();

  // ---- Writing.  The warm path is Hash, Find, Append: no label is parsed and no memory taken.

  Fingerprint Hash(std::string_view raw_labels) const;

  // The columns of label sets that were registered, kDroppedColumn of those that were dropped, else
  // kNoColumn.  REQUIRES: equal sizes.
  void Find(std::span<const Fingerprint> fingerprints, std::span<ColumnId> columns) const;

  // The column of `series`, made if it is new, and from now on found by `alias`.  A definition is
  // durable with the first Append() that follows.  kExhausted: series_max.
  Result<ColumnId> Register(const Fingerprint& alias, const Labels& series);

  // Likewise its column of native histograms.  REQUIRES: `alias` is a HistogramAlias().
  Result<ColumnId> RegisterHistogram(const Fingerprint& alias, const Labels& series);

  // Whether Register() would not make a column.
  bool Has(const Labels& series) const;
  // Likewise RegisterHistogram().
  bool HasHistogram(const Labels& series) const;

  // From now on Find() gives kDroppedColumn for `alias`.
  void Drop(const Fingerprint& alias);
  // Find() knows nothing any more: what an alias stands for is decided anew, by other rules.  The
  // series stay.
  void ForgetAliases();

  // Stores what can be stored and reports the rest; start timestamps of what is refused are not.
  // Concurrent calls share one disk sync.  Blocks on disk.  kUnavailable: nothing was stored, a
  // retry is right; of a disk that is too full (Options::min_free) too, until there is room again.
  //
  // Exemplars and metadata are durable with the samples.  Where a disk refuses the write they may
  // stay all the same, and are written with the next: whoever sends them again repeats them.
  Result<AppendReport> Append(const Writes& writes, Time now);
  // Samples alone.
  Result<AppendReport> Append(std::span<const tsdb::Append> samples, Time now) {
    return Append(Writes{.samples = samples}, now);
  }

  // ---- Reading.

  // REQUIRES: `column` came from this store.
  Labels LabelsOf(ColumnId column) const;

  // Series that match all of `matchers` and have a sample in [from, to], in order of labels; of one
  // with native histograms too, both columns.  A matcher on `le` with a number in it selects a
  // classic bucket whatever its spelling.
  Result<std::vector<Series>> Select(const Matchers& matchers, Time from, Time to) const;

  // The samples of each column in [from, to], stale markers included, in order of time.  A native
  // histogram reads as its count of observations here and in Windows().
  Result<std::vector<std::vector<Sample>>> Read(std::span<const ColumnId> columns, Time from,
                                                Time to) const;

  // The native histograms of each column, likewise.  REQUIRES: columns of RegisterHistogram().
  Result<std::vector<std::vector<HistogramSample>>> ReadHistograms(
      std::span<const ColumnId> columns, Time from, Time to) const;

  // The start timestamps that came with a column's samples, in order of the first sample of each.
  Result<std::vector<StartTime>> Starts(ColumnId column) const;

  // Families of that base name whose labels match, in order of labels.  `matchers` see the labels
  // without `le` and `__name__`.
  Result<std::vector<FamilyView>> Families(std::string_view base, const Matchers& matchers) const;

  // One window a query, all as of one state of the store.  Reads summaries for what lies inside and
  // decodes only the fragments at the edges.
  Result<std::vector<Window>> Windows(std::span<const WindowQuery> queries) const;

  // Which series there are.  Exact to the matchers and coarse in time, as Prometheus is, which goes
  // by blocks and chunks: a series counts as there where its family has a fragment, of two hours at
  // most, that [from, to] touches.
  //
  // In order, each once.
  Result<std::vector<std::string>> LabelNames(const SeriesQuery& query) const;
  Result<std::vector<std::string>> LabelValues(std::string_view name,
                                               const SeriesQuery& query) const;
  Result<std::vector<Labels>> FindSeries(const SeriesQuery& query) const;

  // Exemplars in [from, to], to the millisecond, in order of labels and of time.  Series that have
  // none are left out.
  std::vector<SeriesExemplars> FindExemplars(const SeriesQuery& query) const;

  // Whether exactly that is kept, so that nothing is to be written.  Takes no memory.
  bool KnowsMetadata(const MetadataOf& metadata) const;

  // In order of names; that of `name` alone where it is not empty.
  std::vector<MetricMetadata> FindMetadata(std::string_view name) const;

  Records& records();

  // ---- Upkeep.

  // Checkpoints when one is due, drops what is beyond the retention, in time or size, joins the
  // fragments of days that are over, a part at a time, retries what a sick disk refused.  Call
  // every few seconds from one thread.
  Result<void> Maintain(Time now);

  // Whether the disk failed such that nothing is written until the store is opened anew: a sync
  // that failed leaves nobody to say what is durable.  Maintain() finds it out, and its error has
  // the words.  Stays true.
  bool needs_restart() const;

  // Makes durable what was appended.  For SyncMode::kInterval: call it every second from one
  // thread. Nothing to do, and no sync, where all is durable.
  Result<void> Sync();

  // Copies everything to a directory below the data's that opens as data, and gives its name; see
  // snapshot.h.  Upkeep waits meanwhile, appending goes on.  kUnavailable: the disk refused it, or
  // is too full (Options::min_free).
  Result<std::string> Snapshot(Time now);

  // Writes everything out so that the next Open() has nothing to replay.  Append() answers
  // kUnavailable from then on.
  Result<void> Close(Time now);

  StoreStats stats() const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nines::tsdb
