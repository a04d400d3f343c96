#include "evaluator/slo/status.h"

#include "base/check.h"

namespace nines::evaluator {

std::string_view ConditionName(Condition condition) {
  switch (condition) {
    case Condition::kOk:
      return "ok";
    case Condition::kBreached:
      return "breached";
    case Condition::kNoTraffic:
      return "no_traffic";
    case Condition::kNoData:
      return "no_data";
    case Condition::kNoSuchBound:
      return "no_such_bound";
    case Condition::kWindowBeyondRetention:
      return "window_beyond_retention";
    case Condition::kIncomplete:
      return "incomplete";
  }
  CHECK(false);
}

}  // namespace nines::evaluator
