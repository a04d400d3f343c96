#include "base/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <fstream>
#include <limits>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/duration.h"
#include "base/labels.h"
#include "base/number.h"
#include "base/utf8.h"

namespace nines::yaml {
namespace {

constexpr size_t kDepthMax = 64;       // Sequences and mappings around a value, itself included.
constexpr size_t kNodesMax = 100'000;  // Values; a key is part of its value's entry.

enum class Kind : uint8_t { kNull, kScalar, kMap, kSequence };

struct Value;

struct Entry {
  std::string key;
  int line;  // Of the key.
  const Value* value;
};

// A value as it was parsed.  Aliases and merges point at the value that they name, so a document is
// a graph without cycles, never larger in memory than its text.
struct Value {
  Kind kind = Kind::kNull;
  bool plain =
      false;  // A scalar without quotes and not tagged !!str: may be a number or a boolean.
  int line = 1;
  std::string text;
  std::vector<Entry> entries;
  std::unordered_map<std::string_view, size_t> by_key;  // Into entries; views of their keys.
  std::vector<const Value*> items;
  size_t nodes = 1;  // With everything below, aliases counted where they are used.
  size_t depth = 0;  // Of the deepest sequence or mapping in it, itself included.
};

// Why a document is refused, thrown through yaml-cpp and caught in Parse().
struct Refusal {
  int line;
  std::string path;
  std::string reason;
};

bool IsBareKey(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '/';
  });
}

std::string KeyPath(const std::string& parent, std::string_view key) {
  if (!IsBareKey(key)) return parent + "[" + GoQuote(key) + "]";
  return parent.empty() ? std::string(key) : parent + "." + std::string(key);
}

std::string ItemPath(const std::string& parent, size_t index) {
  return parent + "[" + std::to_string(index) + "]";
}

std::string Place(const std::string& file, int line, const std::string& path,
                  const std::string& reason) {
  std::string out = file + ":" + std::to_string(line) + ": ";
  if (!path.empty()) out += path + ": ";
  return out + reason;
}

