#pragma once
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/wire_reader.h"

// Fields of a protobuf message, added to a string.

namespace nines::ingest {

inline void PutWireVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>((value & 0x7f) | 0x80));
  out->push_back(static_cast<char>(value));
}

inline void PutWireBytes(uint32_t field, std::string_view bytes, std::string* out) {
  PutWireVarint(MakeTag(field, WireType::kBytes), out);
  PutWireVarint(bytes.size(), out);
  out->append(bytes);
}

inline void PutWireInteger(uint32_t field, uint64_t value, std::string* out) {
  PutWireVarint(MakeTag(field, WireType::kVarint), out);
  PutWireVarint(value, out);
}

inline void PutWireDouble(uint32_t field, double value, std::string* out) {
  PutWireVarint(MakeTag(field, WireType::kFixed64), out);
  auto bits = std::bit_cast<uint64_t>(value);
  for (int i = 0; i < 8; ++i, bits >>= 8) out->push_back(static_cast<char>(bits & 0xff));
}

}  // namespace nines::ingest
