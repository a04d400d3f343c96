#include "ingest/relabel.h"

#include <locale.h>
#include <openssl/evp.h>
#include <re2/re2.h>
#include <wctype.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"

namespace nines::ingest {
namespace {

using yaml::Node;

constexpr std::string_view kDefaultSeparator = ";";
constexpr std::string_view kDefaultRegex = "(.*)";
constexpr std::string_view kDefaultReplacement = "$1";

enum class Action : uint8_t {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};

struct ActionName {
  std::string_view name;
  Action action;
};
constexpr ActionName kActions[] = {
    {"replace", Action::kReplace},     {"keep", Action::kKeep},
    {"drop", Action::kDrop},           {"keepequal", Action::kKeepEqual},
    {"dropequal", Action::kDropEqual}, {"hashmod", Action::kHashMod},
    {"labelmap", Action::kLabelMap},   {"labeldrop", Action::kLabelDrop},
    {"labelkeep", Action::kLabelKeep}, {"lowercase", Action::kLowercase},
    {"uppercase", Action::kUppercase},
};

bool IsLabelName(std::string_view name) { return !name.empty() && IsUtf8(name); }

// The last eight bytes of MD5, big-endian; nullopt where OpenSSL is built or set up without it.
std::optional<uint64_t> Md5Tail(std::string_view text) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr) != 1) {
    return std::nullopt;
  }
  CHECK(size == 16);
  uint64_t tail = 0;
  for (size_t i = 8; i < 16; ++i) tail = tail << 8 | digest[i];
  return tail;
}

// Its tables of letters are those of Unicode.  Null where the C library lacks it.
locale_t UnicodeLocale() {
  static const locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return made;
}

std::string MapCase(std::string_view text, Action action) {
  std::string mapped;
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    text.remove_prefix(rune.size);
    const auto c = static_cast<wint_t>(rune.value);
    AppendUtf8(static_cast<char32_t>(action == Action::kLowercase ? towlower_l(c, UnicodeLocale())
                                                                  : towupper_l(c, UnicodeLocale())),
               mapped);
  }
  return mapped;
}

// A reference in a template: `$name` or `${name}`.
struct Reference {
  std::string_view name;
  size_t size;  // In the template, behind the dollar.
};

std::optional<Reference> ReadReference(std::string_view text) {
  static const re2::RE2 letters(R"(([\pL\p{Nd}_]+))");
  const bool in_braces = text.starts_with('{');
  re2::StringPiece rest = text.substr(in_braces ? 1 : 0);
  re2::StringPiece name;
  if (!re2::RE2::Consume(&rest, letters, &name)) return std::nullopt;
  if (in_braces && !rest.starts_with("}")) return std::nullopt;
  return Reference{{name.data(), name.size()}, name.size() + (in_braces ? 2 : 0)};
}

// The number that a name is, as Go reads it: without leading zeros, below a hundred million.
std::optional<size_t> GroupNumber(std::string_view name) {
  if (name.size() > 8 || (name.size() > 1 && name.front() == '0')) return std::nullopt;
  size_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<size_t>(c - '0');
  }
  return number;
}

// An anchored regular expression and what it matched.
class Regex {
 public:
  explicit Regex(const std::string& pattern) : re_(pattern, Options()) {}

  bool ok() const { return re_.ok(); }
  const std::string& error() const { return re_.error(); }

  bool Matches(std::string_view text) const {
    return re_.Match(text, 0, text.size(), re2::RE2::ANCHOR_BOTH, nullptr, 0);
  }

  // The groups, the whole match first; empty where nothing matches.
  std::vector<re2::StringPiece> Match(std::string_view text) const {
    std::vector<re2::StringPiece> groups(static_cast<size_t>(re_.NumberOfCapturingGroups()) + 1);
    if (!re_.Match(text, 0, text.size(), re2::RE2::ANCHOR_BOTH, groups.data(),
                   static_cast<int>(groups.size()))) {
      groups.clear();
    }
    return groups;
  }

