#pragma once
#include <cstddef>
#include <string>

namespace nines::tsdb {

// Bytes that nobody can guess, from the operating system: for secrets and unique names.
std::string RandomBytes(size_t size);

}  // namespace nines::tsdb
