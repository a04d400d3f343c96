#pragma once
#include <string>
#include <vector>

#include "base/labels.h"
#include "notifier/config.h"

namespace nines::notifier {

// A route that an alert has reached.
struct RouteMatch {
  const Route* route;  // Into the tree that was matched against.
  std::string key;     // RouteKey() of the path to it.
};

// Alertmanager's search: depth first, in the order of the file.  The first child that matches ends
// the search on its level unless it `continues`; where no child matches, the node itself does.
// Empty when the root does not match.  What a route with no receiver matched is in the list too.
std::vector<RouteMatch> MatchRoutes(const Route& root, const Labels& labels);

// The matchers of a path from the root, joined by '/': `{}/{team="web",zone=~"eu.*"}`.  Matchers
// are sorted by name, value, type; in values only \, " and newline are escaped; `continue` does
// not show (alertmanager dispatch/route.go Key(), pkg/labels/matcher.go String()).
std::string RouteKey(const std::vector<const Route*>& path);

// The labels by which the route groups: those of `group_by` that are there, or all for "...".
Labels GroupLabels(const Route& route, const Labels& labels);

// The first route that names a receiver which `config` has not, or a receiver that is there twice:
// kInvalid.
Result<void> CheckReceivers(const Config& config);

}  // namespace nines::notifier
