#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tsdb/alias_table.h"
#include "tsdb/change.h"
#include "tsdb/database.h"
#include "tsdb/exemplars.h"
#include "tsdb/head.h"
#include "tsdb/index.h"
#include "tsdb/journal_log.h"
#include "tsdb/lock.h"
#include "tsdb/metadata.h"
#include "tsdb/metrics.h"
#include "tsdb/partitions.h"
#include "tsdb/space.h"
#include "tsdb/store.h"

namespace nines::tsdb {

// What the parts of a store share.  Locks are taken in the order index_lock, head_lock.
struct State {
  State(const Options& given, std::unique_ptr<Database> opened, uint64_t seed)
      : options(given),
        database(std::move(opened)),
        journal(database.get(), given.sync),
        metrics(given.registry),
        partitions(database.get(), &metrics),
        index(seed, given.series_max),
        exemplars(given.exemplars_max, &index),
        metadata(given.metadata_max),
        space(&options, &metrics) {}

  const Options options;
  const std::unique_ptr<Database> database;
  JournalLog journal;  // The leader's of the commit queue, but for what its header says.
  Metrics metrics;
  Partitions partitions;  // Synchronises itself; written by Maintain() and Close().

  mutable FairSharedMutex index_lock;
  Index index;  // Guarded by index_lock, likewise aliases and pending.
  AliasTable aliases;
  std::vector<Change> pending;  // Not durable yet.
  Exemplars exemplars;          // Synchronises itself, as metadata does; only the leader adds.
  MetadataTable metadata;

  mutable FairSharedMutex head_lock;
  Head head;                      // Guarded by head_lock.  Only the leader changes its live rows.
  uint32_t families_at_open = 0;  // Constant once open: later ones have nothing on disk unseen.

  std::atomic<bool> is_closed = false;
  std::atomic<bool> is_sick = false;  // A write failed since the last Resume().
  SpaceGuard space;
};

}  // namespace nines::tsdb
