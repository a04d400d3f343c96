#include "notifier/dispatcher.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "base/log.h"
#include "net/http_client.h"
#include "notifier/delivery.h"
#include "notifier/outbox.h"

namespace nines::notifier {
namespace {

// The driver looks at the clock at least this often, so that a jump of it is noticed.
constexpr Duration kLongestWait = std::chrono::seconds{1};

DeliveryResult Attempt(const Delivery& delivery, net::HttpClient* client,
                       const std::string& version, const Clock& clock) {
  std::string secret;
  if (!delivery.signing_secret_file.empty()) {
    Result<std::string> read = ReadSecret(delivery.signing_secret_file);
    if (!read) return {.status = 0, .error = read.error().message, .retry_after = std::nullopt};
    secret = std::move(*read);
  }
  const net::ClientRequest request = BuildRequest(delivery, secret, version, clock.Wall());
  return ToDeliveryResult(client->Send(request), clock.Wall());
}

void LogAttempt(const Delivery& delivery, const DeliveryResult& result) {
  const std::string id = std::to_string(delivery.id);
  const std::string attempt = std::to_string(delivery.attempt);
  if (IsDelivered(result)) {
    log::Info("notification delivered",
              {{"receiver", delivery.receiver}, {"id", id}, {"attempt", attempt}});
  } else {
    log::Warn("notification not delivered, it will be tried again",
              {{"receiver", delivery.receiver},
               {"id", id},
               {"attempt", attempt},
               {"error", result.error}});
  }
}

}  // namespace

struct Dispatcher::Impl {
  void Drive();
  void SendLoop();
  std::optional<Delivery> Next(std::unique_lock<std::mutex>* lock);
  void WakeDriver();

  std::unique_ptr<Notifier> notifier;  // Guarded by mutex, as are all below but the constants.
  const Clock* clock = nullptr;        // Constant.
  std::string version;                 // Constant.
  size_t per_receiver_max = 1;         // Constant.

  mutable std::mutex mutex;
  std::condition_variable driver;
  std::condition_variable senders;
  bool woken = false;
  bool stopping = false;
  std::deque<Delivery> waiting;
  std::map<std::string, size_t> sending;  // Attempts being made, by receiver.

  net::HttpClient client;
  std::vector<std::thread> threads;
};

void Dispatcher::Impl::WakeDriver() {
  woken = true;
  driver.notify_one();
}

void Dispatcher::Impl::Drive() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    woken = false;
    const Time now = clock->Wall();
    for (Delivery& delivery : notifier->Poll(now)) waiting.push_back(std::move(delivery));
    senders.notify_all();
    Duration wait = kLongestWait;
    if (const std::optional<Time> next = notifier->NextDeadline()) {
      wait = std::clamp(*next - now, Duration{1}, kLongestWait);
    }
    driver.wait_for(lock, wait, [this] { return woken || stopping; });
  }
}

// The first delivery whose receiver does not hold its share of the senders already: one that does
// not answer must not keep the others waiting.  nullopt: stopping.
std::optional<Delivery> Dispatcher::Impl::Next(std::unique_lock<std::mutex>* lock) {
  for (;;) {
    if (stopping) return std::nullopt;
    const auto it = std::find_if(waiting.begin(), waiting.end(), [this](const Delivery& delivery) {
      return sending[delivery.receiver] < per_receiver_max;
    });
    if (it != waiting.end()) {
      Delivery delivery = std::move(*it);
      waiting.erase(it);
      ++sending[delivery.receiver];
      return delivery;
    }
    senders.wait(*lock);
  }
}

void Dispatcher::Impl::SendLoop() {
  std::unique_lock lock(mutex);
  while (const std::optional<Delivery> delivery = Next(&lock)) {
    lock.unlock();
    const DeliveryResult result = Attempt(*delivery, &client, version, *clock);
    LogAttempt(*delivery, result);
    lock.lock();
    if (--sending[delivery->receiver] == 0) sending.erase(delivery->receiver);
    notifier->OnResult(delivery->id, result, clock->Wall());
    WakeDriver();
    senders.notify_all();
  }
}

Dispatcher::Dispatcher(std::unique_ptr<Notifier> notifier, const Clock* clock,
                       const DispatcherOptions& options)
    : impl_(std::make_unique<Impl>()) {
  const int senders = std::max(options.sender_threads, 1);
  impl_->notifier = std::move(notifier);
  impl_->clock = clock;
  impl_->version = options.version;
  impl_->per_receiver_max = static_cast<size_t>(std::max(senders / 2, 1));
  impl_->threads.emplace_back([impl = impl_.get()] { impl->Drive(); });
  for (int i = 0; i < senders; ++i) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->SendLoop(); });
  }
}

Dispatcher::~Dispatcher() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->driver.notify_all();
    impl_->senders.notify_all();
  }
  for (std::thread& thread : impl_->threads) thread.join();
}

Result<void> Dispatcher::Post(std::span<const Alert> alerts, Time now) {
  const std::lock_guard lock(impl_->mutex);
  Result<void> posted = impl_->notifier->Post(alerts, now);
  impl_->WakeDriver();
  return posted;
}

Result<void> Dispatcher::SetConfig(const Config& config, Time now) {
  const std::lock_guard lock(impl_->mutex);
  Result<void> set = impl_->notifier->SetConfig(config, now);
  impl_->WakeDriver();
  return set;
}

std::vector<Alert> Dispatcher::alerts() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->notifier->alerts();
}

std::vector<Notification> Dispatcher::owed() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->notifier->owed();
}

std::vector<Notification> Dispatcher::delivered() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->notifier->delivered();
}

}  // namespace nines::notifier
