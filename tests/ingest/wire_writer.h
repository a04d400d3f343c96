#pragma once
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace nines::ingest {

// Writes protobuf's wire format, also in the ways that no library writes it.  Shares no code with
// the reader under test.
class WireWriter {
 public:
  WireWriter& Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>((value & 0x7f) | 0x80));
    out_.push_back(static_cast<char>(value));
    return *this;
  }
  // The same number in exactly `size` bytes.  REQUIRES: it fits.
  WireWriter& LongVarint(uint64_t value, int size) {
    for (int i = 1; i < size; ++i, value >>= 7) {
      out_.push_back(static_cast<char>((value & 0x7f) | 0x80));
    }
    out_.push_back(static_cast<char>(value));
    return *this;
  }
  WireWriter& Tag(uint32_t field, uint32_t wire_type) {
    return Varint(uint64_t{field} << 3 | wire_type);
  }
  WireWriter& Bytes(uint32_t field, std::string_view bytes) {
    return Tag(field, 2).Varint(bytes.size()).Raw(bytes);
  }
  WireWriter& Double(uint32_t field, double value) {
    Tag(field, 1);
    auto bits = std::bit_cast<uint64_t>(value);
    for (int i = 0; i < 8; ++i, bits >>= 8) out_.push_back(static_cast<char>(bits & 0xff));
    return *this;
  }
  WireWriter& Int(uint32_t field, int64_t value) {
    return Tag(field, 0).Varint(static_cast<uint64_t>(value));
  }
  WireWriter& Raw(std::string_view bytes) {
    out_.append(bytes);
    return *this;
  }

  const std::string& str() const { return out_; }

 private:
  std::string out_;
};

inline std::string LabelMessage(std::string_view name, std::string_view value) {
  return WireWriter().Bytes(1, name).Bytes(2, value).str();
}
inline std::string SampleMessage(int64_t time_ms, double value) {
  return WireWriter().Double(1, value).Int(2, time_ms).str();
}

}  // namespace nines::ingest
