#include "base/labels.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstdio>

#include "base/utf8.h"

namespace nines {
namespace {

auto NameBefore(const Label& label, std::string_view name) { return label.name < name; }

bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.  RE2
// carries the tables of these categories.
bool IsPrint(std::string_view encoded) {
  if (encoded.size() == 1) return encoded[0] >= 0x20 && encoded[0] < 0x7f;
  static const re2::RE2 printable("[\\pL\\pM\\pN\\pP\\pS]");
  return re2::RE2::FullMatch(encoded, printable);
}

void AppendHex(const char* format, unsigned value, std::string& out) {
  char text[16];
  std::snprintf(text, sizeof text, format, value);
  out += text;
}

// The escape of Go's strings for an ASCII character; 0 where it has none of its own.
char ShortEscape(char c) {
  switch (c) {
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    case '"':
    case '\\':
      return c;
    default:
      return 0;
  }
}

}  // namespace

Labels::Labels(std::vector<Label> labels) : labels_(std::move(labels)) {
  std::stable_sort(labels_.begin(), labels_.end(),
                   [](const Label& a, const Label& b) { return a.name < b.name; });
  // Keeps the last of each run of equal names.
  size_t kept = 0;
  for (size_t i = 0; i < labels_.size(); ++i) {
    const bool last = i + 1 == labels_.size() || labels_[i + 1].name != labels_[i].name;
    if (!last || labels_[i].value.empty()) continue;
    if (kept != i) labels_[kept] = std::move(labels_[i]);
    ++kept;
  }
  labels_.resize(kept);
}

std::string_view Labels::Get(std::string_view name) const {
  const auto at = std::lower_bound(labels_.begin(), labels_.end(), name, NameBefore);
  if (at == labels_.end() || at->name != name) return {};
  return at->value;
}

void Labels::Set(std::string_view name, std::string_view value) {
  const auto at = std::lower_bound(labels_.begin(), labels_.end(), name, NameBefore);
  const bool found = at != labels_.end() && at->name == name;
  if (value.empty()) {
    if (found) labels_.erase(at);
  } else if (found) {
    at->value = std::string(value);
  } else {
    labels_.insert(at, Label{std::string(name), std::string(value)});
  }
}

Labels Labels::Only(const std::vector<std::string>& names) const {
  Labels out;
  for (const Label& label : labels_) {
    if (std::find(names.begin(), names.end(), label.name) != names.end()) {
      out.labels_.push_back(label);
    }
  }
  return out;
}

std::string Labels::ToString() const {
  const std::string_view metric = Get(kMetricName);
  const bool in_front = IsLegacyMetricName(metric);
  std::string out(in_front ? metric : "");
  if (in_front && labels_.size() == 1) return out;

  out += '{';
  const char* separator = "";
  if (!metric.empty() && !in_front) {
    out += GoQuote(metric);
    separator = ", ";
  }
  for (const Label& label : labels_) {
    if (label.name == kMetricName) continue;
    out += separator;
    out += IsLegacyLabelName(label.name) ? label.name : GoQuote(label.name);
    out += '=';
    out += GoQuote(label.value);
    separator = ", ";
  }
  out += '}';
  return out;
}

uint64_t Labels::Fingerprint() const {
  uint64_t hash = 0xcbf29ce484222325u;
  const auto add = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
    hash = (hash ^ 0xffu) * 0x100000001b3u;
  };
  for (const Label& label : labels_) {
    add(label.name);
    add(label.value);
  }
  return hash;
}

std::string FingerprintText(uint64_t fingerprint) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(fingerprint));
  return text;
}

std::string GoQuote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    const std::string_view encoded = text.substr(0, rune.size);
    text.remove_prefix(rune.size);
    if (!rune.valid) {
      AppendHex("\\x%02x", static_cast<uint8_t>(encoded[0]), out);
    } else if (const char escape = rune.size == 1 ? ShortEscape(encoded[0]) : '\0'; escape != 0) {
      out += {'\\', escape};
    } else if (IsPrint(encoded)) {
      out += encoded;
    } else if (rune.size == 1) {
      AppendHex("\\x%02x", rune.value, out);
    } else {
      AppendHex(rune.value < 0x10000 ? "\\u%04x" : "\\U%08x", rune.value, out);
    }
  }
  out += '"';
  return out;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    if (!rune.valid) return false;
    text.remove_prefix(rune.size);
  }
  return true;
}

bool IsLegacyMetricName(std::string_view name) {
  if (name.empty() || IsDigit(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return IsNameStart(c) || IsDigit(c) || c == ':'; });
}

bool IsLegacyLabelName(std::string_view name) {
  return IsLegacyMetricName(name) && name.find(':') == std::string_view::npos;
}

}  // namespace nines
