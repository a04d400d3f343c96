#include "api/process_metrics.h"

#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

namespace nines::api {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string_view> Fields(std::string_view text) {
  std::vector<std::string_view> fields;
  size_t begin = text.find_first_not_of(" \n");
  while (begin != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    fields.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(" \n", end);
  }
  return fields;
}

std::optional<uint64_t> ParseUnsigned(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// When the machine started, in Unix seconds: the line "btime N" of /proc/stat.
std::optional<uint64_t> BootSeconds() {
  std::ifstream file("/proc/stat");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("btime ")) return ParseUnsigned(std::string_view(line).substr(6));
  }
  return std::nullopt;
}

std::optional<uint64_t> OpenFiles() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  uint64_t count = 0;
  while (!error && entry != std::filesystem::directory_iterator()) {
    ++count;
    entry.increment(error);
  }
  if (error || count == 0) return std::nullopt;
  return count - 1;  // One of them is the folder that is being read.
}

MetricFamily Single(std::string name, std::string help, MetricType type, double value) {
  MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  family.metric.resize(1);
  if (type == MetricType::Counter) {
    family.metric[0].counter.value = value;
  } else {
    family.metric[0].gauge.value = value;
  }
  return family;
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(std::string_view text) {
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  // proc(5) numbers fields from 1; the first one behind the name is 3.
  const std::vector<std::string_view> fields = Fields(text.substr(name_end + 1));
  constexpr size_t kFirst = 3;
  const auto field = [&fields](size_t number) -> std::optional<uint64_t> {
    const size_t index = number - kFirst;
    return index < fields.size() ? ParseUnsigned(fields[index]) : std::nullopt;
  };
  const auto user = field(14);
  const auto system = field(15);
  const auto start = field(22);
  const auto virtual_bytes = field(23);
  const auto resident = field(24);
  if (!user || !system || !start || !virtual_bytes || !resident) return std::nullopt;
  return ProcessStat{*user, *system, *start, *virtual_bytes, *resident};
}

std::vector<MetricFamily> CollectProcessMetrics() {
  std::vector<MetricFamily> families;
  const auto add = [&families](const char* name, const char* help, MetricType type, double value) {
    families.push_back(Single(name, help, type, value));
  };
  if (const auto stat = ParseProcessStat(ReadAll("/proc/self/stat"))) {
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    add("process_cpu_seconds_total", "User and system CPU time spent, in seconds.",
        MetricType::Counter, static_cast<double>(stat->user_ticks + stat->system_ticks) / ticks);
    add("process_virtual_memory_bytes", "Size of the virtual memory, in bytes.", MetricType::Gauge,
        static_cast<double>(stat->virtual_bytes));
    add("process_resident_memory_bytes", "Size of the resident memory, in bytes.",
        MetricType::Gauge, static_cast<double>(stat->resident_pages) * page);
    if (const auto boot = BootSeconds()) {
      add("process_start_time_seconds", "When the process started, in Unix seconds.",
          MetricType::Gauge,
          static_cast<double>(*boot) + static_cast<double>(stat->start_ticks) / ticks);
    }
  }
  if (const auto open = OpenFiles()) {
    add("process_open_fds", "Number of open file descriptors.", MetricType::Gauge,
        static_cast<double>(*open));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    add("process_max_fds", "Largest number of open file descriptors allowed.", MetricType::Gauge,
        static_cast<double>(limit.rlim_cur));
  }
  return families;
}

}  // namespace nines::api
