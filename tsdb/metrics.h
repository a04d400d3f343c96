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
  // A day was dropped because it was too old, or because the database was too big.
  enum class Why : uint8_t { kTime, kSize };
  void AddDroppedDay(Why why);
  // Of the files of all days.
  void SetPartitionBytes(uint64_t bytes);
  // A day was written out as chunks of so many bytes.
  void AddJoinedDay(uint64_t bytes);
  void SetSeries(uint64_t series);
  void SetExemplars(uint64_t exemplars);
  void SetMetadata(uint64_t names);
  void SetHeadSamples(uint64_t samples);
  void SetDiskFree(uint64_t bytes);
  // All since the start.  One thread at a time.
  void SetTableBytesWritten(uint64_t bytes);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace nines::tsdb
