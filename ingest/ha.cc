#include "ingest/ha.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/labels.h"
#include "tsdb/bytes.h"

namespace nines::ingest {
namespace {

constexpr std::string_view kPrefix = "ingest/ha/";
constexpr uint8_t kRecordVersion = 1;

std::string KeyOf(std::string_view cluster) {
  std::string key(kPrefix);
  return key.append(cluster);
}

std::string Encode(const HaCluster& cluster) {
  std::string bytes(1, static_cast<char>(kRecordVersion));
  tsdb::PutText(cluster.replica, &bytes);
  tsdb::PutU64Be(static_cast<uint64_t>(ToUnixMs(cluster.elected_at)), &bytes);
  return bytes;
}

Result<HaCluster> Decode(std::string_view key, std::string_view bytes, Time now) {
  tsdb::ByteReader reader(bytes);
  const uint8_t version = reader.U8();
  HaCluster cluster;
  cluster.name = key.substr(kPrefix.size());
  cluster.replica = reader.Text();
  cluster.elected_at = FromUnixMs(static_cast<int64_t>(reader.U64Be()));
  cluster.heard_at = now;
  if (version != kRecordVersion || !reader.AtEnd() || cluster.replica.empty()) {
    return Error{Code::kCorrupt,
                 "record " + GoQuote(key) + " is damaged or of a version that is not known"};
  }
  return cluster;
}

}  // namespace

// ---- The state machine.

HaElections::Answer HaElections::Ask(std::string_view cluster, std::string_view replica,
                                     const HaOptions& options, Time now) {
  const auto at = clusters_.find(cluster);
  if (at == clusters_.end()) {
    const bool has_room = clusters_.size() < options.clusters_max || Oldest(now) != clusters_.end();
    return has_room ? Answer::kElect : Answer::kTooMany;
  }
  HaCluster& known = at->second;
  known.heard_at = std::min(known.heard_at, now);
  if (known.replica == replica) {
    known.heard_at = now;
    return Answer::kTake;
  }
  return now - known.heard_at < options.failover_timeout ? Answer::kDrop : Answer::kElect;
}

HaElections::Change HaElections::Prepare(std::string_view cluster, std::string_view replica,
                                         const HaOptions& options, Time now) const {
  Change change;
  change.elected = {.name = std::string(cluster),
                    .replica = std::string(replica),
                    .elected_at = now,
                    .heard_at = now};
  if (clusters_.contains(cluster) || clusters_.size() < options.clusters_max) return change;
  const auto oldest = Oldest(now);
  CHECK(oldest != clusters_.end());
  change.forgotten = oldest->first;
  return change;
}

void HaElections::Elect(const Change& change) {
  if (change.forgotten) clusters_.erase(*change.forgotten);
  clusters_[change.elected.name] = change.elected;
}

HaElections::Clusters::const_iterator HaElections::Oldest(Time now) const {
  const auto oldest = std::min_element(
      clusters_.begin(), clusters_.end(),
      [](const auto& a, const auto& b) { return a.second.heard_at < b.second.heard_at; });
  if (oldest == clusters_.end() || now - oldest->second.heard_at < kForgetAfter) {
    return clusters_.end();
  }
  return oldest;
}

std::vector<HaCluster> HaElections::clusters() const {
  std::vector<HaCluster> all;
  for (const auto& [name, cluster] : clusters_) all.push_back(cluster);
  return all;
}

// ---- With lock and records.

Result<void> HaTracker::Load(Time now) {
  const auto rows = records_->Scan(kPrefix);
  if (!rows) return rows.error();
  const std::lock_guard lock(mutex_);
  for (const auto& [key, value] : *rows) {
    auto cluster = Decode(key, value, now);
    if (!cluster) return cluster.error();
    elections_.Elect({.elected = std::move(*cluster), .forgotten = {}});
  }
  return {};
}

Result<HaTracker::Decision> HaTracker::Decide(std::string_view cluster, std::string_view replica,
                                              const HaOptions& options, Time now) {
  // Held while an election is written: nobody may act on one that is not durable.
  const std::lock_guard lock(mutex_);
  switch (elections_.Ask(cluster, replica, options, now)) {
    case HaElections::Answer::kTake:
      return Decision{Verdict::kTake, false};
    case HaElections::Answer::kDrop:
      return Decision{Verdict::kDrop, false};
    case HaElections::Answer::kTooMany:
      return Decision{Verdict::kTooMany, false};
    case HaElections::Answer::kElect:
      break;
  }
  const HaElections::Change change = elections_.Prepare(cluster, replica, options, now);
  std::vector<tsdb::Records::Change> writes;
  if (change.forgotten) writes.push_back({.key = KeyOf(*change.forgotten), .value = std::nullopt});
  writes.push_back({.key = KeyOf(cluster), .value = Encode(change.elected)});
  if (auto written = records_->Write(writes); !written) {
    return Wrap("electing a replica of cluster " + GoQuote(cluster), written.error());
  }
  elections_.Elect(change);
  return Decision{Verdict::kTake, true};
}

std::vector<HaCluster> HaTracker::clusters() const {
  const std::lock_guard lock(mutex_);
  return elections_.clusters();
}

}  // namespace nines::ingest
