#include "ingest/remote_read.h"

#include <snappy.h>

#include "ingest/snappy_body.h"
#include "ingest/wire_reader.h"
#include "ingest/wire_writer.h"

namespace nines::ingest {
namespace {

std::string Compressed(const std::string& message) {
  std::string out;
  snappy::Compress(message.data(), message.size(), &out);
  return out;
}

// prometheus.LabelMatcher.Type.
uint64_t TypeNumber(MatchType type) {
  switch (type) {
    case MatchType::kEqual:
      return 0;
    case MatchType::kNotEqual:
      return 1;
    case MatchType::kRegex:
      return 2;
    case MatchType::kNotRegex:
      return 3;
  }
  return 0;
}

// Adds the `timeseries` of a QueryResult, which have the number that WriteRequest's have.
bool CopySeries(std::string_view result, std::string* out) {
  constexpr uint32_t kSeries = MakeTag(1, WireType::kBytes);
  WireReader reader(result);
  while (!reader.done()) {
    uint32_t tag = 0;
    std::string_view series;
    if (!reader.ReadTag(&tag)) return false;
    if (tag != kSeries) {
      if (!reader.Skip(tag, 1)) return false;
      continue;
    }
    if (!reader.ReadBytes(&series)) return false;
    PutWireBytes(1, series, out);
  }
  return true;
}

}  // namespace

std::string EncodeReadRequest(const Matchers& matchers, int64_t start_ms, int64_t end_ms) {
  std::string query;
  PutWireInteger(1, static_cast<uint64_t>(start_ms), &query);
  PutWireInteger(2, static_cast<uint64_t>(end_ms), &query);
  for (const Matcher& matcher : matchers) {
    std::string message;
    PutWireInteger(1, TypeNumber(matcher.type()), &message);
    PutWireBytes(2, matcher.name(), &message);
    PutWireBytes(3, matcher.value(), &message);
    PutWireBytes(3, message, &query);
  }
  std::string request;
  PutWireBytes(1, query, &request);
  return Compressed(request);
}

Result<std::string> ReadResponseToWriteRequest(std::string_view body, uint64_t decoded_bytes_max) {
  constexpr uint32_t kResult = MakeTag(1, WireType::kBytes);
  BodyBuffer buffer;
  const Result<std::string_view> decoded = DecodeSnappy(body, decoded_bytes_max, &buffer);
  if (!decoded) return Wrap("the answer to remote read", decoded.error());
  std::string request;
  WireReader reader(*decoded);
  while (!reader.done()) {
    uint32_t tag = 0;
    std::string_view result;
    bool is_whole = reader.ReadTag(&tag);
    if (is_whole && tag == kResult) {
      is_whole = reader.ReadBytes(&result) && CopySeries(result, &request);
    } else if (is_whole) {
      is_whole = reader.Skip(tag, 0);
    }
    if (!is_whole) return Error{Code::kInvalid, "the answer to remote read is malformed"};
  }
  return request.empty() ? std::string() : Compressed(request);
}

}  // namespace nines::ingest
