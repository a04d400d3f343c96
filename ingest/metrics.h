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

// The counters of this room, nines_ingest_*.  Safe for concurrent use; counting takes no memory.
class Metrics {
 public:
  // `registry` must outlive it; with null the counters are kept and shown nowhere.
  explicit Metrics(prometheus::Registry* registry);
  ~Metrics();

  void Request(int status, uint64_t body_bytes);
  void RequestRefused(RequestRefusal why);
  void SamplesWritten(uint64_t count);
  void SamplesRefused(const Refusals& refusals);
  void Ignored(uint64_t exemplars, uint64_t metadata);

 private:
  struct Counters;
  std::unique_ptr<prometheus::Registry> own_registry_;
  std::unique_ptr<Counters> counters_;
};

}  // namespace nines::ingest
