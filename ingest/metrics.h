#pragma once
#include <cstdint>
#include <memory>

#include "ingest/refusals.h"

namespace prometheus {
class Registry;
}

namespace nines::ingest {

// Why a whole request was refused.
enum class RequestRefusal : uint8_t {
  kContentType,
  kContentEncoding,
  kBodyBytesMax,
  kEmptyBody,
  kSnappy,
  kDecodedBytesMax,
  kProtobuf,
  kSamplesMax,
  kSymbolsMax,
  kUnavailable,
};
inline constexpr size_t kRequestRefusals = 10;

// Samples and native histograms that were not meant to be kept: answered as if they were.
struct Drops {
  uint64_t relabel = 0;
  uint64_t ha = 0;
  uint64_t histograms = 0;  // Of both.
  uint64_t total() const { return relabel + ha; }
};

// The counters of this room, nines_ingest_*.  Safe for concurrent use; counting takes no memory.
class Metrics {
 public:
  // `registry` must outlive it; with null the counters are kept and shown nowhere.
  explicit Metrics(prometheus::Registry* registry);
  ~Metrics();

  void Request(int status, uint64_t body_bytes);
  void RequestRefused(RequestRefusal why);
  void SamplesWritten(uint64_t count);
  void HistogramsWritten(uint64_t count);
  void SamplesRefused(const Refusals& refusals);
  void Dropped(const Drops& drops);
  void Elected(uint64_t replicas, uint64_t clusters);
  void Exemplars(uint64_t kept, uint64_t ignored);
  void ExemplarsRefused(const ExemplarRefusals& refusals);
  void Metadata(uint64_t kept, uint64_t invalid, uint64_t too_long, uint64_t too_many);

 private:
  struct Counters;
  std::unique_ptr<prometheus::Registry> own_registry_;
  std::unique_ptr<Counters> counters_;
};

}  // namespace nines::ingest
