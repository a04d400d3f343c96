#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "tsdb/records.h"

// Pairs of Prometheus servers that scrape the same targets: of each cluster the samples of one
// replica are kept, as Mimir's HA tracker does (pkg/distributor/ha_tracker.go).
//
// The differences from Mimir:
// - The decision is made for each series, by its own two labels, where Mimir takes those of the
//   first series for the whole request: a request that mixes clusters is taken apart right.
// - The time at which a replica was last heard is exact and in memory, since there is one process:
//   so there is no update_timeout, and only elections are written.
// - The time in which we were down is no silence of the replica: after a start the elected one has
//   the whole failover_timeout.  Else the other one, with whose samples of before the stop we have
//   answered as written, would begin where it is, and what the elected one has queued were lost.

namespace nines::ingest {

struct HaOptions {
  std::string cluster_label = "cluster";
  std::string replica_label = "__replica__";  // Removed from the series that are kept.
  Duration failover_timeout = std::chrono::seconds{30};
  uint32_t clusters_max = 100;
  bool operator==(const HaOptions&) const = default;
};

// A cluster and its elected replica.
struct HaCluster {
  std::string name;
  std::string replica;
  Time elected_at;
  Time heard_at;  // When samples of the elected replica came last, or when we started.
  bool operator==(const HaCluster&) const = default;
};

// Who is elected: a state machine without clock, disk or lock.
//
//   cluster  replica  when                                   answer
//   unknown  any      clusters < clusters_max                kElect
//   unknown  any      one was not heard for kForgetAfter     kElect, that one is forgotten
//   unknown  any      else                                   kTooMany
//   known    elected  always                                 kTake; heard_at = now
//   known    other    now - heard_at < failover_timeout      kDrop
//   known    other    else                                   kElect
//
// kElect changes nothing until Elect() is called, so that it can be written first.  A clock that
// went back makes a replica be heard now, not in the future.
class HaElections {
 public:
  enum class Answer : uint8_t { kTake, kDrop, kElect, kTooMany };
  static constexpr Duration kForgetAfter = std::chrono::hours{1};

  // Takes no memory.
  Answer Ask(std::string_view cluster, std::string_view replica, const HaOptions& options,
             Time now);

  // REQUIRES: Ask() of the same answered kElect, and nothing happened since.
  struct Change {
    HaCluster elected;
    std::optional<std::string> forgotten;  // The cluster that makes room.
  };
  Change Prepare(std::string_view cluster, std::string_view replica, const HaOptions& options,
                 Time now) const;
  void Elect(const Change& change);

  std::vector<HaCluster> clusters() const;  // In order of name.
  size_t size() const { return clusters_.size(); }

 private:
  using Clusters = std::map<std::string, HaCluster, std::less<>>;
  // The one that may be forgotten; end() where there is none.
  Clusters::const_iterator Oldest(Time now) const;

  Clusters clusters_;
};

// The elections, kept in the store's records as "ingest/ha/CLUSTER": version 1, the replica as
// text, elected_at in Unix ms (tsdb/bytes.h).  Safe for concurrent use.
class HaTracker {
 public:
  // `records` must outlive it.
  explicit HaTracker(tsdb::Records* records) : records_(records) {}

  // Reads what was elected before; `now` is when each was heard.  Once, before the first Decide().
  // kCorrupt names the record.
  Result<void> Load(Time now);

  enum class Verdict : uint8_t { kTake, kDrop, kTooMany };
  struct Decision {
    Verdict verdict;
    bool is_elected_now;  // This call elected the replica.
  };
  // Takes memory and blocks on disk only where a replica is elected.  kUnavailable: it could not be
  // written; nothing changed, a retry is right.
  Result<Decision> Decide(std::string_view cluster, std::string_view replica,
                          const HaOptions& options, Time now);

  std::vector<HaCluster> clusters() const;

 private:
  tsdb::Records* const records_;
  mutable std::mutex mutex_;
  HaElections elections_;  // Guarded by mutex_.
};

}  // namespace nines::ingest