  // `text` with its references replaced by the groups; one that names no group is nothing.
  std::string Expand(std::string_view text, const std::vector<re2::StringPiece>& groups) const {
    std::string out;
    for (size_t dollar; (dollar = text.find('$')) != text.npos;) {
      out += text.substr(0, dollar);
      text.remove_prefix(dollar + 1);
      if (text.starts_with('$')) {
        out += '$';
        text.remove_prefix(1);
        continue;
      }
      const std::optional<Reference> reference = ReadReference(text);
      if (!reference) {
        out += '$';
        continue;
      }
      text.remove_prefix(reference->size);
      const size_t group = GroupOf(reference->name);
      if (group < groups.size() && groups[group].data() != nullptr) {
        out.append(groups[group].data(), groups[group].size());
      }
    }
    return out.append(text);
  }

 private:
  static re2::RE2::Options Options() {
    re2::RE2::Options options;
    options.set_dot_nl(true);
    options.set_log_errors(false);
    return options;
  }

  // Beyond all groups where there is none.
  size_t GroupOf(std::string_view name) const {
    if (const auto number = GroupNumber(name)) return *number;
    const auto& names = re_.NamedCapturingGroups();
    const auto at = names.find(std::string(name));
    return at == names.end() ? SIZE_MAX : static_cast<size_t>(at->second);
  }

  re2::RE2 re_;
};

// A text of the rule.  `null` is the empty one, as for Go's YAML: only what is not there has its
// default.
Result<std::string> ReadText(const Node& rule, std::string_view key, std::string_view otherwise) {
  if (const std::optional<Node> value = rule.Get(key)) return value->AsString();
  for (const auto& [name, value] : rule.Entries()) {
    if (name == key) return std::string();
  }
  return std::string(otherwise);
}

}  // namespace

struct Relabel::Rule {
  std::vector<std::string> source_labels;
  bool has_source_labels = false;
  std::string separator;
  std::string regex_text;
  std::shared_ptr<const Regex> regex;
  bool has_regex = false;
  uint64_t modulus = 0;
  std::string target_label;
  std::string replacement;
  Action action = Action::kReplace;
  std::string_view action_name;

  bool operator==(const Rule& other) const {
    const auto effect = [](const Rule& rule) {
      return std::tie(rule.source_labels, rule.separator, rule.regex_text, rule.modulus,
                      rule.target_label, rule.replacement, rule.action);
    };
    return effect(*this) == effect(other);
  }

  static Result<Rule> Read(const Node& node);
  // What is wrong with it, "" where nothing is.
  std::string Problem() const;
  std::string ProblemOfTarget() const;
  std::string ProblemOfUnused() const;

  // False: the series is dropped.
  bool Apply(Builder* labels) const;
  void Replace(const std::string& value, Builder* labels) const;
  void ApplyToNames(Builder* labels) const;
};

// A label set that is being changed, as Prometheus' labels.Builder: the order in which Range()
// goes through it decides which of two labels that labelmap gives the same name stays.
class Relabel::Builder {
 public:
  explicit Builder(const Labels& base) : base_(base) {}

  std::string_view Get(std::string_view name) const {
    for (const Label& label : added_) {
      if (label.name == name) return label.value;
    }
    return IsDeleted(name) ? std::string_view() : base_.Get(name);
  }

  void Set(std::string_view name, std::string_view value) {
    if (value.empty()) return Delete(name);
    for (Label& label : added_) {
      if (label.name != name) continue;
      label.value = value;
      return;
    }
    added_.push_back({std::string(name), std::string(value)});
  }

  void Delete(std::string_view name) {
    std::erase_if(added_, [&](const Label& label) { return label.name == name; });
    deleted_.emplace_back(name);
  }

  // As it is now: those that were there from the start, then the others in the order of Set().
  std::vector<Label> Range() const {
    std::vector<Label> all;
    for (const Label& label : base_) {
      if (!IsDeleted(label.name) && !IsAdded(label.name)) all.push_back(label);
    }
    all.insert(all.end(), added_.begin(), added_.end());
    return all;
  }

