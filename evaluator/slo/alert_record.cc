#include "evaluator/slo/alert_record.h"

#include <boost/json.hpp>

#include <exception>
#include <optional>

#include "base/check.h"
#include "base/json.h"

namespace nines::evaluator {
namespace {

namespace json = boost::json;

constexpr int64_t kVersion = 1;

void WriteTime(std::string_view key, const std::optional<Time>& time, JsonWriter* writer) {
  if (time) writer->Key(key).Integer(ToUnixMs(*time));
}

// The members of a record; every getter throws what boost::json throws for a wrong type.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  std::string Text(std::string_view key) const {
    const json::string& text = object_.at(key).as_string();
    return {text.data(), text.size()};
  }

  Labels LabelsAt(std::string_view key) const {
    std::vector<Label> labels;
    for (const json::key_value_pair& pair : object_.at(key).as_object()) {
      const json::string& value = pair.value().as_string();
      labels.push_back({std::string(pair.key()), std::string(value.data(), value.size())});
    }
    return Labels(std::move(labels));
  }

  std::vector<std::string> Texts(std::string_view key) const {
    std::vector<std::string> texts;
    for (const json::value& value : object_.at(key).as_array()) {
      const json::string& text = value.as_string();
      texts.emplace_back(text.data(), text.size());
    }
    return texts;
  }

  Time TimeAt(std::string_view key) const { return FromUnixMs(object_.at(key).as_int64()); }

  std::optional<Time> OptionalTime(std::string_view key) const {
    if (!object_.contains(key)) return std::nullopt;
    return TimeAt(key);
  }

  bool IsVersion(int64_t version) const { return object_.at("version").as_int64() == version; }

 private:
  const json::object& object_;
};

Error Corrupt(const std::string& reason) { return {Code::kCorrupt, "alert record: " + reason}; }

// Runs `read` over the members of `value`.
template <class T, class F>
Result<T> Decode(std::string_view value, const F& read) {
  try {
    const json::value parsed = json::parse(json::string_view(value.data(), value.size()));
    const Reader reader(parsed.as_object());
    if (!reader.IsVersion(kVersion)) return Corrupt("of a version that is not known");
    return read(reader);
  } catch (const std::exception& e) {
    return Corrupt(e.what());
  }
}

Result<State> ReadState(const std::string& name) {
  if (name == StateName(State::kPending)) return State::kPending;
  if (name == StateName(State::kFiring)) return State::kFiring;
  return Corrupt("no such state: " + name);
}

}  // namespace

std::string RecordKey(const AlertKey& key) {
  return std::string(kAlertRecords) + key.slo + "/" + key.kind + "/" +
         FingerprintText(key.group.Fingerprint());
}

std::string EndedRecordKey(const Labels& labels) {
  return std::string(kEndedRecords) + FingerprintText(labels.Fingerprint());
}

std::string EncodeAlert(const AlertRecord& record) {
  CHECK(record.state.state != State::kInactive);
  JsonWriter w;
  w.BeginObject().Key("version").Integer(kVersion);
  w.Key("slo").String(record.key.slo).Key("kind").String(record.key.kind);
  w.Key("group").Object(record.key.group);
  w.Key("group_by").BeginArray();
  for (const std::string& name : record.group_by) w.String(name);
  w.EndArray();
  w.Key("state").String(StateName(record.state.state));
  WriteTime("since", record.state.since, &w);
  WriteTime("active_since", record.state.active_since, &w);
  WriteTime("fired_at", record.state.fired_at, &w);
  WriteTime("hold_since", record.state.hold_since, &w);
  WriteTime("keep_since", record.state.keep_since, &w);
  WriteTime("stepped_at", record.state.stepped_at, &w);
  w.Key("labels").Object(record.labels).Key("annotations").Object(record.annotations);
  w.Key("generator_url").String(record.generator_url).EndObject();
  return w.Take();
}

std::string EncodeEnded(const Alert& alert) {
  CHECK(alert.ends_at.has_value());
  JsonWriter w;
  w.BeginObject().Key("version").Integer(kVersion);
  w.Key("labels").Object(alert.labels).Key("annotations").Object(alert.annotations);
  WriteTime("starts_at", alert.starts_at, &w);
  WriteTime("ends_at", alert.ends_at, &w);
  w.Key("generator_url").String(alert.generator_url).EndObject();
  return w.Take();
}

Result<AlertRecord> DecodeAlert(std::string_view value) {
  return Decode<AlertRecord>(value, [](const Reader& reader) -> Result<AlertRecord> {
    AlertRecord record;
    record.key = {reader.Text("slo"), reader.Text("kind"), reader.LabelsAt("group")};
    record.group_by = reader.Texts("group_by");
    const auto state = ReadState(reader.Text("state"));
    if (!state) return state.error();
    record.state.state = *state;
    record.state.since = reader.TimeAt("since");
    record.state.active_since = reader.TimeAt("active_since");
    record.state.fired_at = reader.OptionalTime("fired_at");
    record.state.hold_since = reader.TimeAt("hold_since");
    record.state.keep_since = reader.OptionalTime("keep_since");
    record.state.stepped_at = reader.TimeAt("stepped_at");
    if ((*state == State::kFiring) != record.state.fired_at.has_value()) {
      return Corrupt("state and fired_at do not agree");
    }
    record.labels = reader.LabelsAt("labels");
    record.annotations = reader.LabelsAt("annotations");
    record.generator_url = reader.Text("generator_url");
    return record;
  });
}

Result<Alert> DecodeEnded(std::string_view value) {
  return Decode<Alert>(value, [](const Reader& reader) -> Result<Alert> {
    return Alert{.labels = reader.LabelsAt("labels"),
                 .annotations = reader.LabelsAt("annotations"),
                 .starts_at = reader.TimeAt("starts_at"),
                 .ends_at = reader.TimeAt("ends_at"),
                 .generator_url = reader.Text("generator_url")};
  });
}

}  // namespace nines::evaluator
