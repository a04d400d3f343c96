#pragma once
#include <map>
#include <string>

namespace nines::tsdb {

// Column family -> key -> value.
using Contents = std::map<std::string, std::map<std::string, std::string>>;

// What a database holds, past the store.  Fails the test where it cannot be read.
Contents ReadContents(const std::string& path);

}  // namespace nines::tsdb
