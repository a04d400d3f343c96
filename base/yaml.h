#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// The strict loader for every YAML file that we read: yaml-cpp underneath, with duplicate keys as
// errors, `<<` merges resolved, booleans as Go's yaml.v2 reads them, and a line for every value.

namespace nines::yaml {

// One value of a loaded document.  A light handle; the document lives as long as any handle to it.
// Const and safe for concurrent use.  Every error message reads "FILE:LINE: KEY.PATH: reason".
class Node {
 public:
  // kInvalid: not YAML (with yaml-cpp's reason), a duplicate key, more than one document, nesting
  // deeper than 64, more than 100,000 nodes after aliases.  Empty text is an empty mapping.
  static Result<Node> Parse(std::string_view text, std::string file);
  // Parse() of a file.  kNotFound: it cannot be read.
  static Result<Node> Load(const std::string& path);

  bool IsNull() const;
  bool IsScalar() const;
  bool IsMap() const;
  bool IsSequence() const;

  int line() const;                 // From 1.
  const std::string& path() const;  // "slos[0].alert.for".
  const std::string& file() const;

  // An error at this place: "nines.yml:7: slos[0].window: reason".
  nines::Error Error(const std::string& reason) const;

  // The value of `key`; nullopt where there is none or it is null, or this is no map.
  std::optional<Node> Get(std::string_view key) const;
  // As Get(), with an error that names the missing key.
  Result<Node> Require(std::string_view key) const;

  // An error at the first key that is not in `known`, with the nearest known one named:
  // `unknown key "windwo" (did you mean "window"?)`.  An error too when this is no map.
  Result<void> AllowOnly(std::initializer_list<std::string_view> known) const;

  // Map entries in the order of the file.  REQUIRES: IsMap() / IsSequence().
  std::vector<std::pair<std::string, Node>> Entries() const;
  std::vector<Node> Items() const;

  Result<std::string> AsString() const;  // Any scalar, as its text.
  Result<bool> AsBool() const;
  Result<int64_t> AsInteger() const;
  Result<double> AsNumber() const;
  Result<Duration> AsDuration() const;                    // Prometheus' form.
  Result<uint64_t> AsBytes() const;                       // "512KiB", "32MiB", "1GB", "4096".
  Result<std::vector<std::string>> AsStringList() const;  // A sequence of scalars.
  Result<std::map<std::string, std::string>> AsStringMap() const;

 private:
  struct Document;
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace nines::yaml
