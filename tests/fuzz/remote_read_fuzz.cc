// The answer of a Prometheus that is imported from: what it becomes is a request that can be read.
#include "base/check.h"
#include "ingest/remote_read.h"
#include "ingest/remote_write_v1.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kDecodedMax = 1 << 16;
  const auto body = nines::ingest::ReadResponseToWriteRequest(
      {reinterpret_cast<const char*>(data), size}, kDecodedMax);
  if (!body) return 0;
  CHECK(body->size() <= 2 * kDecodedMax);
  nines::ingest::WireRequest request;
  (void)nines::ingest::DecodeWriteRequest(*body, 1000, &request);
  return 0;
}
