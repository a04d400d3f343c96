#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace nines {

// One code point and how many bytes hold it.  Bytes that are no UTF-8 (overlong forms, surrogates,
// what lies beyond U+10FFFF, a sequence cut short) are one byte each with `valid` false, as Go
// decodes.
struct Rune {
  char32_t value = 0xfffd;
  uint8_t size = 1;
  bool valid = false;
};

// REQUIRES: text is not empty.
Rune DecodeRune(std::string_view text);

// REQUIRES: rune is a code point and no surrogate.
void AppendUtf8(char32_t rune, std::string& out);

}  // namespace nines
