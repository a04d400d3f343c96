#include "app/serve.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "base/clock.h"
#include "net/http_client.h"
#include "tests/support/fault_fs.h"
#include "tests/support/histogram.h"
#include "tests/support/process.h"
#include "tests/support/remote_write.h"

namespace nines::app {
namespace {

using namespace std::chrono_literals;

// A sync that failed ends the program with a status that a supervisor acts on.
TEST(ServeTest, EndsWhenTheDiskFailedForGood) {
  test::FaultFs disk;
  const std::string address = "127.0.0.1:" + std::to_string(test::FreePort());
  // Its signal is for the thread of Serve() alone.
  sigset_t signals, before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  std::atomic<int> status = -1;
  std::thread serve([&] {
    status = Serve({.config_file = "",
                    .storage_path = "/data",
                    .listen_address = address,
                    .storage_env = disk.env()});
  });
  net::HttpClient client;
  test::HistogramCounter histogram("latency_seconds", Labels({{"job", "a"}}), {"0.1"});
  const auto write = [&] {
    const auto written =
        test::PostWrite(client, "http://" + address, histogram.At(SystemClock().Wall()));
    return written ? written->status : 0;
  };
  EXPECT_TRUE(test::WaitUntil([&] { return write() == 204; }, 20s));
  disk.FailSyncIn(0);
  EXPECT_TRUE(test::WaitUntil(
      [&] {
        (void)write();
        return status != -1;
      },
      30s));
  if (status == -1) kill(getpid(), SIGTERM);
  serve.join();
  EXPECT_EQ(status, 1);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace nines::app
