#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nines::log {

enum class Level : uint8_t { kDebug, kInfo, kWarn, kError };
enum class Format : uint8_t { kLogfmt, kJson };

// "debug" | "info" | "warn" | "error"; "logfmt" | "json".  kInvalid lists the choices.
Result<Level> ParseLevel(std::string_view text);
Result<Format> ParseFormat(std::string_view text);

struct Field {
  std::string_view key;
  std::string value;
};
using Fields = std::initializer_list<Field>;

// Process-wide, set once by main before threads start; info and logfmt to standard error before
// that.  The writing functions are thread-safe and write one line each:
//   ts=2026-11-28T18:42:19.123Z level=info msg="…" key=value
void Configure(Level level, Format format);

void Debug(std::string_view message, Fields fields = {});
void Info(std::string_view message, Fields fields = {});
void Warn(std::string_view message, Fields fields = {});
void Error(std::string_view message, Fields fields = {});

}  // namespace nines::log