// Builds the values of one document from yaml-cpp's events.
class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) throw Refusal{Line(mark), "", "more than one document"};
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (AtKey()) throw KeyRefusal(mark);
    // A last line without its colon reaches us as a null in the place of its key.
    if (!frames_.empty() && frames_.back().has_key && frames_.back().block &&
        frames_.back().key_pos == mark.pos) {
      throw Refusal{Line(mark), Path(), "expected \":\" after the key"};
    }
    Value& value = Make(Kind::kNull, mark, "?", anchor);
    AddOwn(value);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (AtKey()) throw KeyRefusal(mark);
    const Value* value = anchors_.at(anchor);
    const bool open = std::any_of(frames_.begin(), frames_.end(),
                                  [&](const Frame& frame) { return frame.value == value; });
    if (open) throw Refusal{Line(mark), Path(), "alias to a value that it stands in"};
    Count(value->nodes, mark);
    if (frames_.size() + value->depth > kDepthMax) throw TooDeep(mark);
    Add(value);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const bool key = AtKey();
    Value& value = Make(Kind::kScalar, mark, tag, anchor);
    value.text = text;
    last_quoted_line_ = value.plain ? 0 : value.line;
    if (key) {
      StartEntry(value, mark);
    } else {
      AddOwn(value);
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    Open(Kind::kSequence, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    Open(Kind::kMap, mark, tag, anchor, style);
  }
  void OnMapEnd() override { Close(); }

  // Null where there was no document.
  const Value* root() const { return root_; }
  // Of the last scalar of the text when it is no plain one; otherwise 0.
  int last_quoted_line() const { return last_quoted_line_; }
  std::deque<Value> TakeValues() { return std::move(values_); }

 private:
  struct Frame {
    explicit Frame(Value* opened) : value(opened) {}

    Value* value;
    bool block = false;  // Not in brackets.
    bool has_key = false;
    std::string key;
    int key_line = 0;
    int key_pos = 0;
    bool merge = false;                  // The key is a plain `<<`.
    const Value* merge_value = nullptr;  // What stood at it.
    int merge_line = 0;
  };

  static int Line(const YAML::Mark& mark) { return std::max(mark.line, 0) + 1; }

  bool AtKey() const {
    return !frames_.empty() && frames_.back().value->kind == Kind::kMap && !frames_.back().has_key;
  }

  // Of the value that comes next.
  std::string Path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.value->kind == Kind::kSequence) {
        path = ItemPath(path, frame.value->items.size());
      } else if (frame.has_key) {
        path = KeyPath(path, frame.key);
      }
    }
    return path;
  }

  Refusal KeyRefusal(const YAML::Mark& mark) const {
    return {Line(mark), Path(), "a key must be a scalar"};
  }
  Refusal TooDeep(const YAML::Mark& mark) const {
    return {Line(mark), Path(), "nested deeper than " + std::to_string(kDepthMax)};
  }

  void Count(size_t nodes, const YAML::Mark& mark) {
    nodes_ += nodes;
    if (nodes_ > kNodesMax) {
      throw Refusal{Line(mark), "",
                    "more than " + std::to_string(kNodesMax) + " values (aliases counted in full)"};
    }
  }

  Value& Make(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Value& value = values_.emplace_back();
    value.kind = kind;
    value.line = Line(mark);
    value.plain = kind == Kind::kScalar && IsPlain(tag, mark);
    if (kind != Kind::kScalar) IsPlain(tag, mark);  // For its refusal.
    if (!AtKey()) Count(1, mark);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = &value;
    return value;
  }

  // yaml-cpp gives "?" to what has no tag and "!" to what has quotes.
  bool IsPlain(const std::string& tag, const YAML::Mark& mark) const {
    static constexpr std::string_view kCore = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "?") return true;
    if (tag == "!") return false;
    if (tag.substr(0, kCore.size()) == kCore) {
      const std::string name = tag.substr(kCore.size());
      if (name == "str") return false;
      for (const char* known : {"int", "float", "bool", "null", "map", "seq"}) {
        if (name == known) return true;
      }
    }
    throw Refusal{Line(mark), Path(), "unknown tag " + GoQuote(tag)};
  }

  void StartEntry(const Value& key, const YAML::Mark& mark) {
    Frame& frame = frames_.back();
    const bool merge = key.plain && key.text == "<<";
    const auto twice = [&](int line) {
      return Refusal{key.line, KeyPath(Path(), key.text),
                     "duplicate key, first on line " + std::to_string(line)};
    };
    if (merge) {
      if (frame.merge_value != nullptr) throw twice(frame.merge_line);
      frame.merge_line = key.line;
    } else if (const auto at = frame.value->by_key.find(key.text);
               at != frame.value->by_key.end()) {
      throw twice(frame.value->entries[at->second].line);
    } else {
      // The view is of the key's own value, which lives as long as the document.
      frame.value->by_key.emplace(key.text, frame.value->entries.size());
    }
    frame.has_key = true;
    frame.key = key.text;
    frame.key_line = key.line;
    frame.key_pos = mark.pos;
    frame.merge = merge;
  }

  // A value that stands here and is no alias.
  void AddOwn(Value& value) {
    // yaml-cpp's place of an empty value or of a block is that of what follows the key.
    if (value.kind != Kind::kScalar && !frames_.empty() && frames_.back().has_key) {
      value.line = frames_.back().key_line;
    }
    Add(&value);
  }

  void Add(const Value* value) {
    if (frames_.empty()) {
      root_ = value;
      return;
    }
    Frame& frame = frames_.back();
    Value& parent = *frame.value;
    if (parent.kind == Kind::kSequence) {
      parent.items.push_back(value);
    } else if (frame.merge) {
      frame.merge_value = value;
    } else {
      parent.entries.push_back({frame.key, frame.key_line, value});
    }
    frame.has_key = false;
    frame.merge = false;
  }

  void Open(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style) {
    if (AtKey()) throw KeyRefusal(mark);
    if (frames_.size() >= kDepthMax) throw TooDeep(mark);
    Value& value = Make(kind, mark, tag, anchor);
    frames_.emplace_back(&value).block = style == YAML::EmitterStyle::Block;
  }

  void Close() {
    CHECK(!frames_.empty());
    Value& value = *frames_.back().value;
    const Value* merge = frames_.back().merge_value;
    const int merge_line = frames_.back().merge_line;
    frames_.pop_back();
    if (merge != nullptr) Merge(*merge, merge_line, value);
    const auto take = [&](const Value* child) {
      value.nodes += child->nodes;
      value.depth = std::max(value.depth, child->depth);
    };
    for (const Entry& entry : value.entries) take(entry.value);
    for (const Value* item : value.items) take(item);
    ++value.depth;
    AddOwn(value);
  }

  // What stands in the mapping itself wins over what is merged into it; of several sources the
  // first wins.
  void Merge(const Value& source, int line, Value& into) {
    if (source.kind == Kind::kMap) {
      for (const Entry& entry : source.entries) {
        // The key's text stays where it is for as long as the document lives.
        const auto at = source.by_key.find(entry.key);
        CHECK(at != source.by_key.end());
        if (into.by_key.emplace(at->first, into.entries.size()).second) {
          into.entries.push_back(entry);
        }
      }
      return;
    }
    const bool maps = source.kind == Kind::kSequence &&
                      std::all_of(source.items.begin(), source.items.end(),
                                  [](const Value* item) { return item->kind == Kind::kMap; });
    if (!maps) {
      throw Refusal{line, KeyPath(Path(), "<<"), "expected a mapping or a sequence of mappings"};
    }
    for (const Value* item : source.items) Merge(*item, line, into);
  }

  std::deque<Value> values_;  // A deque: values stay where they are.
  std::unordered_map<YAML::anchor_t, const Value*> anchors_;
  std::vector<Frame> frames_;
  const Value* root_ = nullptr;
  size_t nodes_ = 0;
  int last_quoted_line_ = 0;
  bool started_ = false;
};

