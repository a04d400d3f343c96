#include "ingest/snappy_body.h"

#include <snappy.h>

#include <string>

namespace nines::ingest {
namespace {

// How a stream in the framing format begins.
constexpr std::string_view kFramedStart("\xff\x06\x00\x00sNaPpY", 10);

// The densest element is a copy with a two-byte offset: 64 bytes out of 3.
constexpr uint64_t kCopyBytes = 64;
constexpr uint64_t kCopyEncodedBytes = 3;

}  // namespace

char* BodyBuffer::Reserve(size_t size) {
  if (size > capacity_) {
    bytes_.reset();  // Not both at once.
    capacity_ = 0;
    bytes_ = std::make_unique_for_overwrite<char[]>(size);
    capacity_ = size;
  }
  return bytes_.get();
}

Result<std::string_view> DecodeSnappy(std::string_view body, uint64_t decoded_bytes_max,
                                      BodyBuffer* buffer) {
  if (body.starts_with(kFramedStart)) {
    return Error{Code::kInvalid, "snappy's framed format; the block format is what is taken"};
  }
  size_t size = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &size)) {
    return Error{Code::kInvalid, "not a snappy block: it declares no length"};
  }
  if (size > decoded_bytes_max) {
    return Error{Code::kExhausted, "declares " + std::to_string(size) + " decoded bytes, above " +
                                       std::to_string(decoded_bytes_max)};
  }
  if (size > (body.size() / kCopyEncodedBytes + 1) * kCopyBytes) {
    return Error{Code::kInvalid, "not a snappy block: it declares " + std::to_string(size) +
                                     " decoded bytes, more than its " +
                                     std::to_string(body.size()) + " can hold"};
  }
  char* decoded = buffer->Reserve(size);
  if (!snappy::RawUncompress(body.data(), body.size(), decoded)) {
    return Error{Code::kInvalid, "corrupt snappy block"};
  }
  return std::string_view(decoded, size);
}

}  // namespace nines::ingest
