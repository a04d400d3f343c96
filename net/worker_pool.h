#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/http_server.h"

namespace nines::net {

// A request on its way to a worker and its answer on the way back.
class Job {
 public:
  explicit Job(HttpRequest r) : request(std::move(r)) {}
  virtual ~Job() = default;

  // Called once, on any thread.
  virtual void Finish(HttpResponse response) = 0;

  const HttpRequest request;
};

struct WorkerPoolOptions {
  int threads = 1;
  size_t queued_max = 1024;                // Of all clients; beyond it: 503.
  size_t client_queued_max = 512;          // Of one; beyond it: 429.
  size_t client_running_max = 512;         // Threads that work for one client at once.
  HttpServerCounters* counters = nullptr;  // Not owned; may be null.
};

// A fixed number of threads that answer jobs from a bounded queue.  Each client
// (HttpRequest::client) has a queue of its own, in the order of arrival, and the clients take
// turns: who floods waits for itself.  Thread-safe.  Every job that it is given is finished, by the
// destructor at the latest.
class WorkerPool {
 public:
  WorkerPool(const WorkerPoolOptions& options, HttpServer::Handler handler);
  ~WorkerPool();

  // A job that finds no place is finished with 503 or 429 at once.
  void Submit(std::unique_ptr<Job> job);

  // Refuses new jobs and begins none of those that wait.  Idempotent.
  void StopTaking();

  // StopTaking(), finishes those not begun with 503, waits for the others.  Idempotent.
  void Close();

 private:
  struct Client {
    std::deque<std::unique_ptr<Job>> waiting;
    size_t running = 0;
  };
  using Clients = std::map<std::string, Client>;
  enum class Place : uint8_t { kQueued, kFull, kClientFull };

  void Work();
  Place TryQueue(std::unique_ptr<Job>* job);
  // Ends what the thread did for `done`, if that is a client; the next job and its client, or null
  // when the pool is closed.
  std::unique_ptr<Job> Next(Clients::iterator* done);
  std::deque<Clients::iterator>::iterator Eligible();
  void EraseIfIdle(Clients::iterator client);
  HttpResponse Answer(const HttpRequest& request) const;

  const WorkerPoolOptions options_;
  const HttpServer::Handler handler_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Clients clients_;                      // Guarded by mutex_, as are those below.
  std::deque<Clients::iterator> turns_;  // Clients of which a job waits, each once.
  size_t queued_ = 0;
  size_t idle_ = 0;  // Threads that wait for a job.
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace nines::net