// yaml-cpp takes the byte 04 as the end of the text and passes other control characters on, so what
// YAML does not allow is refused before it.
std::optional<Refusal> FindBadByte(std::string_view text) {
  int line = 1;
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    if (!rune.valid) return Refusal{line, "", "not UTF-8"};
    const char32_t c = rune.value;
    if (c == '\n') ++line;
    if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f) {
      return Refusal{line, "", "control character"};
    }
    text.remove_prefix(rune.size);
  }
  return std::nullopt;
}

// Feeds the builder every document of the text.
void Build(const std::string& text, Builder& builder) {
  std::istringstream in{text};
  YAML::Parser parser(in);
  while (parser.HandleNextDocument(builder)) {
  }
}

// yaml-cpp takes a quote that is still open at the end of the text as closed when white space comes
// last.  An explicit end of the document inside a quote it refuses, so a text that was read once is
// read again with one.
void CheckLastQuote(const std::string& text, int line) {
  const bool blank_end =
      !text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos;
  if (line == 0 || !blank_end) return;
  try {
    Builder again;
    Build(text + "\n...\n", again);
  } catch (const YAML::Exception&) {
    throw Refusal{line, "", "a quote is not closed"};
  }
}

// Edits (insert, delete, replace, swap of neighbours) from one word to the other.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = std::exchange(last, row);
  }
  return last[b.size()];
}

// The known word that a typing error could have turned into `word`; empty where there is none.
std::string_view Nearest(std::string_view word, std::initializer_list<std::string_view> known) {
  constexpr size_t kWordMax = 64;  // Bounds the work on a key of a hostile length.
  if (word.size() > kWordMax) return {};
  size_t least = 2 + word.size() / 4;
  std::string_view best;
  for (const std::string_view candidate : known) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < least && distance < candidate.size()) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

