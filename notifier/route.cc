#include "notifier/route.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

namespace nines::notifier {
namespace {

constexpr std::string_view kGroupByAll = "...";

std::string_view Operator(MatchType type) {
  switch (type) {
    case MatchType::kEqual:
      return "=";
    case MatchType::kNotEqual:
      return "!=";
    case MatchType::kRegex:
      return "=~";
    case MatchType::kNotRegex:
      return "!~";
  }
  return "=";
}

// Not GoQuote(): a group key keeps tabs and all other bytes of a value as they are.
std::string EscapeValue(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

// Names that the classic matcher syntax could not hold are quoted whole, as is then the value.
bool HasReserved(std::string_view name) {
  return name.find_first_of("{}!=~,\\\"'` \t\n\v\f\r") != std::string_view::npos;
}

std::string MatcherText(const Matcher& matcher) {
  const std::string op(Operator(matcher.type()));
  if (HasReserved(matcher.name())) {
    return GoQuote(matcher.name()) + op + GoQuote(matcher.value());
  }
  return matcher.name() + op + '"' + EscapeValue(matcher.value()) + '"';
}

std::string MatchersText(const Matchers& matchers) {
  std::vector<const Matcher*> sorted;
  for (const Matcher& matcher : matchers) sorted.push_back(&matcher);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Matcher* a, const Matcher* b) {
    return std::forward_as_tuple(a->name(), a->value(), a->type()) <
           std::forward_as_tuple(b->name(), b->value(), b->type());
  });
  std::string out = "{";
  for (const Matcher* matcher : sorted) {
    if (out.size() > 1) out += ',';
    out += MatcherText(*matcher);
  }
  return out + '}';
}

// True when `route`, the last of `path`, or something below it matched.
bool Walk(const Labels& labels, std::vector<const Route*>* path, std::vector<RouteMatch>* found) {
  const Route& route = *path->back();
  if (!MatchesAll(route.matchers, labels)) return false;
  bool below = false;
  for (const Route& child : route.routes) {
    path->push_back(&child);
    const bool matched = Walk(labels, path, found);
    path->pop_back();
    below = below || matched;
    if (matched && !child.continues) break;
  }
  if (!below) found->push_back({&route, RouteKey(*path)});
  return true;
}

Result<void> CheckRoute(const Route& route, const std::set<std::string_view>& receivers) {
  if (!route.receiver.empty() && !receivers.contains(route.receiver)) {
    return Error{Code::kInvalid, "route " + MatchersText(route.matchers) + ": no receiver " +
                                     GoQuote(route.receiver) + " is defined"};
  }
  for (const Route& child : route.routes) {
    if (Result<void> checked = CheckRoute(child, receivers); !checked) return checked;
  }
  return {};
}

}  // namespace

std::vector<RouteMatch> MatchRoutes(const Route& root, const Labels& labels) {
  std::vector<RouteMatch> found;
  std::vector<const Route*> path{&root};
  Walk(labels, &path, &found);
  return found;
}

std::string RouteKey(const std::vector<const Route*>& path) {
  std::string out;
  for (const Route* route : path) {
    if (!out.empty()) out += '/';
    out += MatchersText(route->matchers);
  }
  return out;
}

Labels GroupLabels(const Route& route, const Labels& labels) {
  const std::vector<std::string>& by = route.group_by;
  if (std::find(by.begin(), by.end(), kGroupByAll) != by.end()) return labels;
  return labels.Only(by);
}

Result<void> CheckReceivers(const Config& config) {
  std::set<std::string_view> names;
  for (const Receiver& receiver : config.receivers) {
    if (!names.insert(receiver.name).second) {
      return Error{Code::kInvalid, "receiver " + GoQuote(receiver.name) + " is defined twice"};
    }
  }
  return CheckRoute(config.root, names);
}

}  // namespace nines::notifier
