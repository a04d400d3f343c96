#include "tsdb/metadata.h"

#include <mutex>
#include <utility>

#include "tsdb/bytes.h"

namespace nines::tsdb {
namespace {

constexpr uint8_t kVersion = 1;

Error Damaged(std::string_view key, std::string_view what) {
  return {Code::kCorrupt, "metadata record " + HexText(key) + ": " + std::string(what)};
}

}  // namespace

std::string_view MetricTypeName(MetricType type) {
  switch (type) {
    case MetricType::kUnknown:
      return "unknown";
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kGaugeHistogram:
      return "gaugehistogram";
    case MetricType::kSummary:
      return "summary";
    case MetricType::kInfo:
      return "info";
    case MetricType::kStateset:
      return "stateset";
  }
  return "unknown";
}

std::string EncodeMetadata(const MetadataOf& metadata) {
  std::string value(1, static_cast<char>(kVersion));
  value.push_back(static_cast<char>(metadata.type));
  PutText(metadata.help, &value);
  PutText(metadata.unit, &value);
  return value;
}

Result<void> MetadataTable::Load(std::string_view key, std::string_view value) {
  ByteReader v(value);
  if (v.U8() != kVersion) return Damaged(key, "version is not known");
  const uint8_t type = v.U8();
  const std::string_view help = v.Text();
  const std::string_view unit = v.Text();
  if (!v.AtEnd()) return Damaged(key, "does not end where it should");
  if (key.empty() || type > static_cast<uint8_t>(MetricType::kStateset)) {
    return Damaged(key, "name or type is not possible");
  }
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= max_) {
    left_out_.emplace_back(key);
    return {};
  }
  entries_.emplace(key, Entry{MetricType{type}, std::string(help), std::string(unit)});
  return {};
}

void MetadataTable::Trim(std::vector<Change>* changes) {
  const std::lock_guard lock(mutex_);
  for (std::string& key : left_out_) {
    changes->push_back({.table = Table::kMetadata, .key = std::move(key), .value = std::nullopt});
  }
  left_out_.clear();
}

bool MetadataTable::Says(const Entry& entry, const MetadataOf& metadata) {
  return entry.type == metadata.type && entry.help == metadata.help && entry.unit == metadata.unit;
}

bool MetadataTable::Knows(const MetadataOf& metadata) const {
  const std::shared_lock lock(mutex_);
  const auto at = entries_.find(metadata.name);
  return at != entries_.end() && Says(at->second, metadata);
}

void MetadataTable::Add(std::span<const MetadataOf> metadata, AppendReport* report,
                        std::vector<Change>* changes) {
  const std::lock_guard lock(mutex_);
  for (const MetadataOf& one : metadata) {
    auto at = entries_.find(one.name);
    if (at == entries_.end()) {
      if (entries_.size() >= max_) {
        ++report->metadata_refused;
        continue;
      }
      at = entries_.emplace(one.name, Entry{}).first;
    } else if (Says(at->second, one)) {
      ++report->metadata;
      continue;
    }
    ++report->metadata;
    at->second = {one.type, std::string(one.help), std::string(one.unit)};
    changes->push_back(
        {.table = Table::kMetadata, .key = std::string(one.name), .value = EncodeMetadata(one)});
  }
}

std::vector<MetricMetadata> MetadataTable::Find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  std::vector<MetricMetadata> found;
  const auto take = [&](const auto& one) {
    found.push_back({one.first, one.second.type, one.second.help, one.second.unit});
  };
  if (name.empty()) {
    for (const auto& one : entries_) take(one);
  } else if (const auto at = entries_.find(name); at != entries_.end()) {
    take(*at);
  }
  return found;
}

uint64_t MetadataTable::size() const {
  const std::shared_lock lock(mutex_);
  return entries_.size();
}

}  // namespace nines::tsdb
