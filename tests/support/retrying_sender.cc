#include "tests/support/retrying_sender.h"

#include <utility>

namespace nines::test {
namespace {

constexpr Duration kPause = std::chrono::milliseconds{20};

}  // namespace

RetryingSender::RetryingSender(std::string url, const std::vector<std::vector<TestSeries>>* log,
                               size_t from)
    : url_(std::move(url)), log_(log), acknowledged_(from), thread_([this] { Run(); }) {}

RetryingSender::~RetryingSender() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

std::string RetryingSender::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void RetryingSender::Run() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stop_ || !failure_.empty() || acknowledged_ == log_->size()) return;
    }
    if (Send((*log_)[acknowledged_])) {
      ++acknowledged_;
      continue;
    }
    ++retries_;
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, kPause, [this] { return stop_; });
  }
}

bool RetryingSender::Send(const std::vector<TestSeries>& entry) {
  const auto reply = PostWriteV2(client_, url_, entry);
  if (!reply || reply->status == 429 || reply->status >= 500) return false;
  if (reply->status != 204) {
    Fail("status " + std::to_string(reply->status) + ": " + reply->body);
    return false;
  }
  size_t samples = 0;
  for (const TestSeries& series : entry) samples += series.samples.size();
  const std::string written(
      net::FindHeader(reply->headers, "X-Prometheus-Remote-Write-Samples-Written"));
  if (written != std::to_string(samples)) {
    Fail("told that " + written + " of " + std::to_string(samples) + " samples were written");
    return false;
  }
  return true;
}

void RetryingSender::Fail(const std::string& why) {
  const std::lock_guard lock(mutex_);
  failure_ = why;
}

}  // namespace nines::test
