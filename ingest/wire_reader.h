#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace nines::ingest {

// protobuf's wire types (the low three bits of a tag).
enum class WireType : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5,
};

constexpr uint32_t MakeTag(uint32_t field, WireType type) {
  return field << 3 | static_cast<uint32_t>(type);
}
constexpr WireType TypeOf(uint32_t tag) { return static_cast<WireType>(tag & 7); }

// A bounds-checked cursor over one protobuf message.  It accepts and refuses what libprotobuf does:
// tags and lengths of at most five bytes, varints of at most ten, overlong ones included, bits
// beyond the type dropped; field number 0, wire types 6 and 7 and unbalanced groups refused.
//
// Every Read and Skip returns false where the bytes end early or are not that; the cursor is then
// of no more use except for at().  Takes no memory.  Not synchronised.
class WireReader {
 public:
  // Messages and groups within one another, as libprotobuf limits them.
  static constexpr size_t kDepthMax = 100;

  // `bytes` must outlive the reader and what it read.
  explicit WireReader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool done() const { return at_ == end_; }
  const char* at() const { return at_; }

  // A tag of a field number other than 0.
  bool ReadTag(uint32_t* tag) {
    uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (at_ == end_) return false;
      const auto byte = static_cast<uint8_t>(*at_++);
      value |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        *tag = value;
        return value >> 3 != 0;
      }
    }
    return false;
  }

  bool ReadVarint(uint64_t* value) {
    uint64_t result = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) return false;
      const auto byte = static_cast<uint8_t>(*at_++);
      result |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        *value = result;
        return true;
      }
    }
    return false;
  }

  bool ReadDouble(double* value) {
    if (left() < sizeof(uint64_t)) return false;
    uint64_t bits = 0;
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(&bits, at_, sizeof bits);
    at_ += sizeof bits;
    *value = std::bit_cast<double>(bits);
    return true;
  }

  // A length and as many bytes.
  bool ReadBytes(std::string_view* bytes) {
    uint32_t size = 0;
    if (!ReadSize(&size) || size > left()) return false;
    *bytes = std::string_view(at_, size);
    at_ += size;
    return true;
  }

  // Passes over the value of a field whose tag was read.  `depth` is how many messages enclose it,
  // the outermost not counted.
  bool Skip(uint32_t tag, size_t depth) {
    if (TypeOf(tag) == WireType::kStartGroup) return SkipGroup(tag, depth);
    return SkipValue(TypeOf(tag));
  }

 private:
  size_t left() const { return static_cast<size_t>(end_ - at_); }

  bool ReadSize(uint32_t* size) {
    uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (at_ == end_) return false;
      const auto byte = static_cast<uint8_t>(*at_++);
      if (shift == 28 && byte >= 8) return false;  // 2 GiB and more.
      value |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        *size = value;
        return true;
      }
    }
    return false;
  }

  bool SkipFixed(size_t size) {
    if (left() < size) return false;
    at_ += size;
    return true;
  }

  bool SkipValue(WireType type) {
    uint64_t number = 0;
    std::string_view bytes;
    switch (type) {
      case WireType::kVarint:
        return ReadVarint(&number);
      case WireType::kFixed64:
        return SkipFixed(8);
      case WireType::kBytes:
        return ReadBytes(&bytes);
      case WireType::kFixed32:
        return SkipFixed(4);
      default:  // A group's end that nothing began, or a type that does not exist.
        return false;
    }
  }

  bool SkipGroup(uint32_t tag, size_t depth) {
    // Its own stack: a hostile sender must not choose how deep ours gets.
    std::array<uint32_t, kDepthMax> open;
    size_t groups = 0;
    for (;;) {
      if (TypeOf(tag) == WireType::kStartGroup) {
        if (depth + groups >= kDepthMax) return false;
        open[groups++] = tag;
      } else if (TypeOf(tag) == WireType::kEndGroup) {
        if (open[--groups] + 1 != tag) return false;
        if (groups == 0) return true;
      } else if (!SkipValue(TypeOf(tag))) {
        return false;
      }
      if (!ReadTag(&tag)) return false;
    }
  }

  const char* at_;
  const char* end_;
};

}  // namespace nines::ingest
