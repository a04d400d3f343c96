#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "api/router.h"
#include "base/result.h"
#include "base/time.h"
#include "evaluator/slo/status.h"

// GET /api/v1/slos and GET /api/v1/slos/{name}.  Meaning of the fields: DESIGN.md section 7.

namespace nines::api {

// Which SLOs are asked for.  Values of one parameter are alternatives, parameters are all required;
// an empty list asks for everything.
struct SloFilter {
  std::vector<std::string> services;
  std::vector<evaluator::State> states;          // Some group is in it.
  std::vector<evaluator::Condition> conditions;  // The SLO's, or some group's.

  bool Matches(const evaluator::SloStatus& slo) const;
};

// Reads service=, state=, condition=, each any number of times.  Other parameters are ignored.
// kInvalid: an unknown state or condition; the message lists the known ones.
Result<SloFilter> ParseSloFilter(std::string_view query);

// One SLO as JSON.  Ages are as of `now`.
std::string SloJson(const evaluator::SloStatus& slo, Time now);

// `slos` that pass the request's filter, in their order, as an array.
net::HttpResponse ListSlos(const std::vector<evaluator::SloStatus>& slos, std::string_view query,
                           Time now);

// The SLO of that id; 404 where there is none.
net::HttpResponse GetSlo(const std::vector<evaluator::SloStatus>& slos, std::string_view id,
                         Time now);

}  // namespace nines::api
