#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace nines::tsdb {

// Small durable state of the other rooms: alert states, notification log, outbox.  Keys are
// "ROOM/KIND/…"; values are the room's own bytes.  Safe for concurrent use; a key prefix has one
// writer.
//
// An interface with two implementations: the store's, and the tests' FakeRecords.
class Records {
 public:
  struct Change {
    std::string key;
    std::optional<std::string> value;  // nullopt deletes.
  };

  virtual ~Records() = default;

  // All changes or none, and durable (survives power loss) when it returns.
  // kUnavailable: nothing was written; try again.
  virtual Result<void> Write(std::span<const Change> changes) = 0;

  // Every record whose key starts with `prefix`, in order of keys.
  virtual Result<std::vector<std::pair<std::string, std::string>>> Scan(
      std::string_view prefix) const = 0;
};

}  // namespace nines::tsdb
