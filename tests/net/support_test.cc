// The test support library: what the other rooms' tests rely on.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "tests/support/histogram.h"
#include "tests/support/process.h"
#include "tests/support/remote_write.h"
#include "tests/support/temp_dir.h"
#include "tests/support/webhook_receiver.h"

namespace nines::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TempDir, IsRemovedWithAllThatIsInIt) {
  std::string path;
  {
    TempDir dir;
    path = dir.path();
    EXPECT_EQ(ReadFile(dir.Write("a/b.txt", "text")), "text");
    EXPECT_NE(TempDir().path(), path);
  }
  struct stat info {};
  EXPECT_NE(stat(path.c_str(), &info), 0) << path;
}

TEST(Process, ExitStatusAndOutput) {
  Process process({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(process.Wait(seconds{10}), 3);
  EXPECT_EQ(process.Wait(seconds{10}), 3);
  EXPECT_EQ(process.Output(), "out\nerr\n");
}

TEST(Process, CanBeKilled) {
  Process process({"sh", "-c", "echo up; exec cat /dev/zero >/dev/null"});
  EXPECT_TRUE(process.WaitForOutput("up", seconds{10}));
  EXPECT_TRUE(process.Running());
  EXPECT_EQ(process.Wait(milliseconds{5}), std::nullopt);
  process.Kill(SIGTERM);
  EXPECT_EQ(process.Wait(seconds{10}), 128 + SIGTERM);
}

TEST(Process, DestructorKills) {
  pid_t pid = 0;
  {
    Process process({"sh", "-c", "exec cat /dev/zero >/dev/null"});
    pid = process.pid();
  }
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(Process, EnvironmentDirectoryAndMissingProgram) {
  TempDir dir;
  Process process(ProcessOptions{.argv = {"sh", "-c", "echo $NINES_A; pwd"},
                                 .environment = {{"NINES_A", "b"}},
                                 .directory = dir.path()});
  EXPECT_EQ(process.Wait(seconds{10}), 0);
  EXPECT_EQ(process.Output(), "b\n" + dir.path() + "\n");
  Process missing({"/nonexistent/program"});
  EXPECT_EQ(missing.Wait(seconds{10}), 127);
  EXPECT_FALSE(missing.WaitForOutput("never", seconds{10}));
}

TEST(WaitUntil, AsksAtLeastOnce) {
  int asked = 0;
  EXPECT_TRUE(WaitUntil([&] { return ++asked == 1; }, Duration::zero()));
  EXPECT_FALSE(WaitUntil([] { return false; }, milliseconds{10}));
}

TEST(WebhookReceiver, RecordsInOrder) {
  WebhookReceiver receiver;
  net::HttpClient client;
  for (const char* body : {"1", "2"}) {
    net::ClientRequest request;
    request.method = "POST";
    request.url = receiver.Url("/hook");
    request.body = body;
    EXPECT_EQ(client.Send(request)->status, 200);
    receiver.SetStatus(200);
  }
  EXPECT_TRUE(receiver.WaitFor(2, seconds{10}));
  EXPECT_FALSE(receiver.WaitFor(3, milliseconds{5}));
  EXPECT_EQ(receiver.Requests()[1].body, "2");
  receiver.Clear();
  EXPECT_EQ(receiver.Count(), 0u);
}

TEST(EncodeWriteRequest, Bytes) {
  const std::vector<TestSeries> series = {
      {Labels{{"__name__", "up"}, {"a", "b"}}, {{300, 1.0}, {-1, 0.0}}}};
  const std::string want(
      "\x0a\x3c"
      "\x0a\x0e\x0a\x08__name__\x12\x02up"
      "\x0a\x06\x0a\x01"
      "a\x12\x01"
      "b"
      "\x12\x0c\x09\0\0\0\0\0\0\xf0\x3f\x10\xac\x02"
      "\x12\x14\x09\0\0\0\0\0\0\0\0\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
      62);
  EXPECT_EQ(EncodeWriteRequest(series), want);
}

TEST(PostWrite, HasPrometheusHeaders) {
  WebhookReceiver receiver;
  receiver.SetStatus(204);
  net::HttpClient client;
  const std::vector<TestSeries> series = {{Labels{{"__name__", "up"}}, {{1, 1.0}}}};
  const auto response = PostWrite(client, receiver.Url(""), series);
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 204);
  const net::HttpRequest seen = receiver.Requests()[0];
  EXPECT_EQ(seen.path, "/api/v1/write");
  EXPECT_EQ(net::FindHeader(seen.headers, "Content-Encoding"), "snappy");
  EXPECT_EQ(net::FindHeader(seen.headers, "Content-Type"), "application/x-protobuf");
  EXPECT_EQ(net::FindHeader(seen.headers, "X-Prometheus-Remote-Write-Version"), "0.1.0");
  EXPECT_EQ(seen.body, SnappyBlock(EncodeWriteRequest(series)));
}

TEST(HistogramCounter, CumulativeSeries) {
  HistogramCounter histogram("x", Labels{{"job", "j"}}, {"0.1", "1.0"});
  histogram.Observe(0.1);
  histogram.ObserveMany(0.5, 2);
  histogram.Observe(3);
  std::string text;
  for (const TestSeries& series : histogram.At(FromUnixMs(7))) {
    ASSERT_EQ(series.samples.size(), 1u);
    EXPECT_EQ(series.samples[0].first, 7);
    text += std::string(series.labels.Get("__name__")) + "|" +
            std::string(series.labels.Get("le")) + "|" + std::string(series.labels.Get("job")) +
            "|" + std::to_string(series.samples[0].second) + "\n";
  }
  EXPECT_EQ(text,
            "x_bucket|0.1|j|1.000000\n"
            "x_bucket|1.0|j|3.000000\n"
            "x_bucket|+Inf|j|4.000000\n"
            "x_sum||j|4.100000\n"
            "x_count||j|4.000000\n");
  histogram.Reset();
  EXPECT_EQ(histogram.At(FromUnixMs(8))[2].samples[0].second, 0.0);
}

}  // namespace
}  // namespace nines::test
