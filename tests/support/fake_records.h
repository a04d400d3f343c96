#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tsdb/records.h"

namespace nines::test {

// Records in memory that can be told to refuse.  What is in `data` is what a restart finds.
class FakeRecords : public tsdb::Records {
 public:
  Result<void> Write(std::span<const Change> changes) override {
    if (failing) return Error{Code::kUnavailable, "disk is sick"};
    ++writes;
    for (const Change& change : changes) {
      if (change.value) {
        data[change.key] = *change.value;
      } else {
        data.erase(change.key);
      }
    }
    return {};
  }

  Result<std::vector<std::pair<std::string, std::string>>> Scan(
      std::string_view prefix) const override {
    std::vector<std::pair<std::string, std::string>> rows;
    for (auto it = data.lower_bound(std::string(prefix));
         it != data.end() && it->first.starts_with(prefix); ++it) {
      rows.push_back(*it);
    }
    return rows;
  }

  std::vector<std::string> Keys(std::string_view prefix) const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : data) {
      if (key.starts_with(prefix)) keys.push_back(key);
    }
    return keys;
  }

  std::map<std::string, std::string> data;
  bool failing = false;
  size_t writes = 0;
};

}  // namespace nines::test
