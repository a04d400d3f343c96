#include "notifier/group.h"

#include <algorithm>

#include "notifier/hash.h"

namespace nines::notifier {
namespace {

bool IsSubset(const std::set<uint64_t>& part, const std::set<uint64_t>& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

bool Overlap(const Alert& a, const Alert& b) {
  return (!b.ends_at || a.starts_at < *b.ends_at) && (!a.ends_at || b.starts_at < *a.ends_at);
}

// common/model/labelset.go Before().
bool LabelsBefore(const Labels& a, const Labels& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  auto i = a.begin();
  auto j = b.begin();
  for (; i != a.end(); ++i, ++j) {
    // The set that lacks the smaller of two names comes first: the one whose next name is larger.
    if (i->name != j->name) return i->name > j->name;
    if (i->value != j->value) return i->value < j->value;
  }
  return false;
}

}  // namespace

std::string GroupKey(std::string_view route_key, const Labels& group_labels) {
  std::string out(route_key);
  out += ":{";
  bool first = true;
  for (const Label& label : group_labels) {
    if (!first) out += ", ";
    first = false;
    out += label.name + '=' + GoQuote(label.value);
  }
  return out + '}';
}

std::string GroupId(std::string_view receiver, std::string_view group_key) {
  std::string text(receiver);
  text += '\0';
  text += group_key;
  return Sha256Hex(text);
}

Time FirstFlush(const Alert& first, Duration group_wait, Time now) {
  return first.starts_at + group_wait < now ? now : now + group_wait;
}

std::string_view ReasonText(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "none";
    case Reason::kFirstNotification:
      return "first notification";
    case Reason::kNewAlerts:
      return "new alerts added";
    case Reason::kSomeResolved:
      return "some alerts resolved";
    case Reason::kAllResolved:
      return "all alerts resolved";
    case Reason::kRepeatIntervalElapsed:
      return "repeat interval elapsed";
  }
  return "none";
}

Reason Decide(const FlushInput& input, Time now) {
  const LogEntry* last = input.last;
  if (last == nullptr) return input.firing.empty() ? Reason::kNone : Reason::kFirstNotification;
  if (!IsSubset(input.firing, last->firing)) {
    return last->firing.empty() ? Reason::kFirstNotification : Reason::kNewAlerts;
  }
  if (input.firing.empty()) return last->firing.empty() ? Reason::kNone : Reason::kAllResolved;
  if (input.send_resolved && !IsSubset(input.resolved, last->resolved)) {
    return Reason::kSomeResolved;
  }
  return last->at < now - input.repeat_interval ? Reason::kRepeatIntervalElapsed : Reason::kNone;
}

Alert Merge(const Alert& old, const Alert& posted) {
  Alert merged = posted;
  if (Overlap(old, posted)) merged.starts_at = std::min(old.starts_at, posted.starts_at);
  return merged;
}

bool ComesBefore(const Alert& a, const Alert& b) {
  for (std::string_view name : {std::string_view("job"), std::string_view("instance")}) {
    const std::string_view left = a.labels.Get(name);
    const std::string_view right = b.labels.Get(name);
    if (left == right) continue;
    if (left.empty() || right.empty()) return right.empty();
    return left < right;
  }
  return LabelsBefore(a.labels, b.labels);
}

}  // namespace nines::notifier
