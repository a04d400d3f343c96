#pragma once
#include <string>
#include <string_view>

// Bytes as they are written in documents: format examples and golden files.

namespace nines::tsdb {

// The bytes of the block "```hex NAME" of a file of the repository: hexadecimal digits, the rest of
// a line behind '#' ignored.  Fails the test where there is no such block.
std::string BytesOf(std::string_view file, std::string_view name);

// "01 ff": for messages.
std::string ToHex(std::string_view bytes);

}  // namespace nines::tsdb
