#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tsdb/bytes.h"

// The primitives of chunks and journal entries, where each sample counts: varints through a
// pointer, zigzag, little-endian words, and a reader that the compiler can see through.

namespace nines::tsdb {

static_assert(std::endian::native == std::endian::little, "words on disk are copied as they are");

inline constexpr size_t kVarintMax = 10;  // Bytes of a 64-bit varint.

constexpr uint64_t ZigZag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
constexpr int64_t UnZigZag(uint64_t v) {
  return static_cast<int64_t>((v >> 1) ^ (uint64_t{0} - (v & 1)));
}

constexpr size_t VarintSize(uint64_t v) {
  return (static_cast<size_t>(std::bit_width(v | 1)) + 6) / 7;
}

// Writes at `p`, which has room for kVarintMax bytes, and returns the end.
inline char* WriteVarint(uint64_t v, char* p) {
  while (v >= 0x80) {
    *p++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *p++ = static_cast<char>(v);
  return p;
}

// Writes 8 bytes at `p` and returns the end.
inline char* WriteWord(uint64_t v, char* p) {
  std::memcpy(p, &v, sizeof v);
  return p + sizeof v;
}

inline void PutZigZag(int64_t v, std::string* out) { PutVarint(ZigZag(v), out); }
inline void PutByte(uint8_t v, std::string* out) { out->push_back(static_cast<char>(v)); }
inline void PutWord(uint64_t v, std::string* out) {
  char buffer[sizeof v];
  WriteWord(v, buffer);
  out->append(buffer, sizeof buffer);
}

// True and the number: `value` is an integer of at most 2^53 on either side and not -0, so that it
// comes back from an integer with the same bits.
inline bool AsInteger(double value, int64_t* integer) {
  if (!(std::fabs(value) <= 0x1p53)) return false;  // NaN too.
  *integer = static_cast<int64_t>(value);
  return std::bit_cast<uint64_t>(static_cast<double>(*integer)) == std::bit_cast<uint64_t>(value);
}

// Reads untrusted bytes from front to back.  A read past the end, or of a varint that is no 64-bit
// number, fails: it and every later read give 0, and ok() is false from then on.
class PackedReader {
 public:
  explicit PackedReader(std::string_view bytes)
      : p_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  size_t left() const { return static_cast<size_t>(end_ - p_); }
  // Everything was read, and all of it was right.
  bool AtEnd() const { return ok_ && p_ == end_; }

  uint8_t Byte() {
    if (p_ == end_) return static_cast<uint8_t>(Fail());
    return static_cast<uint8_t>(*p_++);
  }

  uint64_t Varint() {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (p_ == end_) return Fail();
      const auto byte = static_cast<uint8_t>(*p_++);
      if (shift == 63 && byte > 1) return Fail();
      v |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
    return Fail();
  }
  int64_t SignedVarint() { return UnZigZag(Varint()); }

  uint64_t Word() {
    if (left() < sizeof(uint64_t)) return Fail();
    uint64_t v;
    std::memcpy(&v, p_, sizeof v);
    p_ += sizeof v;
    return v;
  }

  // The next `n` bytes, not copied.
  std::string_view Bytes(uint64_t n) {
    if (n > left()) {
      Fail();
      return {};
    }
    const std::string_view bytes(p_, static_cast<size_t>(n));
    p_ += n;
    return bytes;
  }

  // For a caller that finds what it read to be wrong.  Returns 0.
  uint64_t Fail() {
    ok_ = false;
    p_ = end_;
    return 0;
  }

 private:
  const char* p_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace nines::tsdb
