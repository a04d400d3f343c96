#include "net/worker_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace nines::net {
namespace {

using std::chrono::seconds;
using test::WaitUntil;

// Notes the order in which jobs begin and the statuses that they end with.  The first job of client
// "gate" holds its thread until Open().
class Bench {
 public:
  explicit Bench(const WorkerPoolOptions& options)
      : pool_(options, [this](const HttpRequest& request) { return Handle(request); }) {}
  ~Bench() { Open(); }

  void Submit(const std::string& client, const std::string& path) {
    HttpRequest request;
    request.client = client;
    request.path = path;
    pool_.Submit(std::make_unique<Noted>(std::move(request), this));
  }
  // Holds a thread.
  void SubmitGate(const std::string& client) {
    const size_t before = begun().size();
    Submit(client, "gate");
    ASSERT_TRUE(WaitUntil([&] { return begun().size() > before; }, seconds{10}));
  }
  void Open() {
    if (!is_open_) open_.set_value();
    is_open_ = true;
  }
  void Close() { pool_.Close(); }

  std::vector<std::string> begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }
  // "path status" in the order of the ends.
  std::vector<std::string> ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }
  bool AwaitEnded(size_t count) {
    return WaitUntil([&] { return ended().size() >= count; }, seconds{10});
  }

 private:
  class Noted : public Job {
   public:
    Noted(HttpRequest r, Bench* bench) : Job(std::move(r)), bench_(bench) {}
    void Finish(HttpResponse response) override {
      const std::lock_guard lock(bench_->mutex_);
      bench_->ended_.push_back(request.path + " " + std::to_string(response.status));
    }

   private:
    Bench* bench_;
  };

  HttpResponse Handle(const HttpRequest& request) {
    {
      const std::lock_guard lock(mutex_);
      begun_.push_back(request.path);
    }
    if (request.path == "gate") opened_.wait();
    return HttpResponse::Text(200, "");
  }

  std::promise<void> open_;
  std::shared_future<void> opened_ = open_.get_future().share();
  bool is_open_ = false;
  std::mutex mutex_;
  std::vector<std::string> begun_;
  std::vector<std::string> ended_;
  WorkerPool pool_;
};

using Texts = std::vector<std::string>;

TEST(WorkerPool, ClientsTakeTurns) {
  Bench bench({.threads = 1});
  bench.SubmitGate("other");
  for (const char* path : {"a1", "a2", "a3", "a4"}) bench.Submit("a", path);
  bench.Submit("b", "b1");
  bench.Submit("b", "b2");
  bench.Submit("c", "c1");
  bench.Open();
  ASSERT_TRUE(bench.AwaitEnded(8));
  EXPECT_EQ(bench.begun(), (Texts{"gate", "a1", "b1", "c1", "a2", "b2", "a3", "a4"}));
}

TEST(WorkerPool, AClientLeavesAThreadToTheOthers) {
  Bench bench({.threads = 2, .client_running_max = 1});
  bench.SubmitGate("a");
  bench.Submit("a", "a1");
  bench.Submit("b", "b1");
  bench.Submit("b", "b2");
  ASSERT_TRUE(bench.AwaitEnded(2));
  EXPECT_EQ(bench.begun(), (Texts{"gate", "b1", "b2"})) << "a1 waits for the gate";
  bench.Open();
  ASSERT_TRUE(bench.AwaitEnded(4));
  EXPECT_EQ(bench.begun().back(), "a1");
}

TEST(WorkerPool, AClientMayHaveItsNumberOfThreads) {
  Bench bench({.threads = 3, .client_running_max = 2});
  bench.SubmitGate("a");
  bench.Submit("a", "a1");
  ASSERT_TRUE(bench.AwaitEnded(1));
  bench.SubmitGate("a");
  bench.Submit("a", "a2");
  bench.Submit("b", "b1");
  ASSERT_TRUE(bench.AwaitEnded(2));
  EXPECT_EQ(bench.begun(), (Texts{"gate", "a1", "gate", "b1"}));
}

// At the limits and one above.
TEST(WorkerPool, QueuesAreBounded) {
  HttpServerCounters counters;
  Bench bench({.threads = 1, .queued_max = 3, .client_queued_max = 2, .counters = &counters});
  bench.SubmitGate("other");
  for (const char* path : {"a1", "a2", "a3"}) bench.Submit("a", path);
  EXPECT_EQ(bench.ended(), (Texts{"a3 429"}));
  bench.Submit("b", "b1");
  bench.Submit("c", "c1");
  EXPECT_EQ(bench.ended(), (Texts{"a3 429", "c1 503"}));
  EXPECT_EQ(counters.refused_client_queue, 1u);
  EXPECT_EQ(counters.refused_queue, 1u);
  bench.Open();
  ASSERT_TRUE(bench.AwaitEnded(6));
  bench.Submit("a", "a4");
  ASSERT_TRUE(bench.AwaitEnded(7));
  EXPECT_EQ(bench.ended().back(), "a4 200");
}

TEST(WorkerPool, CloseFinishesWhatWasNotBegun) {
  Bench bench({.threads = 1});
  bench.SubmitGate("a");
  bench.Submit("a", "a1");
  bench.Submit("b", "b1");
  std::thread closer([&] { bench.Close(); });
  ASSERT_TRUE(bench.AwaitEnded(2));
  EXPECT_EQ(bench.ended(), (Texts{"a1 503", "b1 503"}));
  bench.Open();
  closer.join();
  bench.Submit("c", "c1");
  EXPECT_EQ(bench.ended().back(), "c1 503");
}

}  // namespace
}  // namespace nines::net
