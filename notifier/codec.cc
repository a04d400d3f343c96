#include "notifier/codec.h"

#include <limits>
#include <vector>

namespace nines::notifier {

void RecordWriter::Integer(uint64_t value) {
  while (value >= 128) {
    bytes_ += static_cast<char>((value & 127) | 128);
    value >>= 7;
  }
  bytes_ += static_cast<char>(value);
}

void RecordWriter::Text(std::string_view text) {
  Integer(text.size());
  bytes_ += text;
}

void RecordWriter::Instant(Time time) {
  const int64_t ms = ToUnixMs(time);
  Integer((static_cast<uint64_t>(ms) << 1) ^ static_cast<uint64_t>(ms >> 63));
}

void RecordWriter::OptionalInstant(const std::optional<Time>& time) {
  Integer(time ? 1 : 0);
  if (time) Instant(*time);
}

void RecordWriter::LabelSet(const Labels& labels) {
  Integer(labels.size());
  for (const Label& label : labels) {
    Text(label.name);
    Text(label.value);
  }
}

void RecordReader::Fail() {
  ok_ = false;
  rest_ = {};
}

uint64_t RecordReader::Integer() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) break;
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == 63 && byte > 1) break;  // More than 64 bits.
    value |= uint64_t{byte & 127u} << shift;
    if (byte < 128) return value;
  }
  Fail();
  return 0;
}

uint32_t RecordReader::Small() {
  const uint64_t value = Integer();
  if (value > std::numeric_limits<uint32_t>::max()) {
    Fail();
    return 0;
  }
  return static_cast<uint32_t>(value);
}

uint64_t RecordReader::Count() {
  const uint64_t count = Integer();
  if (count > rest_.size()) {
    Fail();
    return 0;
  }
  return count;
}

std::string RecordReader::Text() {
  const uint64_t size = Count();
  std::string text(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return text;
}

Time RecordReader::Instant() {
  const uint64_t zigzag = Integer();
  return FromUnixMs(static_cast<int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1)));
}

std::optional<Time> RecordReader::OptionalInstant() {
  const uint64_t present = Integer();
  if (present > 1) Fail();
  if (present != 1) return std::nullopt;
  return Instant();
}

Labels RecordReader::LabelSet() {
  std::vector<Label> labels;
  for (uint64_t left = Count(); left > 0 && ok_; --left) {
    std::string name = Text();
    labels.push_back({std::move(name), Text()});
  }
  return Labels(std::move(labels));
}

}  // namespace nines::notifier
