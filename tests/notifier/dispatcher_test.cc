#include "notifier/dispatcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>

#include "net/http_server.h"
#include "notifier/hash.h"
#include "tests/notifier/rig.h"
#include "tests/support/temp_dir.h"
#include "tests/support/webhook_receiver.h"

namespace nines::notifier {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::FakeRecords;
using test::Firing;
using test::WebhookReceiver;

constexpr Duration kPatience = seconds{30};

Config ConfigTo(const std::string& url) {
  Config config = test::ConfigOf({"web"});
  config.receivers[0].webhook.url = url;
  return config;
}

std::unique_ptr<Dispatcher> Start(const Config& config, FakeRecords* records) {
  const Time now = SystemClock().Wall();
  Result<std::unique_ptr<Notifier>> opened = Notifier::Open(config, records, nullptr, now);
  EXPECT_TRUE(opened) << opened.error().message;
  return std::make_unique<Dispatcher>(std::move(*opened), &SystemClock(),
                                      DispatcherOptions{.sender_threads = 2, .version = "1.2.3"});
}

void Post(Dispatcher* dispatcher, const std::string& name) {
  const Time now = SystemClock().Wall();
  const std::vector<Alert> alerts = {Firing(name, now)};
  const Result<void> posted = dispatcher->Post(alerts, now);
  ASSERT_TRUE(posted) << posted.error().message;
}

// Answers the first requests with these, all later ones with 200.
void AnswerInTurn(WebhookReceiver* receiver, std::vector<net::HttpResponse> responses) {
  auto next = std::make_shared<std::atomic<size_t>>(0);
  receiver->SetBehaviour([responses, next](const net::HttpRequest&) {
    const size_t i = (*next)++;
    return i < responses.size() ? responses[i] : net::HttpResponse();
  });
}

TEST(Dispatcher, SendsWithHeadersAndSignature) {
  const test::TempDir dir;
  WebhookReceiver receiver;
  Config config = ConfigTo(receiver.Url("/hook"));
  config.receivers[0].webhook.signing_secret_file = dir.Write("secret", "s3cret\n");
  FakeRecords records;
  const auto dispatcher = Start(config, &records);
  Post(dispatcher.get(), "A");
  ASSERT_TRUE(receiver.WaitFor(1, kPatience));
  const net::HttpRequest request = receiver.Requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/hook");
  EXPECT_EQ(test::Summary(request.body), "firing (first notification) A+");
  EXPECT_EQ(net::FindHeader(request.headers, "Content-Type"), "application/json");
  EXPECT_EQ(net::FindHeader(request.headers, "User-Agent"), "Nines/1.2.3");
  EXPECT_EQ(net::FindHeader(request.headers, "Idempotency-Key").size(), 32u);
  const std::string signature(net::FindHeader(request.headers, "Nines-Signature"));
  ASSERT_TRUE(signature.starts_with("t=")) << signature;
  const std::string t = signature.substr(2, signature.find(',') - 2);
  EXPECT_EQ(signature, "t=" + t + ",v1=" + HmacSha256Hex("s3cret", t + "." + request.body));
}

TEST(Dispatcher, TriesAgainUntilA2xxAndThenNeverAgain) {
  WebhookReceiver receiver;
  net::HttpResponse busy = net::HttpResponse::Text(429, "slow down");
  busy.headers.emplace_back("Retry-After", "1");
  AnswerInTurn(&receiver, {net::HttpResponse::Text(500, "oops"), busy});
  FakeRecords records;
  {
    const auto dispatcher = Start(ConfigTo(receiver.Url("/")), &records);
    Post(dispatcher.get(), "A");
    ASSERT_TRUE(receiver.WaitFor(3, kPatience));
  }  // The result of the attempt in flight is taken before the end.
  std::set<std::string> keys;
  std::set<std::string> bodies;
  for (const net::HttpRequest& request : receiver.Requests()) {
    keys.emplace(net::FindHeader(request.headers, "Idempotency-Key"));
    bodies.insert(request.body);
  }
  EXPECT_EQ(keys.size(), 1u);
  EXPECT_EQ(bodies.size(), 1u);
  const auto dispatcher = Start(ConfigTo(receiver.Url("/")), &records);
  EXPECT_TRUE(dispatcher->owed().empty());
  ASSERT_EQ(dispatcher->delivered().size(), 1u);
  EXPECT_EQ(dispatcher->delivered()[0].attempts, 3u);
  EXPECT_EQ(dispatcher->delivered()[0].last_error, "status 429: slow down");
  EXPECT_EQ(receiver.Count(), 3u);
}

TEST(Dispatcher, OwedOverARestartWhileTheReceiverIsDown) {
  WebhookReceiver receiver;
  const Config config = ConfigTo(receiver.Url("/"));
  receiver.Down();
  FakeRecords records;
  {
    const auto dispatcher = Start(config, &records);
    Post(dispatcher.get(), "A");
  }
  receiver.Up();
  const auto dispatcher = Start(config, &records);
  ASSERT_TRUE(receiver.WaitFor(1, kPatience));
  EXPECT_EQ(test::Summary(receiver.Requests().at(0).body), "firing (first notification) A+");
}

// One that holds its connections open keeps nobody else waiting.
TEST(Dispatcher, ATimeoutIsAFailureAndHoldsOnlyItsOwnReceiver) {
  WebhookReceiver slow;
  WebhookReceiver quick;
  std::mutex mutex;
  std::condition_variable released;
  bool release = false;
  slow.SetBehaviour([&](const net::HttpRequest&) {
    std::unique_lock lock(mutex);
    released.wait(lock, [&] { return release; });
    return net::HttpResponse();
  });
  Config config = test::ConfigOf({"slow", "quick"});
  config.receivers[0].webhook.url = slow.Url("/");
  config.receivers[0].webhook.timeout = milliseconds{300};
  config.receivers[1].webhook.url = quick.Url("/");
  FakeRecords records;
  auto dispatcher = Start(config, &records);
  Post(dispatcher.get(), "A");
  EXPECT_TRUE(quick.WaitFor(1, kPatience));
  EXPECT_TRUE(slow.WaitFor(2, kPatience)) << "tried again after the timeout";
  {
    const std::lock_guard lock(mutex);
    release = true;
    released.notify_all();
  }
  dispatcher.reset();
  for (const net::HttpRequest& request : slow.Requests()) {
    EXPECT_EQ(net::FindHeader(request.headers, "Idempotency-Key"),
              net::FindHeader(slow.Requests()[0].headers, "Idempotency-Key"));
  }
}

TEST(Dispatcher, WithoutItsSecretNothingIsSent) {
  const test::TempDir dir;
  WebhookReceiver receiver;
  Config config = ConfigTo(receiver.Url("/"));
  config.receivers[0].webhook.signing_secret_file = dir.File("secret");
  FakeRecords records;
  const auto dispatcher = Start(config, &records);
  Post(dispatcher.get(), "A");
  EXPECT_FALSE(receiver.WaitFor(1, milliseconds{200}));
  dir.Write("secret", "s3cret");
  EXPECT_TRUE(receiver.WaitFor(1, kPatience)) << "read at every attempt";
  EXPECT_TRUE(
      net::FindHeader(receiver.Requests().at(0).headers, "Nines-Signature").starts_with("t="));
}

TEST(Dispatcher, SetConfigTakesEffectOnWhatIsOwed) {
  WebhookReceiver wrong;
  WebhookReceiver right;
  wrong.SetStatus(404);
  FakeRecords records;
  const auto dispatcher = Start(ConfigTo(wrong.Url("/")), &records);
  Post(dispatcher.get(), "A");
  ASSERT_TRUE(wrong.WaitFor(1, kPatience));
  ASSERT_TRUE(dispatcher->SetConfig(ConfigTo(right.Url("/")), SystemClock().Wall()));
  EXPECT_TRUE(right.WaitFor(1, kPatience));
}

}  // namespace
}  // namespace nines::notifier
