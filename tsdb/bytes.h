#pragma once
#include <cstdint>
#include <string>
#include <string_view>

// The bytes of keys and of small records: big-endian integers where order matters, unsigned LEB128
// and texts with their length before them elsewhere.

namespace nines::tsdb {

inline void PutU16Be(uint16_t value, std::string* out) {
  out->push_back(static_cast<char>(value >> 8));
  out->push_back(static_cast<char>(value & 0xff));
}

inline void PutU32Be(uint32_t value, std::string* out) {
  PutU16Be(static_cast<uint16_t>(value >> 16), out);
  PutU16Be(static_cast<uint16_t>(value & 0xffff), out);
}

inline void PutU64Be(uint64_t value, std::string* out) {
  PutU32Be(static_cast<uint32_t>(value >> 32), out);
  PutU32Be(static_cast<uint32_t>(value & 0xffffffffu), out);
}

inline void PutVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

inline void PutText(std::string_view text, std::string* out) {
  PutVarint(text.size(), out);
  out->append(text);
}

// "666f6f": how messages name a key.
std::string HexText(std::string_view bytes);

// Reads what the functions above wrote.  After a read beyond the end, or of a varint that is none,
// ok() is false and everything reads as zero or empty.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  uint8_t U8();
  uint16_t U16Be() { return static_cast<uint16_t>(Integer(2)); }
  uint32_t U32Be() { return static_cast<uint32_t>(Integer(4)); }
  uint64_t U64Be() { return Integer(8); }
  uint64_t Varint();
  // A view into the bytes.
  std::string_view Text();

  bool ok() const { return ok_; }
  // Everything was read, and nothing failed.
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  uint64_t Integer(int bytes);
  void Fail();

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace nines::tsdb