 private:
  bool IsDeleted(std::string_view name) const {
    return std::find(deleted_.begin(), deleted_.end(), name) != deleted_.end();
  }
  bool IsAdded(std::string_view name) const {
    return std::any_of(added_.begin(), added_.end(),
                       [&](const Label& label) { return label.name == name; });
  }

  const Labels& base_;
  std::vector<Label> added_;
  std::vector<std::string> deleted_;
};

// ---- Reading.

Result<Relabel> Relabel::Parse(const Node& node) {
  if (!node.IsSequence()) return node.Error("must be a list of rules");
  std::vector<Rule> rules;
  for (const Node& item : node.Items()) {
    auto rule = Rule::Read(item);
    if (!rule) return rule.error();
    if (const std::string problem = rule->Problem(); !problem.empty()) return item.Error(problem);
    rules.push_back(std::move(*rule));
  }
  Relabel parsed;
  if (!rules.empty()) parsed.rules_ = std::make_shared<const std::vector<Rule>>(std::move(rules));
  return parsed;
}

Result<Relabel::Rule> Relabel::Rule::Read(const Node& node) {
  if (auto r = node.AllowOnly({"source_labels", "separator", "regex", "modulus", "target_label",
                               "replacement", "action"});
      !r) {
    return r.error();
  }
  Rule rule;
  if (const auto names = node.Get("source_labels")) {
    auto read = names->AsStringList();
    if (!read) return read.error();
    for (const std::string& name : *read) {
      if (!IsLabelName(name)) return names->Error(GoQuote(name) + " is not a label name");
    }
    rule.source_labels = std::move(*read);
    rule.has_source_labels = true;
  }
  if (const auto modulus = node.Get("modulus")) {
    const auto read = modulus->AsInteger();
    if (!read) return read.error();
    if (*read < 0) return modulus->Error("must not be negative");
    rule.modulus = static_cast<uint64_t>(*read);
  }
  std::string action;
  const struct {
    std::string_view key;
    std::string_view otherwise;
    std::string* to;
  } texts[] = {{"separator", kDefaultSeparator, &rule.separator},
               {"regex", kDefaultRegex, &rule.regex_text},
               {"target_label", "", &rule.target_label},
               {"replacement", kDefaultReplacement, &rule.replacement},
               {"action", "replace", &action}};
  for (const auto& [key, otherwise, to] : texts) {
    auto text = ReadText(node, key, otherwise);
    if (!text) return text.error();
    *to = std::move(*text);
  }
  for (const auto& [key, value] : node.Entries()) rule.has_regex |= key == "regex";
  rule.regex = std::make_shared<const Regex>(rule.regex_text);
  if (!rule.regex->ok()) {
    return node.Error("regular expression " + GoQuote(rule.regex_text) + ": " +
                      rule.regex->error());
  }
  std::string lower = action;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto known = std::find_if(std::begin(kActions), std::end(kActions),
                                  [&](const ActionName& one) { return one.name == lower; });
  if (known == std::end(kActions)) return node.Error("unknown action " + GoQuote(action));
  rule.action = known->action;
  rule.action_name = known->name;
  return rule;
}

std::string Relabel::Rule::Problem() const {
  if (action == Action::kHashMod) {
    if (modulus == 0) return "action hashmod wants a modulus other than 0";
    if (!Md5Tail("")) return "action hashmod wants MD5, which this machine's OpenSSL refuses";
  }
  if ((action == Action::kLowercase || action == Action::kUppercase) &&
      UnicodeLocale() == nullptr) {
    return "action " + std::string(action_name) + " wants the C library's locale C.UTF-8";
  }
  std::string problem = ProblemOfTarget();
  return problem.empty() ? ProblemOfUnused() : problem;
}

