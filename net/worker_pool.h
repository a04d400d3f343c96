#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
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

// A fixed number of threads that answer jobs in the order of their arrival, from a bounded queue.
// Thread-safe.  Every job that it is given is finished, by the destructor at the latest.
class WorkerPool {
 public:
  WorkerPool(int threads, size_t queued_max, HttpServer::Handler handler);
  ~WorkerPool();

  // A job that finds no place is finished with 503 at once.
  void Submit(std::unique_ptr<Job> job);

  // Refuses new jobs, finishes those not begun with 503, waits for the others.  Idempotent.
  void Close();

 private:
  void Work();
  std::unique_ptr<Job> Next();
  HttpResponse Answer(const HttpRequest& request) const;

  const size_t queued_max_;
  const HttpServer::Handler handler_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Job>> queue_;  // Guarded by mutex_, as are the next two.
  size_t idle_ = 0;                         // Threads that wait for a job.
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace nines::net
