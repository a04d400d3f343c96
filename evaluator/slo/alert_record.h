#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "evaluator/alert.h"
#include "evaluator/alert_fsm.h"

// The evaluator's durable records, JSON of version 1.  Times are Unix milliseconds; a time that is
// empty is left out.
//
//   evaluator/alert/SLO/KIND/FINGERPRINT   an alert that is pending or fires; the fingerprint is
//   that
//                                          of its group
//     {"version":1,"slo":"…","kind":"threshold","group":{…},"group_by":["job"],"state":"pending",
//      "since":0,"active_since":0,"fired_at":0,"hold_since":0,"keep_since":0,"stepped_at":0,
//      "labels":{…},"annotations":{…},"generator_url":"…"}
//   evaluator/ended/FINGERPRINT            one that ended and was not yet taken; the fingerprint is
//                                          that of its labels
//     {"version":1,"labels":{…},"annotations":{…},"starts_at":0,"ends_at":0,"generator_url":"…"}

namespace nines::evaluator {

inline constexpr std::string_view kAlertRecords = "evaluator/alert/";
inline constexpr std::string_view kEndedRecords = "evaluator/ended/";

// Identifies one alert of one group of one SLO.
struct AlertKey {
  std::string slo;
  std::string kind;
  Labels group;

  auto operator<=>(const AlertKey&) const = default;
};

struct AlertRecord {
  AlertKey key;
  std::vector<std::string> group_by;  // Of the SLO, when this was written.
  AlertState state;
  Labels labels;
  Labels annotations;
  std::string generator_url;
};

std::string RecordKey(const AlertKey& key);
std::string EndedRecordKey(const Labels& labels);

std::string EncodeAlert(const AlertRecord& record);
// REQUIRES: `alert` has ended.
std::string EncodeEnded(const Alert& alert);

// kCorrupt: no such record, or of another version.
Result<AlertRecord> DecodeAlert(std::string_view value);
Result<Alert> DecodeEnded(std::string_view value);

}  // namespace nines::evaluator
