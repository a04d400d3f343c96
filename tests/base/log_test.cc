#include "base/log.h"

#include <gtest/gtest.h>

#include <regex>
#include <thread>
#include <vector>

#include "base/labels.h"

namespace nines {
namespace {

using log::Fields;
using log::Format;
using log::Level;

// What a call writes to standard error.  The configuration is the process's, so each test sets it
// and the fixture puts the first one back.
class Log : public testing::Test {
 protected:
  ~Log() override { log::Configure(Level::kInfo, Format::kLogfmt); }

  template <class Calls>
  static std::string Written(Calls calls) {
    testing::internal::CaptureStderr();
    calls();
    return testing::internal::GetCapturedStderr();
  }
};

constexpr char kTime[] = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)";

// The line without its time.
std::string Untimed(const std::string& line) {
  return std::regex_replace(line, std::regex(kTime), "T");
}

TEST_F(Log, Logfmt) {
  const auto check = [](std::string_view message, Fields fields, const std::string& want) {
    EXPECT_EQ(Untimed(Written([&] { log::Info(message, fields); })),
              "ts=T level=info msg=" + want + "\n");
  };
  check("started", {}, R"("started")");
  check("store opened", {{"path", "./data"}, {"series", "12"}},
        R"("store opened" path=./data series=12)");
  check("a \"b\"\nts=forged", {}, R"("a \"b\"\nts=forged")");
  check("m", {{"k", ""}}, R"("m" k="")");
  check("m", {{"k", "a b"}}, R"("m" k="a b")");
  check("m", {{"k", "a=b"}}, R"("m" k="a=b")");
  check("m", {{"k", "a\"b"}}, R"("m" k="a\"b")");
  check("m", {{"k", "a\\b"}}, R"("m" k="a\\b")");
  check("m", {{"k", "a\nb"}}, R"("m" k="a\nb")");
  check("m", {{"k", "é\xff"}}, R"("m" k="é\xff")");
  check("m", {{"k", "{} %s %v"}}, R"("m" k="{} %s %v")");  // Text, never a pattern.
  check("{} %v", {}, R"("{} %v")");
}

TEST_F(Log, Json) {
  log::Configure(Level::kInfo, Format::kJson);
  EXPECT_EQ(Untimed(Written([] {
              log::Warn("a \"b\"", {{"path", "<x>\n"}, {"n", "1"}});
            })),
            R"({"ts":"T","level":"warn","msg":"a \"b\"","path":"\u003cx\u003e\n","n":"1"})"
            "\n");
}

TEST_F(Log, WritesFromItsLevelOn) {
  const auto all = [] {
    log::Debug("d");
    log::Info("i");
    log::Warn("w");
    log::Error("e");
  };
  const auto check = [&](Level level, const std::string& want) {
    log::Configure(level, Format::kLogfmt);
    std::string levels;
    const std::string text = Written(all);
    const std::regex line("level=([a-z]+) ");
    for (std::sregex_iterator at(text.begin(), text.end(), line), end; at != end; ++at) {
      levels += (*at)[1].str() + " ";
    }
    EXPECT_EQ(levels, want);
  };
  check(Level::kDebug, "debug info warn error ");
  check(Level::kInfo, "info warn error ");
  check(Level::kWarn, "warn error ");
  check(Level::kError, "error ");
}

TEST_F(Log, LinesOfThreadsDoNotMix) {
  constexpr int kThreads = 4, kLines = 200;
  const std::string text = Written([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < kLines; ++i) log::Info("line", {{"k", std::string(50, 'x')}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  const std::string line = "ts=T level=info msg=\"line\" k=" + std::string(50, 'x') + "\n";
  std::string want;
  for (int i = 0; i < kThreads * kLines; ++i) want += line;
  EXPECT_EQ(Untimed(text), want);
}

TEST_F(Log, ParsesItsChoices) {
  EXPECT_EQ(log::ParseLevel("debug").value(), Level::kDebug);
  EXPECT_EQ(log::ParseLevel("info").value(), Level::kInfo);
  EXPECT_EQ(log::ParseLevel("warn").value(), Level::kWarn);
  EXPECT_EQ(log::ParseLevel("error").value(), Level::kError);
  EXPECT_EQ(log::ParseFormat("logfmt").value(), Format::kLogfmt);
  EXPECT_EQ(log::ParseFormat("json").value(), Format::kJson);
  for (const std::string text : {"", "INFO", "warning", "xml"}) {
    ASSERT_FALSE(log::ParseLevel(text)) << text;
    EXPECT_EQ(log::ParseLevel(text).error().code, Code::kInvalid);
    EXPECT_EQ(log::ParseLevel(text).error().message,
              "unknown log level " + GoQuote(text) + " (debug, info, warn, error)");
    ASSERT_FALSE(log::ParseFormat(text)) << text;
    EXPECT_EQ(log::ParseFormat(text).error().message,
              "unknown log format " + GoQuote(text) + " (logfmt, json)");
  }
}

}  // namespace
}  // namespace nines
