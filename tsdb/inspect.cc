#include "tsdb/inspect.h"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "tsdb/bytes.h"
#include "tsdb/chunk.h"
#include "tsdb/database.h"
#include "tsdb/index.h"
#include "tsdb/journal.h"

namespace nines::tsdb {
namespace {

// Whether another process holds RocksDB's lock, asked without taking it.
bool IsLocked(const std::string& path) {
  const int file = open((path + "/LOCK").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  struct flock wanted {};
  wanted.l_type = F_WRLCK;
  wanted.l_whence = SEEK_SET;
  const bool locked = fcntl(file, F_GETLK, &wanted) == 0 && wanted.l_type != F_UNLCK;
  close(file);
  return locked;
}

class Inspector {
 public:
  explicit Inspector(const Database& database)
      : database_(database), index_(0, std::numeric_limits<uint32_t>::max()) {}

  Result<void> Run(size_t top, Inspection* out) {
    if (const Result<void> loaded = LoadIndex(); !loaded) return loaded;
    CountSeries(out);
    for (const FamilyHandle& family : database_.all()) {
      const std::string& name = family->GetName();
      if (name.starts_with("chunks.")) {
        out->partitions.push_back(ReadPartition(family));
      } else if (name.starts_with("journal.")) {
        out->journals.push_back(ReadJournal(family));
      } else {
        Inspection::Part part = Measure(family);
        Scan(family, &part, [](std::string_view, std::string_view) {});
        out->others.push_back(std::move(part));
      }
    }
    const auto by_name = [](const auto& a, const auto& b) { return a.part.name < b.part.name; };
    std::ranges::sort(out->partitions, by_name);
    std::ranges::sort(out->journals, by_name);
    out->by_series = Top(top, &Inspection::Metric::series);
    out->by_bytes = Top(top, &Inspection::Metric::raw_bytes);
    return {};
  }

 private:
  Result<void> LoadIndex() {
    const auto family = [this](std::string_view key, std::string_view value) {
      return index_.LoadFamily(key, value);
    };
    const auto column = [this](std::string_view key, std::string_view value) {
      return index_.LoadColumn(key, value);
    };
    if (Result<void> loaded = database_.Scan(Table::kSeries, "f", family); !loaded) return loaded;
    return database_.Scan(Table::kSeries, "c", column);
  }

  void CountSeries(Inspection* out) {
    out->families = index_.families();
    out->series = index_.columns();
    for (uint32_t i = 0; i < index_.families(); ++i) {
      Inspection::Metric& metric = MetricOf(FamilyId{i});
      ++metric.families;
      metric.series += index_.WidthOf(FamilyId{i});
    }
    for (uint32_t i = 0; i < index_.columns(); ++i) {
      ++out->series_by_role.at(static_cast<size_t>(index_.RoleOf(ColumnId{i})));
    }
  }

  Inspection::Metric& MetricOf(FamilyId family) {
    const std::string base(index_.BaseOf(family));
    Inspection::Metric& metric = metrics_[base];
    if (metric.base.empty()) metric.base = base;
    return metric;
  }

  Inspection::Part Measure(const FamilyHandle& family) const {
    Inspection::Part part;
    part.name = family->GetName();
    rocksdb::ColumnFamilyMetaData data;
    database_.rocks()->GetColumnFamilyMetaData(family.get(), &data);
    part.disk_bytes = data.size;
    database_.rocks()->GetIntProperty(family.get(), "rocksdb.cur-size-all-mem-tables",
                                      &part.memory_bytes);
    return part;
  }

  // Gives every record in order of key.
  template <class Take>
  void Scan(const FamilyHandle& family, Inspection::Part* part, Take take) const {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> at(
        database_.rocks()->NewIterator(options, family.get()));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      ++part->records;
      take(at->key().ToStringView(), at->value().ToStringView());
    }
    if (!at->status().ok()) part->damage = at->status().ToString();
  }

  Inspection::Partition ReadPartition(const FamilyHandle& family) {
    Inspection::Partition partition{.part = Measure(family)};
    Scan(family, &partition.part, [&](std::string_view key, std::string_view value) {
      ByteReader reader(key);
      const char kind = static_cast<char>(reader.U8());
      const FamilyId id{reader.U32Be()};
      const bool is_known = static_cast<uint32_t>(id) < index_.families();
      const uint64_t bytes = key.size() + value.size();
      partition.totals.raw_bytes += bytes;
      if (is_known) MetricOf(id).raw_bytes += bytes;
      if (kind != 's') return;
      ++partition.fragments;
      const Result<Summary> summary = DecodeSummary(value);
      if (!summary) {
        ++partition.damaged_fragments;
        return;
      }
      partition.totals.AddTimes(summary->first_ms, summary->last_ms);
      uint64_t samples = 0;
      for (const Summary::Of& column : summary->columns) samples += column.window.count;
      partition.totals.samples += samples;
      if (is_known) MetricOf(id).samples += samples;
    });
    return partition;
  }

  Inspection::Journal ReadJournal(const FamilyHandle& family) const {
    Inspection::Journal journal{.part = Measure(family)};
    JournalEntry entry;
    Scan(family, &journal.part, [&](std::string_view key, std::string_view value) {
      journal.totals.raw_bytes += key.size() + value.size();
      if (const Result<void> read = DecodeJournalEntry(value, &entry); !read) {
        journal.part.damage = "entry " + HexText(key) + ": " + read.error().message;
        return;
      }
      journal.totals.samples += entry.samples.size() + entry.histograms.size();
      for (const Append& one : entry.samples) journal.totals.AddTimes(one.time_ms, one.time_ms);
      for (const AppendHistogram& one : entry.histograms) {
        journal.totals.AddTimes(one.time_ms, one.time_ms);
      }
    });
    return journal;
  }

  std::vector<Inspection::Metric> Top(size_t n, uint64_t Inspection::Metric::*by) const {
    std::vector<Inspection::Metric> metrics;
    for (const auto& [base, metric] : metrics_) metrics.push_back(metric);
    const auto more = [by](const Inspection::Metric& a, const Inspection::Metric& b) {
      return a.*by != b.*by ? a.*by > b.*by : a.base < b.base;
    };
    const size_t kept = std::min(n, metrics.size());
    std::partial_sort(metrics.begin(), metrics.begin() + static_cast<ptrdiff_t>(kept),
                      metrics.end(), more);
    metrics.resize(kept);
    return metrics;
  }

  const Database& database_;
  Index index_;
  std::map<std::string, Inspection::Metric> metrics_;
};

template <class T, class Get>
uint64_t Sum(const std::vector<T>& all, Get get) {
  uint64_t sum = 0;
  for (const T& one : all) sum += get(one);
  return sum;
}

}  // namespace

void SampleTotals::AddTimes(int64_t first_ms, int64_t last_ms) {
  if (!first || FromUnixMs(first_ms) < *first) first = FromUnixMs(first_ms);
  if (!last || FromUnixMs(last_ms) > *last) last = FromUnixMs(last_ms);
}

uint64_t Inspection::fragments() const {
  return Sum(partitions, [](const Partition& one) { return one.fragments; });
}

uint64_t Inspection::samples() const {
  return Sum(partitions, [](const Partition& one) { return one.totals.samples; });
}

uint64_t Inspection::disk_bytes() const {
  return Sum(partitions, [](const Partition& one) { return one.part.disk_bytes; });
}

Result<Inspection> Inspect(const InspectOptions& options, Time now) {
  Inspection found;
  found.path = options.path;
  found.as_of = now;
  found.in_use = options.env == nullptr && IsLocked(options.path);
  const auto database = Database::OpenToRead(options.path, options.env);
  if (!database) return database.error();
  found.format = (*database)->format();
  Inspector inspector(**database);
  if (const Result<void> read = inspector.Run(options.top, &found); !read) {
    return Wrap("data directory " + options.path, read.error());
  }
  return found;
}

}  // namespace nines::tsdb
