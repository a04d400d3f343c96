#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "tsdb/database.h"
#include "tsdb/place.h"
#include "tsdb/rows.h"

namespace nines::tsdb {

// Writes a day anew: what it has of one family in one unit (kSlotsOfUnit) becomes one chunk, as far
// as that stays below kJoinedRowsMax rows; else each slot becomes one.  The result is written once,
// to table files that the database takes over as they are.  Works in steps, so that a big day does
// not hold up what else its thread has to do.  Not synchronised.
class DayJoiner {
 public:
  static constexpr uint32_t kJoinedRowsMax = 512;

  enum class Progress : uint8_t {
    kMore,
    kDone,  // All is read; Finish() is next.
  };

  // Of the column family `from`.  Fragments that come into it later are not seen.
  DayJoiner(Database* database, FamilyHandle from);
  // Removes the files that are not ingested.
  ~DayJoiner();

  // Goes on until so many bytes were read, which are taken off, or the end.  kCorrupt: there is
  // damage; the message names the place.  After an error only the destructor may follow.
  Result<Progress> Step(uint64_t* bytes);

  // Makes the files a column family of that name, which counts for nothing until it has
  // kJoinedKind.
  Result<FamilyHandle> Finish(const std::string& name);

  const FamilyHandle& from() const { return from_; }

  // Removes what a crash left of such files.
  static Result<void> RemoveLeftovers(Database* database);

 private:
  struct Files;
  struct Source {
    Place place;
    std::string data;
  };
  bool IsOfUnit(const Place& place) const;
  Result<void> JoinUnit();
  Result<void> WriteChunk(const Rows& rows, uint32_t first, uint32_t last, Place place,
                          uint32_t count_ordinal);

  Database* database_;
  FamilyHandle from_;
  std::unique_ptr<Files> files_;
  std::vector<Source> unit_;  // Fragments that are read and not joined yet; of one unit.
};

}  // namespace nines::tsdb
