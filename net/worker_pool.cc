#include "net/worker_pool.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace nines::net {
namespace {

HttpResponse Refusal(int status, const char* reason) {
  HttpResponse response = HttpResponse::Text(status, reason);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse Bug(const HttpRequest& request, const char* what) {
  log::Error("a request handler failed; this is a bug",
             {{"method", request.method}, {"path", request.path}, {"error", what}});
  return HttpResponse::Text(500, "internal error\n");
}

}  // namespace

WorkerPool::WorkerPool(const WorkerPoolOptions& options, HttpServer::Handler handler)
    : options_(options), handler_(std::move(handler)) {
  CHECK(options.threads > 0);
  CHECK(options.client_running_max > 0);
  for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { Work(); });
}

WorkerPool::~WorkerPool() { Close(); }

void WorkerPool::Submit(std::unique_ptr<Job> job) {
  switch (TryQueue(&job)) {
    case Place::kQueued:
      return;
    case Place::kFull:
      if (options_.counters != nullptr) ++options_.counters->refused_queue;
      return job->Finish(Refusal(503, "too many requests are waiting\n"));
    case Place::kClientFull:
      if (options_.counters != nullptr) ++options_.counters->refused_client_queue;
      return job->Finish(Refusal(429, "too many requests of this client are waiting\n"));
  }
}

WorkerPool::Place WorkerPool::TryQueue(std::unique_ptr<Job>* job) {
  const std::lock_guard lock(mutex_);
  // A job that an idle thread is about to take does not wait.
  if (closed_ || queued_ >= options_.queued_max + idle_) return Place::kFull;
  const auto client = clients_.try_emplace((*job)->request.client).first;
  Client& of = client->second;
  const size_t about_to_run = std::min(
      idle_, options_.client_running_max - std::min(options_.client_running_max, of.running));
  if (of.waiting.size() >= options_.client_queued_max + about_to_run) {
    EraseIfIdle(client);
    return Place::kClientFull;
  }
  if (of.waiting.empty()) turns_.push_back(client);
  of.waiting.push_back(std::move(*job));
  ++queued_;
  changed_.notify_one();
  return Place::kQueued;
}

void WorkerPool::StopTaking() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void WorkerPool::Close() {
  StopTaking();
  std::vector<std::unique_ptr<Job>> left;
  {
    const std::lock_guard lock(mutex_);
    for (const auto client : turns_) {
      for (auto& job : client->second.waiting) left.push_back(std::move(job));
      client->second.waiting.clear();
      EraseIfIdle(client);
    }
    turns_.clear();
    queued_ = 0;
  }
  for (const auto& job : left) job->Finish(Refusal(503, "the server is stopping\n"));
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerPool::Work() {
  Clients::iterator client = clients_.end();
  while (const std::unique_ptr<Job> job = Next(&client)) job->Finish(Answer(job->request));
}

// A job that becomes eligible because another one ended is taken by the thread that ended it, so
// that nobody needs to be woken for it.
std::unique_ptr<Job> WorkerPool::Next(Clients::iterator* client) {
  std::unique_lock lock(mutex_);
  if (*client != clients_.end()) {
    --(*client)->second.running;
    EraseIfIdle(*client);
    *client = clients_.end();
  }
  ++idle_;
  changed_.wait(lock, [this] { return closed_ || Eligible() != turns_.end(); });
  --idle_;
  if (closed_) return nullptr;
  const auto turn = Eligible();
  *client = *turn;
  turns_.erase(turn);
  Client& of = (*client)->second;
  std::unique_ptr<Job> job = std::move(of.waiting.front());
  of.waiting.pop_front();
  --queued_;
  ++of.running;
  if (!of.waiting.empty()) turns_.push_back(*client);
  return job;
}

// The first one whose turn it is.
std::deque<WorkerPool::Clients::iterator>::iterator WorkerPool::Eligible() {
  return std::find_if(turns_.begin(), turns_.end(), [this](const Clients::iterator& client) {
    return client->second.running < options_.client_running_max;
  });
}

void WorkerPool::EraseIfIdle(Clients::iterator client) {
  if (client->second.running == 0 && client->second.waiting.empty()) clients_.erase(client);
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