std::optional<bool> GoBool(std::string_view text) {
  for (const std::string_view word :
       {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}) {
    if (text == word) return true;
  }
  for (const std::string_view word :
       {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

// A whole number of bytes, with the unit's size; kB and its kin are decimal, KiB binary.
std::optional<uint64_t> ParseBytes(std::string_view text, bool* too_large) {
  struct Unit {
    std::string_view name;
    uint64_t size;
  };
  static constexpr Unit kUnits[] = {
      {"", 1},
      {"B", 1},
      {"kB", 1000},
      {"KB", 1000},
      {"MB", 1'000'000},
      {"GB", 1'000'000'000},
      {"TB", 1'000'000'000'000},
      {"PB", 1'000'000'000'000'000},
      {"KiB", uint64_t{1} << 10},
      {"MiB", uint64_t{1} << 20},
      {"GiB", uint64_t{1} << 30},
      {"TiB", uint64_t{1} << 40},
      {"PiB", uint64_t{1} << 50},
  };
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument) return std::nullopt;
  const std::string_view name = text.substr(static_cast<size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    if (name != unit.name) continue;
    *too_large = error == std::errc::result_out_of_range ||
                 value > std::numeric_limits<uint64_t>::max() / unit.size;
    return value * unit.size;
  }
  return std::nullopt;
}

}  // namespace

struct Node::Document {
  std::string file;
  std::deque<Value> values;
  const Value* root;
};

struct Node::Impl {
  std::shared_ptr<const Document> document;
  const Value* value;
  std::string path;

  // A handle to a value of the same document.
  Node To(const Value* other, std::string other_path) const {
    Node node;
    node.impl_ = std::make_shared<const Impl>(Impl{document, other, std::move(other_path)});
    return node;
  }

  nines::Error ErrorAt(int line, const std::string& reason) const {
    return {Code::kInvalid, Place(document->file, line, path, reason)};
  }

  // "expected a number, got …".
  nines::Error Expected(const std::string& what) const {
    return ErrorAt(value->line, "expected " + what + ", got " + Describe());
  }

  std::string Describe() const {
    switch (value->kind) {
      case Kind::kNull:
        return "nothing";
      case Kind::kMap:
        return "a mapping";
      case Kind::kSequence:
        return "a sequence";
      case Kind::kScalar:
        break;
    }
    constexpr size_t kShown = 60;
    const bool cut = value->text.size() > kShown;
    return (value->plain ? "" : "the string ") + GoQuote(value->text.substr(0, kShown)) +
           (cut ? "…" : "");
  }

  bool IsPlainScalar() const { return value->kind == Kind::kScalar && value->plain; }
};

Result<Node> Node::Parse(std::string_view text, std::string file) {
  const auto refuse = [&](const Refusal& refusal) {
    return nines::Error{Code::kInvalid, Place(file, refusal.line, refusal.path, refusal.reason)};
  };
  if (const std::optional<Refusal> refusal = FindBadByte(text)) return refuse(*refusal);

  Builder builder;
  try {
    const std::string copy(text);
    Build(copy, builder);
    CheckLastQuote(copy, builder.last_quoted_line());
  } catch (const Refusal& refusal) {
    return refuse(refusal);
  } catch (const YAML::Exception& e) {
    return refuse({std::max(e.mark.line, 0) + 1, "", e.msg});
  }

  auto document = std::make_shared<Document>();
  document->root = builder.root();
  document->values = builder.TakeValues();
  document->file = std::move(file);
  if (document->root == nullptr || document->root->kind == Kind::kNull) {
    Value& empty = document->values.emplace_back();
    empty.kind = Kind::kMap;
    document->root = &empty;
  }
  const Value* root = document->root;
  return Impl{std::move(document), root, ""}.To(root, "");
}

Result<Node> Node::Load(const std::string& path) {
  const auto unreadable = [&] {
    return nines::Error{Code::kNotFound,
                        path + ": cannot be read: " + std::generic_category().message(errno)};
  };
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return unreadable();
  std::ostringstream text;
  text << in.rdbuf();
  // An empty file leaves the output's failbit; only the input's state and errno tell a failure.
  if (in.bad() || errno != 0) return unreadable();
  return Parse(text.str(), path);
}

bool Node::IsNull() const { return impl_->value->kind == Kind::kNull; }
bool Node::IsScalar() const { return impl_->value->kind == Kind::kScalar; }
bool Node::IsMap() const { return impl_->value->kind == Kind::kMap; }
bool Node::IsSequence() const { return impl_->value->kind == Kind::kSequence; }

int Node::line() const { return impl_->value->line; }
const std::string& Node::path() const { return impl_->path; }
const std::string& Node::file() const { return impl_->document->file; }

nines::Error Node::Error(const std::string& reason) const {
  return impl_->ErrorAt(impl_->value->line, reason);
}

std::optional<Node> Node::Get(std::string_view key) const {
  const auto at = impl_->value->by_key.find(key);
  if (at == impl_->value->by_key.end()) return std::nullopt;
  const Entry& entry = impl_->value->entries[at->second];
  if (entry.value->kind == Kind::kNull) return std::nullopt;
  return impl_->To(entry.value, KeyPath(impl_->path, key));
}

Result<Node> Node::Require(std::string_view key) const {
  if (!IsMap()) return impl_->Expected("a mapping");
  if (std::optional<Node> node = Get(key)) return *std::move(node);
  const auto at = impl_->value->by_key.find(key);
  if (at == impl_->value->by_key.end()) return Error("missing key " + GoQuote(key));
  return impl_->ErrorAt(impl_->value->entries[at->second].line,
                        "key " + GoQuote(key) + " has no value");
}

Result<void> Node::AllowOnly(std::initializer_list<std::string_view> known) const {
  if (!IsMap()) return impl_->Expected("a mapping");
  for (const Entry& entry : impl_->value->entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    std::string reason = "unknown key " + GoQuote(entry.key);
    if (const std::string_view nearest = Nearest(entry.key, known); !nearest.empty()) {
      reason += " (did you mean " + GoQuote(nearest) + "?)";
    }
    return impl_->ErrorAt(entry.line, reason);
  }
  return {};
}

std::vector<std::pair<std::string, Node>> Node::Entries() const {
  CHECK(IsMap());
  std::vector<std::pair<std::string, Node>> out;
  out.reserve(impl_->value->entries.size());
  for (const Entry& entry : impl_->value->entries) {
    out.emplace_back(entry.key, impl_->To(entry.value, KeyPath(impl_->path, entry.key)));
  }
  return out;
}

std::vector<Node> Node::Items() const {
  CHECK(IsSequence());
  std::vector<Node> out;
  out.reserve(impl_->value->items.size());
  for (const Value* item : impl_->value->items) {
    out.push_back(impl_->To(item, ItemPath(impl_->path, out.size())));
  }
  return out;
}

Result<std::string> Node::AsString() const {
  if (!IsScalar()) return impl_->Expected("a string");
  return impl_->value->text;
}

Result<bool> Node::AsBool() const {
  if (impl_->IsPlainScalar()) {
    if (const std::optional<bool> value = GoBool(impl_->value->text)) return *value;
  }
  return impl_->Expected("true or false");
}

Result<int64_t> Node::AsInteger() const {
  if (!impl_->IsPlainScalar()) return impl_->Expected("a whole number");
  std::string_view text = impl_->value->text;
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  // Go reads 010 as octal; nobody means that, so it is refused.
  const std::string_view digits = text.substr(text.substr(0, 1) == "-" ? 1 : 0);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument ||
      (digits.size() > 1 && digits[0] == '0')) {
    return impl_->Expected("a whole number");
  }
  if (error != std::errc()) return Error("number out of range: " + GoQuote(text));
  return value;
}

Result<double> Node::AsNumber() const {
  if (impl_->IsPlainScalar()) {
    const std::optional<double> value = ParseFloat(impl_->value->text);
    if (value && std::isfinite(*value)) return *value;
  }
  return impl_->Expected("a number");
}

Result<Duration> Node::AsDuration() const {
  if (!IsScalar()) return impl_->Expected("a duration");
  const Result<Duration> value = ParseDuration(impl_->value->text);
  if (!value) return Error(value.error().message);
  return *value;
}

Result<uint64_t> Node::AsBytes() const {
  if (!IsScalar()) return impl_->Expected("a size");
  bool too_large = false;
  const std::optional<uint64_t> value = ParseBytes(impl_->value->text, &too_large);
  if (!value) return impl_->Expected("a size in bytes such as 4096, 512KiB or 1GB");
  if (too_large) return Error("size out of range: " + GoQuote(impl_->value->text));
  return *value;
}

Result<std::vector<std::string>> Node::AsStringList() const {
  if (!IsSequence()) return impl_->Expected("a sequence of strings");
  std::vector<std::string> out;
  for (const Node& item : Items()) {
    Result<std::string> text = item.AsString();
    if (!text) return text.error();
    out.push_back(*std::move(text));
  }
  return out;
}

Result<std::map<std::string, std::string>> Node::AsStringMap() const {
  if (!IsMap()) return impl_->Expected("a mapping of strings");
  std::map<std::string, std::string> out;
  for (auto& [key, node] : Entries()) {
    // Go reads a key without a value as the empty string.
    Result<std::string> text = node.IsNull() ? Result<std::string>("") : node.AsString();
    if (!text) return text.error();
    out.emplace(key, *std::move(text));
  }
  return out;
}

}  // namespace nines::yaml