std::string Relabel::Rule::ProblemOfTarget() const {
  const std::string of_action = " for action " + std::string(action_name);
  switch (action) {
    case Action::kReplace:
    case Action::kHashMod:
    case Action::kLowercase:
    case Action::kUppercase:
    case Action::kKeepEqual:
    case Action::kDropEqual:
      if (target_label.empty()) return "wants a target_label" + of_action;
      if (!IsLabelName(target_label)) {
        return GoQuote(target_label) + " is no target_label" + of_action;
      }
      return "";
    case Action::kLabelMap:
      if (!IsLabelName(replacement)) return GoQuote(replacement) + " is no replacement" + of_action;
      return "";
    default:
      return "";
  }
}

std::string Relabel::Rule::ProblemOfUnused() const {
  const std::string name(action_name);
  const bool only_defaults =
      modulus == 0 && separator == kDefaultSeparator && replacement == kDefaultReplacement;
  switch (action) {
    case Action::kLowercase:
    case Action::kUppercase:
      if (replacement != kDefaultReplacement) return "action " + name + " takes no replacement";
      return "";
    case Action::kKeepEqual:
    case Action::kDropEqual:
      if (!only_defaults || has_regex) {
        return "action " + name + " takes only source_labels and target_label";
      }
      return "";
    case Action::kLabelDrop:
    case Action::kLabelKeep:
      if (!only_defaults || has_source_labels || !target_label.empty()) {
        return "action " + name + " takes only regex";
      }
      return "";
    default:
      return "";
  }
}

bool Relabel::operator==(const Relabel& other) const {
  if (rules_ == nullptr || other.rules_ == nullptr) return rules_ == other.rules_;
  return *rules_ == *other.rules_;
}

// ---- Applying.

std::optional<Labels> Relabel::Apply(const Labels& labels) const {
  if (rules_ == nullptr) return labels;
  Builder builder(labels);
  for (const Rule& rule : *rules_) {
    if (!rule.Apply(&builder)) return std::nullopt;
  }
  Labels changed(builder.Range());
  if (changed.empty()) return std::nullopt;
  return changed;
}

bool Relabel::Rule::Apply(Builder* labels) const {
  std::string value;
  for (size_t i = 0; i < source_labels.size(); ++i) {
    if (i > 0) value += separator;
    value += labels->Get(source_labels[i]);
  }
  switch (action) {
    case Action::kKeep:
      return regex->Matches(value);
    case Action::kDrop:
      return !regex->Matches(value);
    case Action::kKeepEqual:
      return labels->Get(target_label) == value;
    case Action::kDropEqual:
      return labels->Get(target_label) != value;
    case Action::kReplace:
      Replace(value, labels);
      return true;
    case Action::kLowercase:
    case Action::kUppercase:
      labels->Set(target_label, MapCase(value, action));
      return true;
    case Action::kHashMod: {
      const auto hash = Md5Tail(value);
      CHECK(hash.has_value());
      labels->Set(target_label, std::to_string(*hash % modulus));
      return true;
    }
    case Action::kLabelMap:
    case Action::kLabelDrop:
    case Action::kLabelKeep:
      ApplyToNames(labels);
      return true;
  }
  CHECK(false);
}

void Relabel::Rule::Replace(const std::string& value, Builder* labels) const {
  const auto groups = regex->Match(value);
  if (groups.empty()) return;
  const std::string target = regex->Expand(target_label, groups);
  if (!IsLabelName(target)) return;
  labels->Set(target, regex->Expand(replacement, groups));
}

void Relabel::Rule::ApplyToNames(Builder* labels) const {
  for (const Label& label : labels->Range()) {
    const bool matches = regex->Matches(label.name);
    if (action == Action::kLabelMap) {
      if (!matches) continue;
      labels->Set(regex->Expand(replacement, regex->Match(label.name)), label.value);
    } else if (matches == (action == Action::kLabelDrop)) {
      labels->Delete(label.name);
    }
  }
}

}  // namespace nines::ingest
