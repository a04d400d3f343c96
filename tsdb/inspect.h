#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace rocksdb {
class Env;
}

namespace nines::tsdb {

// Samples with the bytes that they take and the times that they span.
struct SampleTotals {
  uint64_t samples = 0;
  uint64_t raw_bytes = 0;  // Keys and values, before compression.
  std::optional<Time> first;
  std::optional<Time> last;

  void AddTimes(int64_t first_ms, int64_t last_ms);
};

// What a data directory holds, counted.
struct Inspection {
  // One column family of RocksDB.
  struct Part {
    std::string name;
    uint64_t records = 0;
    uint64_t disk_bytes = 0;    // In files.
    uint64_t memory_bytes = 0;  // In the log, not in files.
    std::string damage;         // What reading it ended with; the figures are of what came before.
  };
  // `journal.*`.  Samples may be in fragments already, where a checkpoint was cut short.
  struct Journal {
    Part part;
    SampleTotals totals = {};
  };
  // `chunks.*`.  Stale markers do not count as samples.
  struct Partition {
    Part part;
    uint64_t fragments = 0;
    uint64_t damaged_fragments = 0;
    SampleTotals totals = {};
  };
  // The families of one base name.
  struct Metric {
    std::string base;
    uint64_t families = 0;
    uint64_t series = 0;
    uint64_t samples = 0;    // In fragments.
    uint64_t raw_bytes = 0;  // Of these fragments.
  };

  std::string path;
  std::string format;
  Time as_of{};
  bool in_use = false;  // Another process has it open.
  uint64_t families = 0;
  uint64_t series = 0;
  std::array<uint64_t, 5> series_by_role{};  // By tsdb::Role.
  std::vector<Partition> partitions;         // In order of name, that is of days.
  std::vector<Journal> journals;             // In order of generations.
  std::vector<Part> others;
  std::vector<Metric> by_series;  // The first ones, most first.
  std::vector<Metric> by_bytes;

  uint64_t fragments() const;
  uint64_t samples() const;     // In fragments.
  uint64_t disk_bytes() const;  // Of fragments.
};

struct InspectOptions {
  std::string path;
  size_t top = 10;              // Metrics in by_series and by_bytes.
  rocksdb::Env* env = nullptr;  // The machine's disk when null.  Not owned.
};

// Reads all of the database in a directory, or in a snapshot, without writing a byte; a process may
// have it open, the figures are as of the moment of the call.  REQUIRES: this process has not.
// kNotFound: there is no database.  kInvalid: not ours, or of a format that is not known.
// kCorrupt: it cannot be opened; names the file.  Damage inside a partition or a journal does not
// end it but is told there.
Result<Inspection> Inspect(const InspectOptions& options, Time now);

}  // namespace nines::tsdb
