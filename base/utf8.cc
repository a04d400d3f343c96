#include "base/utf8.h"

#include "base/check.h"

namespace nines {

Rune DecodeRune(std::string_view text) {
  CHECK(!text.empty());
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return {first, 1, true};

  uint8_t size = 0;
  char32_t value = 0;
  char32_t least = 0;  // Below it the form is overlong.
  if ((first & 0xe0) == 0xc0) {
    size = 2, value = first & 0x1fu, least = 0x80;
  } else if ((first & 0xf0) == 0xe0) {
    size = 3, value = first & 0x0fu, least = 0x800;
  } else if ((first & 0xf8) == 0xf0) {
    size = 4, value = first & 0x07u, least = 0x10000;
  } else {
    return {};
  }
  if (text.size() < size) return {};
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3fu);
  }
  if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, size, true};
}

void AppendUtf8(char32_t rune, std::string& out) {
  CHECK(rune <= 0x10ffff);
  CHECK(rune < 0xd800 || rune > 0xdfff);
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80u | ((rune >> shift) & 0x3fu)));
  };
  if (rune < 0x80) {
    out.push_back(static_cast<char>(rune));
  } else if (rune < 0x800) {
    out.push_back(static_cast<char>(0xc0u | (rune >> 6)));
    tail(0);
  } else if (rune < 0x10000) {
    out.push_back(static_cast<char>(0xe0u | (rune >> 12)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0u | (rune >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace nines
