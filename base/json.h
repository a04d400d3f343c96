#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/labels.h"
#include "base/time.h"

namespace nines {

// Writes JSON in the order of the calls, compact, with the escapes of Go's encoding/json (`<`, `>`,
// `&` as \u003c …, U+2028/9 too; invalid UTF-8 becomes U+FFFD).  Boost.JSON prints 0.99 as 9.9E-1
// and reorders nothing for us; it is used for reading.  Not thread-safe.
//
//   JsonWriter w;
//   w.BeginObject().Key("status").String("success");
//   w.Key("data").BeginArray().EndArray().EndObject();
//
// REQUIRES: calls that make well-formed JSON; checked.
class JsonWriter {
 public:
  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view value);
  // Shortest form; NaN and infinities, which JSON has not, become null.
  JsonWriter& Number(double value);
  JsonWriter& Integer(int64_t value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // `json` must be one well-formed value; not checked.
  JsonWriter& Raw(std::string_view json);

  // An object of the labels, in their order.
  JsonWriter& Object(const Labels& labels);
  // FormatRfc3339Ms(), or null.
  JsonWriter& TimeMs(const std::optional<Time>& time);

  // The text so far; whole once every Begin has its End.
  const std::string& text() const { return text_; }
  std::string Take() { return std::move(text_); }

 private:
  void Separate();

  std::string text_;
  std::string open_;         // A stack of '{' and '['.
  bool need_comma_ = false;  // A value stands before the next one on this level.
  bool after_key_ = false;
};

}  // namespace nines
