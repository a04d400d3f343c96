#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

// The metrics about a process that every Prometheus client library has, read from /proc.

namespace nines::api {

// The fields of /proc/PID/stat that we use, in the kernel's units (proc(5)).
struct ProcessStat {
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  uint64_t start_ticks = 0;  // After boot.
  uint64_t virtual_bytes = 0;
  uint64_t resident_pages = 0;
};

// nullopt: not such a text.  The name in it may hold blanks and parentheses.
std::optional<ProcessStat> ParseProcessStat(std::string_view text);

// process_cpu_seconds_total, process_open_fds, process_max_fds, process_virtual_memory_bytes,
// process_resident_memory_bytes, process_start_time_seconds; without those that cannot be read.
// Thread-safe.
std::vector<prometheus::MetricFamily> CollectProcessMetrics();

}  // namespace nines::api
