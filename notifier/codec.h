#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/time.h"

// The bytes of the notifier's records; the form is in state.h.

namespace nines::notifier {

class RecordWriter {
 public:
  void Integer(uint64_t value);
  void Text(std::string_view text);
  void Instant(Time time);
  void OptionalInstant(const std::optional<Time>& time);
  void LabelSet(const Labels& labels);
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what RecordWriter wrote.  After a failure everything read is empty and ok() is false; no
// read goes past the end or takes memory beyond the size of the record.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t Integer();
  uint32_t Small();  // At most 32 bits.
  std::string Text();
  Time Instant();
  std::optional<Time> OptionalInstant();
  Labels LabelSet();
  // A count of things that take a byte or more each.
  uint64_t Count();

  bool ok() const { return ok_; }
  // Everything was read and nothing is left.
  bool Done() const { return ok_ && rest_.empty(); }

 private:
  void Fail();

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace nines::notifier
