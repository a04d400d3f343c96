#pragma once
#include <cstdint>
#include <optional>

#include "tsdb/commit_queue.h"
#include "tsdb/committer.h"
#include "tsdb/state.h"

namespace nines::tsdb {

// Moves what the journal holds into fragments, a generation at a time, and does the other upkeep.
// One thread at a time; appends and reads go on meanwhile.
//
//   collecting --Switch--> writing --Sync--> written --Drop--> collecting
//
// Rows are readable in every state: from the live rows, from those set aside as well as from
// fragments, from fragments.  After a crash in any state the journal generations that are still
// there are replayed, and rows that are in fragments too read as one.
class Checkpointer {
 public:
  Checkpointer(State* state, Committer* committer, CommitQueue* queue)
      : state_(state), committer_(committer), queue_(queue) {}

  // Whether a checkpoint is due: by samples, bytes or time, or because one is not finished.
  bool IsDue(Time now);

  // Writes out all that was appended before the call.  What fails is taken up by the next call.
  Result<void> Run(Time now);

 private:
  Result<void> Switch();
  Result<void> WriteFrozen();
  Result<void> DropJournal();

  State* state_;
  Committer* committer_;
  CommitQueue* queue_;
  std::optional<Time> last_;        // The last one, or when the first call came.
  uint64_t frozen_generation_ = 0;  // Of the rows set aside.
  bool has_old_journal_ = true;     // A generation is to be dropped; perhaps, after a start.
};

}  // namespace nines::tsdb
