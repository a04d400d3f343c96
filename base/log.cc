#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "base/clock.h"
#include "base/json.h"
#include "base/labels.h"

namespace nines::log {
namespace {

std::atomic<Level> g_level{Level::kInfo};
std::atomic<Format> g_format{Format::kLogfmt};

// spdlog serialises the lines; the text of a line is ours.  Never destroyed, so that what runs at
// exit can still log.
spdlog::logger& Sink() {
  static spdlog::logger* const logger = [] {
    auto made = std::make_unique<spdlog::logger>("nines",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    return made.release();
  }();
  return *logger;
}

std::string_view LevelText(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      break;
  }
  return "error";
}

spdlog::level::level_enum SpdlogLevel(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      break;
  }
  return spdlog::level::err;
}

// A value stands bare where a reader of logfmt takes it back as it is.
std::string LogfmtValue(const std::string& value) {
  const bool bare = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte < 0x7f && c != '"' && c != '=' && c != '\\';
  });
  return bare ? value : GoQuote(value);
}

std::string LogfmtLine(Level level, std::string_view message, const Fields& fields) {
  std::string line = "ts=" + FormatRfc3339Ms(SystemClock().Wall());
  line += " level=";
  line += LevelText(level);
  line += " msg=" + GoQuote(message);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    line += LogfmtValue(field.value);
  }
  return line;
}

std::string JsonLine(Level level, std::string_view message, const Fields& fields) {
  JsonWriter w;
  w.BeginObject();
  w.Key("ts").TimeMs(SystemClock().Wall());
  w.Key("level").String(LevelText(level));
  w.Key("msg").String(message);
  for (const Field& field : fields) w.Key(field.key).String(field.value);
  w.EndObject();
  return w.Take();
}

void Write(Level level, std::string_view message, const Fields& fields) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  const std::string line = g_format.load(std::memory_order_relaxed) == Format::kJson
                               ? JsonLine(level, message, fields)
                               : LogfmtLine(level, message, fields);
  Sink().log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

Result<Level> ParseLevel(std::string_view text) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError}) {
    if (text == LevelText(level)) return level;
  }
  return nines::Error{Code::kInvalid,
                      "unknown log level " + GoQuote(text) + " (debug, info, warn, error)"};
}

Result<Format> ParseFormat(std::string_view text) {
  if (text == "logfmt") return Format::kLogfmt;
  if (text == "json") return Format::kJson;
  return nines::Error{Code::kInvalid, "unknown log format " + GoQuote(text) + " (logfmt, json)"};
}

void Configure(Level level, Format format) {
  g_level.store(level, std::memory_order_relaxed);
  g_format.store(format, std::memory_order_relaxed);
}

void Debug(std::string_view message, Fields fields) { Write(Level::kDebug, message, fields); }
void Info(std::string_view message, Fields fields) { Write(Level::kInfo, message, fields); }
void Warn(std::string_view message, Fields fields) { Write(Level::kWarn, message, fields); }
void Error(std::string_view message, Fields fields) { Write(Level::kError, message, fields); }

}  // namespace nines::log
