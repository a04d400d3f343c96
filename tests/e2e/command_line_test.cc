// The program as a user runs it: exit statuses, messages, signals.
#include <gtest/gtest.h>
#include <signal.h>

#include "base/clock.h"
#include "tests/support/histogram.h"
#include "tests/support/nines_process.h"
#include "tests/support/remote_write.h"
#include "tests/support/temp_dir.h"

namespace nines::test {
namespace {

using namespace std::chrono_literals;

struct Ran {
  int status = -1;
  std::string output;
};

Ran RunNines(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), NINES_PROGRAM);
  Process process(arguments);
  const std::optional<int> status = process.Wait(20s);
  return {status.value_or(-1), process.Output()};
}

TEST(CommandLine, StatusAndOutput) {
  TempDir folder;
  folder.Write("bad.yml", "global:\n  evaluation_interval: soon\n");
  const std::string data = "--storage.path=" + folder.File("data");
  const struct {
    std::vector<std::string> arguments;
    int status;
    std::string output;
  } cases[] = {
      {{"version"}, 0, "nines 0.1.0\n"},
      {{"help"}, 0, "serve"},
      {{"help", "serve"}, 0, "--storage.path"},
      {{"help", "nothing"}, 2, "no command nothing"},
      {{"--help"}, 0, "serve"},
      {{}, 2, "subcommand is required"},
      {{"serv"}, 2, "no command serv"},
      {{"serve", "--log.level=loud", data}, 2, "loud"},
      {{"serve", "--log.fromat=json", data}, 2, "log.fromat"},
      {{"serve", "--config.file=" + folder.File("none.yml"), data}, 1, "none.yml"},
      {{"serve", "--config.file=" + folder.File("bad.yml"), data}, 1, "bad.yml:2: global."},
      {{"serve", "--web.listen-address=nowhere", data}, 1, "nowhere"},
      {{"serve", "--storage.path=" + folder.File("bad.yml")}, 1, "bad.yml"},
      {{"inspect", "--storage.path=" + folder.File("none")},
       1,
       "no database in " + folder.File("none")},
  };
  for (const auto& c : cases) {
    const Ran ran = RunNines(c.arguments);
    std::string line;
    for (const std::string& argument : c.arguments) line += " " + argument;
    EXPECT_EQ(ran.status, c.status) << "nines" << line << "\n" << ran.output;
    EXPECT_NE(ran.output.find(c.output), std::string::npos) << "nines" << line << "\n"
                                                            << ran.output;
  }
}

TEST(CommandLine, APortInUseIsSaid) {
  TempDir first_folder, second_folder;
  NinesProcess first(NINES_PROGRAM, first_folder.path());
  ASSERT_NO_FATAL_FAILURE(first.Start());
  const Ran second = RunNines({"serve", "--storage.path=" + second_folder.File("data"),
                               "--web.listen-address=" + first.url().substr(7)});
  EXPECT_EQ(second.status, 1);
  EXPECT_NE(second.output.find("in use"), std::string::npos) << second.output;
}

TEST(CommandLine, SighupReloadsSigtermEnds) {
  TempDir folder;
  folder.Write("nines.yml", "slo_files: ['slos/*.yml']\n");
  NinesProcess nines(NINES_PROGRAM, folder.path());
  ASSERT_NO_FATAL_FAILURE(nines.Start());
  folder.Write("slos/one.yml",
               "slos: [{name: one, service: s, objective: 99, window: 1h, indicator: {latency: "
               "{histogram: h_seconds, threshold: 1s}}}]\n");
  nines.Signal(SIGHUP);
  EXPECT_TRUE(WaitUntil(
      [&] { return nines.Get("/api/v1/slos").find("\"id\":\"one\"") != std::string::npos; }, 20s))
      << nines.log();
  folder.Write("slos/one.yml", "slos: nothing\n");
  nines.Signal(SIGHUP);
  EXPECT_TRUE(WaitUntil(
      [&] { return nines.log().find("configuration not reloaded") != std::string::npos; }, 20s))
      << nines.log();
  EXPECT_NE(nines.log().find("one.yml:1"), std::string::npos) << nines.log();
  EXPECT_NE(nines.Get("/api/v1/slos").find("\"id\":\"one\""), std::string::npos);
  EXPECT_EQ(nines.Terminate(), 0) << nines.log();
}

TEST(CommandLine, InspectWhileServing) {
  TempDir folder;
  NinesProcess nines(NINES_PROGRAM, folder.path());
  ASSERT_NO_FATAL_FAILURE(nines.Start());
  HistogramCounter histogram("latency_seconds", Labels({{"job", "a"}}), {"0.1"});
  const auto written = PostWrite(nines.client(), nines.url(), histogram.At(SystemClock().Wall()));
  ASSERT_TRUE(written && written->status == 204) << nines.log();
  const std::string data = "--storage.path=" + nines.data_path();
  const Ran beside = RunNines({"inspect", data});
  EXPECT_EQ(beside.status, 0) << beside.output;
  EXPECT_NE(beside.output.find(", a process has it open\n"), std::string::npos) << beside.output;
  EXPECT_NE(beside.output.find("journal.0000000001        1        4 "), std::string::npos)
      << beside.output;
  EXPECT_EQ(nines.Terminate(), 0) << nines.log();
  const Ran after = RunNines({"inspect", data, "--json", "--top=1"});
  EXPECT_EQ(after.status, 0) << after.output;
  for (const std::string part :
       {"\"in_use\":false", "\"series\":4,", "\"samples\":4,",
        "\"most_series\":[{\"metric\":\"latency_seconds\",\"series\":4,"}) {
    EXPECT_NE(after.output.find(part), std::string::npos) << part << "\n" << after.output;
  }
}

TEST(CommandLine, JsonLogs) {
  TempDir folder;
  Process process({NINES_PROGRAM, "serve", "--log.format=json",
                   "--storage.path=" + folder.File("data"), "--web.listen-address=127.0.0.1:0"});
  ASSERT_TRUE(process.WaitForOutput("\"msg\":\"ready\"", 20s)) << process.Output();
  process.Kill(SIGTERM);
  EXPECT_EQ(process.Wait(20s), 0) << process.Output();
}

}  // namespace
}  // namespace nines::test
