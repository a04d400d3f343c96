#include "notifier/state.h"

#include <charconv>
#include <utility>

#include "base/labels.h"
#include "notifier/codec.h"

namespace nines::notifier {
namespace {

constexpr uint64_t kVersion = 1;
constexpr std::string_view kAlerts = "notifier/alert/";
constexpr std::string_view kGroups = "notifier/group/";
constexpr std::string_view kLog = "notifier/log/";
constexpr std::string_view kOutbox = "notifier/outbox/";
constexpr std::string_view kDelivered = "notifier/delivered/";

// The part of a key behind its prefix.  Ids are padded, so that keys sort as ids do.
std::string KeyText(uint64_t id) { return FingerprintText(id); }
std::string KeyText(const std::string& id) { return id; }

bool ReadKey(std::string_view text, uint64_t* id) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *id, 16);
  return error == std::errc() && end == text.data() + text.size() && text == KeyText(*id);
}
bool ReadKey(std::string_view text, std::string* id) {
  *id = text;
  return true;
}

void Write(const std::set<uint64_t>& set, RecordWriter* out) {
  out->Integer(set.size());
  for (uint64_t value : set) out->Integer(value);
}

std::set<uint64_t> ReadSet(RecordReader* in) {
  std::set<uint64_t> set;
  for (uint64_t left = in->Count(); left > 0 && in->ok(); --left) set.insert(in->Integer());
  return set;
}

void Write(const Alert& alert, RecordWriter* out) {
  out->LabelSet(alert.labels);
  out->LabelSet(alert.annotations);
  out->Instant(alert.starts_at);
  out->OptionalInstant(alert.ends_at);
  out->Text(alert.generator_url);
  out->Instant(alert.updated_at);
}

void Read(RecordReader* in, Alert* alert) {
  alert->labels = in->LabelSet();
  alert->annotations = in->LabelSet();
  alert->starts_at = in->Instant();
  alert->ends_at = in->OptionalInstant();
  alert->generator_url = in->Text();
  alert->updated_at = in->Instant();
}

void Write(const Group& group, RecordWriter* out) {
  out->Text(group.key);
  out->Text(group.receiver);
  out->LabelSet(group.labels);
  out->Instant(group.next_flush);
  Write(group.members, out);
}

void Read(RecordReader* in, Group* group) {
  group->key = in->Text();
  group->receiver = in->Text();
  group->labels = in->LabelSet();
  group->next_flush = in->Instant();
  group->members = ReadSet(in);
}

void Write(const LogEntry& entry, RecordWriter* out) {
  out->Instant(entry.at);
  out->Instant(entry.expires_at);
  Write(entry.firing, out);
  Write(entry.resolved, out);
}

void Read(RecordReader* in, LogEntry* entry) {
  entry->at = in->Instant();
  entry->expires_at = in->Instant();
  entry->firing = ReadSet(in);
  entry->resolved = ReadSet(in);
}

void Write(const Notification& about, RecordWriter* out) {
  out->Integer(about.id);
  out->Text(about.receiver);
  out->Text(about.group_key);
  out->Text(about.status);
  out->Text(about.reason);
  out->Integer(about.alerts);
  out->Instant(about.created_at);
  out->Integer(about.attempts);
  out->Text(about.last_error);
  out->OptionalInstant(about.next_attempt);
  out->OptionalInstant(about.delivered_at);
  out->Text(about.idempotency_key);
}

void Read(RecordReader* in, Notification* about) {
  about->id = in->Integer();
  about->receiver = in->Text();
  about->group_key = in->Text();
  about->status = in->Text();
  about->reason = in->Text();
  about->alerts = in->Small();
  about->created_at = in->Instant();
  about->attempts = in->Small();
  about->last_error = in->Text();
  about->next_attempt = in->OptionalInstant();
  about->delivered_at = in->OptionalInstant();
  about->idempotency_key = in->Text();
}

void Write(const Owed& owed, RecordWriter* out) {
  Write(owed.about, out);
  out->Text(owed.group_id);
  out->LabelSet(owed.group_labels);
  out->Integer(owed.alerts.size());
  for (const Alert& alert : owed.alerts) Write(alert, out);
  out->Text(owed.body);
}

void Read(RecordReader* in, Owed* owed) {
  Read(in, &owed->about);
  owed->group_id = in->Text();
  owed->group_labels = in->LabelSet();
  for (uint64_t left = in->Count(); left > 0 && in->ok(); --left) {
    Read(in, &owed->alerts.emplace_back());
  }
  owed->body = in->Text();
}

// A record that stands under another's key is as bad as one that cannot be read.
bool Belongs(uint64_t key, const Alert& alert) { return key == alert.labels.Fingerprint(); }
bool Belongs(const std::string& key, const Group& group) {
  return key == GroupId(group.receiver, group.key) && !group.members.empty();
}
bool Belongs(const std::string&, const LogEntry&) { return true; }
bool Belongs(uint64_t key, const Owed& owed) {
  return key == owed.about.id && owed.about.next_attempt;
}
bool Belongs(uint64_t key, const Notification& about) {
  return key == about.id && about.delivered_at;
}

template <class K, class V>
void EncodeKind(std::string_view prefix, const std::map<K, std::optional<V>>& change,
                std::vector<tsdb::Records::Change>* out) {
  for (const auto& [id, value] : change) {
    std::optional<std::string> bytes;
    if (value) {
      RecordWriter writer;
      writer.Integer(kVersion);
      Write(*value, &writer);
      bytes = writer.Take();
    }
    out->push_back({std::string(prefix) + KeyText(id), std::move(bytes)});
  }
}

template <class K, class V>
Result<void> LoadKind(const tsdb::Records& records, std::string_view prefix, std::map<K, V>* out) {
  auto rows = records.Scan(prefix);
  if (!rows) return Wrap("notifier state", rows.error());
  for (const auto& [key, bytes] : *rows) {
    RecordReader reader(bytes);
    if (const uint64_t version = reader.Integer(); reader.ok() && version != kVersion) {
      return Error{Code::kCorrupt, "record " + key + ": version " + std::to_string(version) +
                                       " is not known (known: 1)"};
    }
    K id{};
    V value{};
    Read(&reader, &value);
    if (!reader.Done() || !ReadKey(std::string_view(key).substr(prefix.size()), &id) ||
        !Belongs(id, value)) {
      return Error{Code::kCorrupt, "record " + key + ": cannot be read"};
    }
    out->emplace(std::move(id), std::move(value));
  }
  return {};
}

}  // namespace

std::vector<tsdb::Records::Change> Encode(const StateChange& change) {
  std::vector<tsdb::Records::Change> out;
  EncodeKind(kAlerts, change.alerts, &out);
  EncodeKind(kGroups, change.groups, &out);
  EncodeKind(kLog, change.log, &out);
  EncodeKind(kOutbox, change.outbox, &out);
  EncodeKind(kDelivered, change.delivered, &out);
  return out;
}

Result<State> Load(const tsdb::Records& records) {
  State state;
  Result<void> loaded = LoadKind(records, kAlerts, &state.alerts);
  if (loaded) loaded = LoadKind(records, kGroups, &state.groups);
  if (loaded) loaded = LoadKind(records, kLog, &state.log);
  if (loaded) loaded = LoadKind(records, kOutbox, &state.outbox);
  if (loaded) loaded = LoadKind(records, kDelivered, &state.delivered);
  if (!loaded) return loaded.error();
  return state;
}

}  // namespace nines::notifier
