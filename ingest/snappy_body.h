#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace nines::ingest {

// Memory that is kept from body to body.  Not synchronised.
class BodyBuffer {
 public:
  // Room for `size` bytes; what was in it is gone.
  char* Reserve(size_t size);
  size_t capacity() const { return capacity_; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
};

// Decodes one snappy block (https://github.com/google/snappy, format_description.txt) into
// `buffer`; the result lives until the buffer is used again.  The length that the block declares is
// checked before memory is taken: against `decoded_bytes_max` (kExhausted) and against what so few
// bytes can stand for.  kInvalid: that, or no snappy block; names snappy's framed format where it
// is that.
Result<std::string_view> DecodeSnappy(std::string_view body, uint64_t decoded_bytes_max,
                                      BodyBuffer* buffer);

}  // namespace nines::ingest
