#pragma once
#include <functional>

#include "tsdb/database.h"
#include "tsdb/records.h"

namespace nines::tsdb {

// Records in the column family `records`.
class StoredRecords final : public Records {
 public:
  // `on_failure` is told of every write that failed.
  StoredRecords(Database* database, std::function<void()> on_failure)
      : database_(database), on_failure_(std::move(on_failure)) {}

  Result<void> Write(std::span<const Change> changes) override;
  Result<std::vector<std::pair<std::string, std::string>>> Scan(
      std::string_view prefix) const override;

 private:
  Database* database_;
  std::function<void()> on_failure_;
};

}  // namespace nines::tsdb
