#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "evaluator/alert.h"
#include "evaluator/alert_fsm.h"
#include "evaluator/slo/alert_record.h"
#include "evaluator/slo/slo_alerts.h"
#include "tsdb/records.h"

// The states of all alerts, durable, and what the sink has still to be told.
//
// The order that makes it proof against a kill at any instant: step, Save(), Deliver().  What fires
// is repeated for ever; what ended has a record of its own, written in the change that takes away
// the record of the alert, and deleted when the sink has taken it.
//
// Not thread-safe: one writer.

namespace nines::evaluator {

inline constexpr Duration kResendDelay = std::chrono::minutes{1};
inline constexpr Duration kRetryDelay =
    std::chrono::seconds{1};  // After the disk or the sink failed.

class AlertBook {
 public:
  // Reads the records.  kCorrupt: one cannot be read; names its key.
  static Result<AlertBook> Open(tsdb::Records* records);

  // Steps the alert of one group.  Where the labels of an alert that fires are others than before
  // (a reload), the old ones end and the new ones fire on.
  Action Step(const AlertKey& key, const SloAlert& alert, const std::vector<std::string>& group_by,
              Input input, Time slot);

  // Inactive where there is none.
  AlertState StateOf(const AlertKey& key) const;

  // Groups of an SLO with an alert that is pending or fires.
  std::vector<Labels> ActiveGroups(const std::string& slo) const;

  // Ends every alert for which `keep` is false: those that fire resolve at `slot`.
  template <class F>
  void Retain(const F& keep, Time slot) {
    for (auto it = entries_.begin(); it != entries_.end();) {
      it = keep(it->first, it->second.group_by) ? std::next(it) : Remove(it, slot);
    }
  }

  // Forgets alerts of an SLO that are inactive and were not stepped at `slot`.
  void Prune(const std::string& slo, Time slot);

  // Writes what changed since the last success in one atomic change.  On an error it stays to be
  // written.
  Result<void> Save();

  // Sends what is due: alerts that began to fire, that ended, and that were sent kResendDelay ago.
  // On an error it stays due and is tried again after kRetryDelay.
  Result<void> Deliver(AlertSink* sink, Time now);

  // When Save() or Deliver() next has something to do.
  std::optional<Time> NextDeadline(Time now) const;

  size_t Count(State state) const;

 private:
  struct Entry {
    AlertState state;
    std::vector<std::string> group_by;
    Labels labels;
    Labels annotations;
    std::string generator_url;
    std::optional<Time> sent_at;  // Empty: due at once.
  };
  using Entries = std::map<AlertKey, Entry>;

  explicit AlertBook(tsdb::Records* records) : records_(records) {}
  Result<void> Restore();
  Entries::iterator Remove(Entries::iterator it, Time slot);
  void AddEnded(const Entry& entry, Time fired_at, Time slot);
  void DropEnded(const Labels& labels);
  void Write(const AlertKey& key, const Entry& entry);
  static bool IsDue(const Entry& entry, Time now);

  tsdb::Records* records_;
  Entries entries_;
  std::map<Labels, Alert> ended_;                              // Not yet taken by the sink.
  std::map<std::string, std::optional<std::string>> changes_;  // Not yet written.
  std::optional<Time> failed_at_;                              // The sink refused.
};

}  // namespace nines::evaluator
