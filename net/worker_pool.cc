#include "net/worker_pool.h"

#include <exception>
#include <utility>

#include "base/log.h"

namespace nines::net {
namespace {

HttpResponse Refusal(const char* reason) {
  HttpResponse response = HttpResponse::Text(503, reason);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse Bug(const HttpRequest& request, const char* what) {
  log::Error("a request handler failed; this is a bug",
             {{"method", request.method}, {"path", request.path}, {"error", what}});
  return HttpResponse::Text(500, "internal error\n");
}

}  // namespace

WorkerPool::WorkerPool(int threads, size_t queued_max, HttpServer::Handler handler)
    : queued_max_(queued_max), handler_(std::move(handler)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

WorkerPool::~WorkerPool() { Close(); }

void WorkerPool::Submit(std::unique_ptr<Job> job) {
  {
    std::lock_guard lock(mutex_);
    // A job that an idle thread is about to take does not wait.
    if (!closed_ && queue_.size() < queued_max_ + idle_) {
      queue_.push_back(std::move(job));
      changed_.notify_one();
      return;
    }
  }
  job->Finish(Refusal("too many requests are waiting\n"));
}

void WorkerPool::Close() {
  std::deque<std::unique_ptr<Job>> left;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    left.swap(queue_);
    changed_.notify_all();
  }
  for (const auto& job : left) job->Finish(Refusal("the server is stopping\n"));
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerPool::Work() {
  while (const std::unique_ptr<Job> job = Next()) job->Finish(Answer(job->request));
}

std::unique_ptr<Job> WorkerPool::Next() {
  std::unique_lock lock(mutex_);
  ++idle_;
  changed_.wait(lock, [this] { return closed_ || !queue_.empty(); });
  --idle_;
  if (queue_.empty()) return nullptr;
  std::unique_ptr<Job> job = std::move(queue_.front());
  queue_.pop_front();
  return job;
}

HttpResponse WorkerPool::Answer(const HttpRequest& request) const {
  try {
    HttpResponse response = handler_(request);
    if (response.status >= 200 && response.status <= 599) return response;
    return Bug(request, ("status " + std::to_string(response.status)).c_str());
  } catch (const std::exception& e) {
    return Bug(request, e.what());
  } catch (...) {
    return Bug(request, "an exception of unknown type");
  }
}

}  // namespace nines::net
