#pragma once
#include <chrono>
#include <cstdint>
#include <memory>

namespace prometheus {
class Registry;
}

namespace nines::tsdb {

// The store's metrics, nines_tsdb_*.  Safe for concurrent use; does nothing without a registry.
class Metrics {
 public:
  explicit Metrics(prometheus::Registry* registry);
  ~Metrics();

  void AddAppended(uint64_t samples);
  void AddSync();
  void AddCorruptFragment();
  void AddCheckpoint(std::chrono::nanoseconds took);
  void SetSeries(uint64_t series);
  void SetHeadSamples(uint64_t samples);
  void SetDiskFree(uint64_t bytes);
  // All since the start.  One thread at a time.
  void SetTableBytesWritten(uint64_t bytes);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace nines::tsdb
