// The body of a remote write request: never more memory than the limit, and what the library says.
#include <snappy.h>

#include <string>

#include "base/check.h"
#include "ingest/snappy_body.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kDecodedMax = 1 << 16;
  static nines::ingest::BodyBuffer buffer;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto decoded = nines::ingest::DecodeSnappy(body, kDecodedMax, &buffer);
  CHECK(buffer.capacity() <= 2 * kDecodedMax);
  size_t declared = 0;
  const bool has_length = snappy::GetUncompressedLength(body.data(), body.size(), &declared);
  std::string expected;
  const bool is_whole = has_length && declared <= kDecodedMax &&
                        snappy::Uncompress(body.data(), body.size(), &expected);
  if (decoded) {
    CHECK(is_whole && *decoded == expected);
  } else {
    CHECK(!is_whole || expected.empty());
  }
  return 0;
}
