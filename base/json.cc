#include "base/json.h"

#include <cmath>
#include <cstdio>

#include "base/check.h"
#include "base/number.h"
#include "base/utf8.h"

namespace nines {
namespace {

void AppendUnicodeEscape(char32_t value, std::string& out) {
  char text[16];
  std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(value));
  out += text;
}

void AppendAscii(char c, std::string& out) {
  switch (c) {
    case '"':
    case '\\':
      out += {'\\', c};
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (c < 0x20 || c == '<' || c == '>' || c == '&') {
    AppendUnicodeEscape(static_cast<char32_t>(c), out);
  } else {
    out += c;
  }
}

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    if (!rune.valid || rune.value == 0x2028 || rune.value == 0x2029) {
      AppendUnicodeEscape(rune.value, out);  // U+FFFD for what is invalid.
    } else if (rune.size == 1) {
      AppendAscii(text[0], out);
    } else {
      out += text.substr(0, rune.size);
    }
    text.remove_prefix(rune.size);
  }
  out += '"';
}

}  // namespace

// Before every value.
void JsonWriter::Separate() {
  if (after_key_) {
    after_key_ = false;
  } else if (open_.empty()) {
    CHECK(text_.empty());  // One value a document.
  } else {
    CHECK(open_.back() == '[');
    if (need_comma_) text_ += ',';
  }
  need_comma_ = true;
}

JsonWriter& JsonWriter::BeginObject() {
  Separate();
  text_ += '{';
  open_ += '{';
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  CHECK(!open_.empty());
  CHECK(open_.back() == '{');
  CHECK(!after_key_);
  text_ += '}';
  open_.pop_back();
  need_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  Separate();
  text_ += '[';
  open_ += '[';
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  CHECK(!open_.empty());
  CHECK(open_.back() == '[');
  text_ += ']';
  open_.pop_back();
  need_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  CHECK(!open_.empty());
  CHECK(open_.back() == '{');
  CHECK(!after_key_);
  if (need_comma_) text_ += ',';
  AppendQuoted(name, text_);
  text_ += ':';
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  Separate();
  AppendQuoted(value, text_);
  return *this;
}

JsonWriter& JsonWriter::Number(double value) {
  if (!std::isfinite(value)) return Null();
  std::string text = FormatFloat(value);
  // encoding/json writes 1e-7, not 1e-07.
  const size_t size = text.size();
  if (size >= 4 && text[size - 4] == 'e' && text[size - 3] == '-' && text[size - 2] == '0') {
    text.erase(size - 2, 1);
  }
  return Raw(text);
}

JsonWriter& JsonWriter::Integer(int64_t value) { return Raw(std::to_string(value)); }

JsonWriter& JsonWriter::Bool(bool value) { return Raw(value ? "true" : "false"); }

JsonWriter& JsonWriter::Null() { return Raw("null"); }

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  text_ += json;
  return *this;
}

JsonWriter& JsonWriter::Object(const Labels& labels) {
  BeginObject();
  for (const Label& label : labels) Key(label.name).String(label.value);
  return EndObject();
}

JsonWriter& JsonWriter::TimeMs(const std::optional<Time>& time) {
  return time ? String(FormatRfc3339Ms(*time)) : Null();
}

}  // namespace nines
