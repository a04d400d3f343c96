#include "tests/tsdb/hex.h"

#include <gtest/gtest.h>

#include <cctype>
#include <fstream>

namespace nines::tsdb {
namespace {

int Digit(char c) { return c <= '9' ? c - '0' : std::tolower(c) - 'a' + 10; }

void AddBytes(std::string_view line, std::string* bytes) {
  std::string digits;
  for (const char c : line.substr(0, line.find('#'))) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits.push_back(c);
  }
  EXPECT_EQ(digits.size() % 2, 0u) << "half a byte in: " << line;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes->push_back(static_cast<char>(Digit(digits[i]) * 16 + Digit(digits[i + 1])));
  }
}

}  // namespace

std::string BytesOf(std::string_view file, std::string_view name) {
  std::ifstream in(std::string(SOURCE_ROOT "/") + std::string(file));
  const std::string opening = "```hex " + std::string(name);
  std::string bytes;
  bool inside = false;
  bool found = false;
  for (std::string line; std::getline(in, line);) {
    if (inside && line == "```") break;
    if (inside) AddBytes(line, &bytes);
    if (line == opening) inside = found = true;
  }
  EXPECT_TRUE(found) << file << " has no block: " << opening;
  return bytes;
}

std::string ToHex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    if (!text.empty()) text.push_back(' ');
    text.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

}  // namespace nines::tsdb
