#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tsdb/database.h"

// The files of a column family one by one, past RocksDB's merged view of them: there, one bad block
// hides what other files have for the same keys.

namespace nines::tsdb {

// The records with keys in [from, to) that can be read.  A block that fails its check is told to
// `damaged`, with the key that was sought, and reading goes on at next(that key), which must be
// greater.  Whole files count as blocks when nothing of them can be read.
Result<std::map<std::string, std::string>> Salvage(
    rocksdb::DB* rocks, const FamilyHandle& family, const std::string& from, const std::string& to,
    const std::function<std::string(const std::string& key)>& next,
    const std::function<void(const std::string& key, const std::string& what)>& damaged);

}  // namespace nines::tsdb
