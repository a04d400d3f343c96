#include "app/inspect.h"

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "tsdb/family.h"
#include "tsdb/inspect.h"

namespace nines::app {
namespace {

using tsdb::Inspection;

constexpr const char* kRoles[] = {"value", "bucket", "count", "sum", "native_histogram"};

std::string TimeText(const std::optional<Time>& time) {
  return time ? FormatRfc3339Ms(*time) : "-";
}

std::optional<double> BytesASample(uint64_t bytes, uint64_t samples) {
  if (samples == 0) return std::nullopt;
  return static_cast<double>(bytes) / static_cast<double>(samples);
}

std::string RatioText(const std::optional<double>& ratio) {
  if (!ratio) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", *ratio);
  return text;
}

// Columns of text, as wide as they must be; the first one left, the rest right.
class Table {
 public:
  void Row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Behind an empty line.
  void Print() const {
    std::printf("\n");
    std::vector<size_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows_) {
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) {
        const std::string space(widths[i] - row[i].size(), ' ');
        line += (i == 0 ? "" : "  ") + (i == 0 ? row[i] + space : space + row[i]);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      std::printf("%s\n", line.c_str());
    }
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string Number(uint64_t n) { return std::to_string(n); }

void PrintTotals(const Inspection& found) {
  std::printf("%s: %s, as of %s%s\n", found.path.c_str(), found.format.c_str(),
              FormatRfc3339Ms(found.as_of).c_str(), found.in_use ? ", a process has it open" : "");
  uint64_t in_journal = 0;
  for (const Inspection::Journal& journal : found.journals) in_journal += journal.totals.samples;
  Table table;
  table.Row({"families", Number(found.families)});
  table.Row({"series", Number(found.series)});
  for (size_t role = 0; role < found.series_by_role.size(); ++role) {
    table.Row({std::string("  ") + kRoles[role], Number(found.series_by_role[role])});
  }
  table.Row({"samples in fragments", Number(found.samples())});
  table.Row({"samples in the journal", Number(in_journal)});
  table.Row({"fragments", Number(found.fragments())});
  table.Row({"bytes of fragments on disk", Number(found.disk_bytes())});
  table.Row({"bytes a sample", RatioText(BytesASample(found.disk_bytes(), found.samples()))});
  table.Print();
}

void PrintParts(const Inspection& found) {
  Table partitions;
  partitions.Row({"partition", "fragments", "samples", "bytes", "bytes/sample", "first", "last"});
  for (const Inspection::Partition& one : found.partitions) {
    partitions.Row({one.part.name, Number(one.fragments), Number(one.totals.samples),
                    Number(one.part.disk_bytes),
                    RatioText(BytesASample(one.part.disk_bytes, one.totals.samples)),
                    TimeText(one.totals.first), TimeText(one.totals.last)});
  }
  partitions.Print();
  Table journals;
  journals.Row({"journal", "entries", "samples", "bytes", "first", "last"});
  for (const Inspection::Journal& one : found.journals) {
    journals.Row({one.part.name, Number(one.part.records), Number(one.totals.samples),
                  Number(one.totals.raw_bytes), TimeText(one.totals.first),
                  TimeText(one.totals.last)});
  }
  journals.Print();
  Table others;
  others.Row({"column family", "records", "bytes on disk", "bytes in memory"});
  for (const Inspection::Part& one : found.others) {
    others.Row({one.name, Number(one.records), Number(one.disk_bytes), Number(one.memory_bytes)});
  }
  others.Print();
}

void PrintMetrics(const char* title, const std::vector<Inspection::Metric>& metrics) {
  Table table;
  table.Row({title, "series", "families", "samples", "bytes before compression"});
  for (const Inspection::Metric& one : metrics) {
    table.Row({one.base, Number(one.series), Number(one.families), Number(one.samples),
               Number(one.raw_bytes)});
  }
  table.Print();
}

// Every damage that was met, as name and words.
std::vector<std::pair<std::string, std::string>> Damage(const Inspection& found) {
  std::vector<std::pair<std::string, std::string>> all;
  const auto add = [&](const Inspection::Part& part) {
    if (!part.damage.empty()) all.emplace_back(part.name, part.damage);
  };
  for (const Inspection::Partition& one : found.partitions) {
    add(one.part);
    if (one.damaged_fragments > 0) {
      all.emplace_back(one.part.name,
                       Number(one.damaged_fragments) + " fragments have a damaged summary");
    }
  }
  for (const Inspection::Journal& one : found.journals) add(one.part);
  for (const Inspection::Part& one : found.others) add(one);
  return all;
}

void PrintText(const Inspection& found) {
  PrintTotals(found);
  PrintParts(found);
  PrintMetrics("most series", found.by_series);
  PrintMetrics("most bytes", found.by_bytes);
  for (const auto& [name, what] : Damage(found)) {
    std::printf("\ndamaged: %s: %s\n", name.c_str(), what.c_str());
  }
}

void WriteTotals(const tsdb::SampleTotals& totals, JsonWriter* json) {
  json->Key("samples").Integer(static_cast<int64_t>(totals.samples));
  json->Key("raw_bytes").Integer(static_cast<int64_t>(totals.raw_bytes));
  json->Key("first").TimeMs(totals.first);
  json->Key("last").TimeMs(totals.last);
}

void WritePart(const Inspection::Part& part, JsonWriter* json) {
  json->Key("name").String(part.name);
  json->Key("records").Integer(static_cast<int64_t>(part.records));
  json->Key("disk_bytes").Integer(static_cast<int64_t>(part.disk_bytes));
  json->Key("memory_bytes").Integer(static_cast<int64_t>(part.memory_bytes));
}

void WriteRatio(const std::optional<double>& ratio, JsonWriter* json) {
  json->Key("bytes_a_sample");
  if (ratio) {
    json->Number(*ratio);
  } else {
    json->Null();
  }
}

void WriteMetrics(const char* key, const std::vector<Inspection::Metric>& metrics,
                  JsonWriter* json) {
  json->Key(key).BeginArray();
  for (const Inspection::Metric& one : metrics) {
    json->BeginObject().Key("metric").String(one.base);
    json->Key("series").Integer(static_cast<int64_t>(one.series));
    json->Key("families").Integer(static_cast<int64_t>(one.families));
    json->Key("samples").Integer(static_cast<int64_t>(one.samples));
    json->Key("raw_bytes").Integer(static_cast<int64_t>(one.raw_bytes)).EndObject();
  }
  json->EndArray();
}

void WriteLists(const Inspection& found, JsonWriter* json) {
  json->Key("partitions").BeginArray();
  for (const Inspection::Partition& one : found.partitions) {
    json->BeginObject();
    WritePart(one.part, json);
    json->Key("fragments").Integer(static_cast<int64_t>(one.fragments));
    WriteTotals(one.totals, json);
    WriteRatio(BytesASample(one.part.disk_bytes, one.totals.samples), json);
    json->EndObject();
  }
  json->EndArray().Key("journals").BeginArray();
  for (const Inspection::Journal& one : found.journals) {
    json->BeginObject();
    WritePart(one.part, json);
    WriteTotals(one.totals, json);
    json->EndObject();
  }
  json->EndArray().Key("column_families").BeginArray();
  for (const Inspection::Part& one : found.others) {
    json->BeginObject();
    WritePart(one, json);
    json->EndObject();
  }
  json->EndArray();
  WriteMetrics("most_series", found.by_series, json);
  WriteMetrics("most_bytes", found.by_bytes, json);
  json->Key("damage").BeginArray();
  for (const auto& [name, what] : Damage(found)) {
    json->BeginObject().Key("where").String(name).Key("what").String(what).EndObject();
  }
  json->EndArray();
}

void PrintJson(const Inspection& found) {
  JsonWriter json;
  json.BeginObject().Key("path").String(found.path);
  json.Key("format").String(found.format);
  json.Key("as_of").TimeMs(found.as_of);
  json.Key("in_use").Bool(found.in_use);
  json.Key("families").Integer(static_cast<int64_t>(found.families));
  json.Key("series").Integer(static_cast<int64_t>(found.series));
  json.Key("series_by_role").BeginObject();
  for (size_t role = 0; role < found.series_by_role.size(); ++role) {
    json.Key(kRoles[role]).Integer(static_cast<int64_t>(found.series_by_role[role]));
  }
  json.EndObject();
  json.Key("fragments").Integer(static_cast<int64_t>(found.fragments()));
  json.Key("samples").Integer(static_cast<int64_t>(found.samples()));
  json.Key("disk_bytes").Integer(static_cast<int64_t>(found.disk_bytes()));
  WriteRatio(BytesASample(found.disk_bytes(), found.samples()), &json);
  WriteLists(found, &json);
  json.EndObject();
  std::printf("%s\n", json.text().c_str());
}

}  // namespace

int Inspect(const InspectFlags& flags) {
  const auto found = tsdb::Inspect({.path = flags.storage_path, .top = flags.top, .env = nullptr},
                                   SystemClock().Wall());
  if (!found) {
    std::fprintf(stderr, "nines: %s\n", found.error().message.c_str());
    return 1;
  }
  if (flags.json) {
    PrintJson(*found);
  } else {
    PrintText(*found);
  }
  return 0;
}

}  // namespace nines::app
