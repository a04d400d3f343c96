#include "tsdb/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace nines::tsdb {

struct Metrics::Families {
  prometheus::Gauge& series;
  prometheus::Gauge& samples;
  prometheus::Gauge& exemplars;
  prometheus::Gauge& metadata;
  prometheus::Gauge& disk_free;
  prometheus::Counter& appended;
  prometheus::Counter& syncs;
  prometheus::Counter& corrupt;
  prometheus::Counter& checkpoints;
  prometheus::Counter& joined_days;
  prometheus::Counter& joined_bytes;
  prometheus::Family<prometheus::Counter>& dropped;
  prometheus::Counter& dropped_by_time;
  prometheus::Counter& dropped_by_size;
  prometheus::Gauge& partition_bytes;
  prometheus::Histogram& checkpoint_seconds;
  prometheus::Counter& table_bytes;

  explicit Families(prometheus::Registry* registry)
      : series(prometheus::BuildGauge()
                   .Name("nines_tsdb_head_series")
                   .Help("Series that the index knows.")
                   .Register(*registry)
                   .Add({})),
        samples(prometheus::BuildGauge()
                    .Name("nines_tsdb_head_samples")
                    .Help("Samples in the journal and not yet in fragments.")
                    .Register(*registry)
                    .Add({})),
        exemplars(prometheus::BuildGauge()
                      .Name("nines_tsdb_exemplars")
                      .Help("Exemplars that are kept.")
                      .Register(*registry)
                      .Add({})),
        metadata(prometheus::BuildGauge()
                     .Name("nines_tsdb_metadata_metrics")
                     .Help("Metrics whose type, help and unit are kept.")
                     .Register(*registry)
                     .Add({})),
        disk_free(prometheus::BuildGauge()
                      .Name("nines_tsdb_disk_free_bytes")
                      .Help("Free space of the file system that holds the data.")
                      .Register(*registry)
                      .Add({})),
        appended(prometheus::BuildCounter()
                     .Name("nines_tsdb_samples_appended_total")
                     .Help("Samples stored.")
                     .Register(*registry)
                     .Add({})),
        syncs(prometheus::BuildCounter()
                  .Name("nines_tsdb_journal_syncs_total")
                  .Help("Disk syncs of the journal: one a commit under storage.sync always.")
                  .Register(*registry)
                  .Add({})),
        corrupt(prometheus::BuildCounter()
                    .Name("nines_tsdb_corrupt_fragments_total")
                    .Help("Damaged fragments, and blocks of them, that were found since the start.")
                    .Register(*registry)
                    .Add({})),
        checkpoints(prometheus::BuildCounter()
                        .Name("nines_tsdb_checkpoints_total")
                        .Help("Journal generations written out as fragments.")
                        .Register(*registry)
                        .Add({})),
        joined_days(prometheus::BuildCounter()
                        .Name("nines_tsdb_joined_days_total")
                        .Help("Days whose fragments were joined into chunks.")
                        .Register(*registry)
                        .Add({})),
        joined_bytes(prometheus::BuildCounter()
                         .Name("nines_tsdb_joined_bytes_total")
                         .Help("Bytes of the chunks that joining wrote.")
                         .Register(*registry)
                         .Add({})),
        dropped(prometheus::BuildCounter()
                    .Name("nines_tsdb_dropped_days_total")
                    .Help("Days dropped: storage.retention (time), storage.retention_size (size).")
                    .Register(*registry)),
        dropped_by_time(dropped.Add({{"reason", "time"}})),
        dropped_by_size(dropped.Add({{"reason", "size"}})),
        partition_bytes(prometheus::BuildGauge()
                            .Name("nines_tsdb_partition_bytes")
                            .Help("Bytes of the files of all days.")
                            .Register(*registry)
                            .Add({})),
        checkpoint_seconds(
            prometheus::BuildHistogram()
                .Name("nines_tsdb_checkpoint_duration_seconds")
                .Help("How long a checkpoint took.")
                .Register(*registry)
                .Add({}, prometheus::Histogram::BucketBoundaries{0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30,
                                                                 100})),
        table_bytes(prometheus::BuildCounter()
                        .Name("nines_tsdb_table_written_bytes_total")
                        .Help("Bytes of table files written, all but the log: checkpoints, "
                              "joining, compaction.")
                        .Register(*registry)
                        .Add({})) {}
};

Metrics::Metrics(prometheus::Registry* registry)
    : families_(registry == nullptr ? nullptr : std::make_unique<Families>(registry)) {}

Metrics::~Metrics() = default;

void Metrics::AddAppended(uint64_t samples) {
  if (families_) families_->appended.Increment(static_cast<double>(samples));
}

void Metrics::AddSync() {
  if (families_) families_->syncs.Increment();
}

void Metrics::AddCorruptFragment() {
  if (families_) families_->corrupt.Increment();
}

void Metrics::AddCheckpoint(std::chrono::nanoseconds took) {
  if (!families_) return;
  families_->checkpoints.Increment();
  families_->checkpoint_seconds.Observe(std::chrono::duration<double>(took).count());
}

void Metrics::AddDroppedDay(Why why) {
  if (!families_) return;
  (why == Why::kTime ? families_->dropped_by_time : families_->dropped_by_size).Increment();
}

void Metrics::SetPartitionBytes(uint64_t bytes) {
  if (families_) families_->partition_bytes.Set(static_cast<double>(bytes));
}

void Metrics::AddJoinedDay(uint64_t bytes) {
  if (!families_) return;
  families_->joined_days.Increment();
  families_->joined_bytes.Increment(static_cast<double>(bytes));
}

void Metrics::SetSeries(uint64_t series) {
  if (families_) families_->series.Set(static_cast<double>(series));
}

void Metrics::SetExemplars(uint64_t exemplars) {
  if (families_) families_->exemplars.Set(static_cast<double>(exemplars));
}

void Metrics::SetMetadata(uint64_t names) {
  if (families_) families_->metadata.Set(static_cast<double>(names));
}

void Metrics::SetHeadSamples(uint64_t samples) {
  if (families_) families_->samples.Set(static_cast<double>(samples));
}

void Metrics::SetTableBytesWritten(uint64_t bytes) {
  if (!families_) return;
  families_->table_bytes.Increment(static_cast<double>(bytes) - families_->table_bytes.Value());
}

void Metrics::SetDiskFree(uint64_t bytes) {
  if (families_) families_->disk_free.Set(static_cast<double>(bytes));
}

}  // namespace nines::tsdb
