#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/http_client.h"
#include "tests/support/remote_write.h"

namespace nines::test {

// Sends requests of remote write 2.0 one after another, as the sender of a scraper does with its
// log: what is refused with 429 or 5xx, or gets no answer, is sent again after a pause until it is
// acknowledged.  One is made anew for a restart; it begins where it is told to.  Its counters may
// be read by any thread.
class RetryingSender {
 public:
  // `log` must outlive it and not change.
  RetryingSender(std::string url, const std::vector<std::vector<TestSeries>>* log, size_t from);
  // Ends at once: the answer to what is under way is not waited for longer than it takes.
  ~RetryingSender();

  // Entries of the log up to here are acknowledged, by this sender or one before.
  size_t acknowledged() const { return acknowledged_; }
  size_t retries() const { return retries_; }
  // The first answer that no sender can live with: a status that is not to be repeated, or a wrong
  // number of samples written.  "" while there is none.
  std::string failure() const;

 private:
  void Run();
  // Whether the entry is acknowledged.
  bool Send(const std::vector<TestSeries>& entry);
  void Fail(const std::string& why);

  const std::string url_;
  const std::vector<std::vector<TestSeries>>* const log_;
  net::HttpClient client_;
  std::atomic<size_t> acknowledged_;
  std::atomic<size_t> retries_{0};
  mutable std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;  // Guarded by mutex_, as is failure_.
  std::string failure_;
  std::thread thread_;
};

}  // namespace nines::test
