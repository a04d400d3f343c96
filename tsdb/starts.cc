#include "tsdb/starts.h"

#include <algorithm>

#include "tsdb/bytes.h"
#include "tsdb/packed.h"

namespace nines::tsdb {
namespace {

constexpr uint8_t kVersion = 1;

Error Corrupt(const char* what) {
  return {Code::kCorrupt, std::string("start timestamps: ") + what};
}

}  // namespace

std::string StartsKey(ColumnId column) {
  std::string key;
  PutU32Be(static_cast<uint32_t>(column), &key);
  return key;
}

std::string EncodeStarts(const std::vector<StartTime>& starts) {
  std::string out;
  PutByte(kVersion, &out);
  PutVarint(starts.size(), &out);
  int64_t previous = 0;
  for (const StartTime& one : starts) {
    const int64_t start_ms = ToUnixMs(one.start);
    PutZigZag(start_ms - previous, &out);
    PutVarint(static_cast<uint64_t>(ToUnixMs(one.first_sample) - start_ms), &out);
    previous = start_ms;
  }
  return out;
}

Result<std::vector<StartTime>> DecodeStarts(std::string_view bytes) {
  PackedReader in(bytes);
  if (in.Byte() != kVersion) return Corrupt("unknown version");
  const uint64_t n = in.Varint();
  if (n == 0 || n > kStartsMax) return Corrupt("an impossible number of them");
  std::vector<StartTime> starts;
  uint64_t start_ms = 0;
  for (uint64_t i = 0; i < n && in.ok(); ++i) {
    start_ms += static_cast<uint64_t>(in.SignedVarint());
    const uint64_t first_ms = start_ms + in.Varint();
    starts.push_back({.start = FromUnixMs(static_cast<int64_t>(start_ms)),
                      .first_sample = FromUnixMs(static_cast<int64_t>(first_ms))});
    if (starts.back().first_sample <= starts.back().start ||
        (i > 0 && starts[i].first_sample < starts[i - 1].first_sample)) {
      return Corrupt("times run backwards");
    }
  }
  if (!in.AtEnd()) return Corrupt("damaged");
  return starts;
}

bool AddStart(Time start, Time time, std::vector<StartTime>* starts) {
  const auto same = std::ranges::find(*starts, start, &StartTime::start);
  if (same != starts->end()) {
    if (same->first_sample <= time) return false;
    starts->erase(same);
  }
  const auto at = std::ranges::upper_bound(*starts, time, {}, &StartTime::first_sample);
  // Older than all that are kept.
  if (at == starts->begin() && starts->size() == kStartsMax) return false;
  starts->insert(at, {.start = start, .first_sample = time});
  if (starts->size() > kStartsMax) starts->erase(starts->begin());
  return true;
}

Result<void> StartKeeper::Take(ColumnId column, int64_t time_ms, int64_t start_ms) {
  if (start_ms <= 0 || start_ms >= time_ms) return {};
  const size_t i = static_cast<uint32_t>(column);
  if (i >= known_.size()) known_.resize(i + 1);
  if (known_[i].start_ms == start_ms && known_[i].first_ms <= time_ms) return {};
  std::vector<StartTime> starts;
  if (const auto at = unsettled_.find(column); at != unsettled_.end()) {
    starts = at->second;
  } else {
    const Result<std::string> record = find_(StartsKey(column));
    if (!record) return record.error();
    if (!record->empty()) {
      auto decoded = DecodeStarts(*record);
      if (!decoded) return decoded.error();
      starts = *std::move(decoded);
    }
  }
  const bool is_new = AddStart(FromUnixMs(start_ms), FromUnixMs(time_ms), &starts);
  known_[i] = {.start_ms = ToUnixMs(starts.back().start),
               .first_ms = ToUnixMs(starts.back().first_sample)};
  if (is_new) unsettled_[column] = std::move(starts);
  return {};
}

void StartKeeper::AddChanges(std::vector<Change>* changes) const {
  for (const auto& [column, starts] : unsettled_) {
    changes->push_back(
        {.table = Table::kStarts, .key = StartsKey(column), .value = EncodeStarts(starts)});
  }
}

}  // namespace nines::tsdb
