#include "net/http_server.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <condition_variable>
#include <exception>
#include <future>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/fair_share.h"
#include "net/http_text.h"
#include "net/worker_pool.h"

namespace nines::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

// The concrete executor everywhere, which spares the virtual calls of any_io_executor.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Timer = asio::steady_timer::rebind_executor<Executor>::other;
template <class T>
using Task = asio::awaitable<T, Executor>;
constexpr asio::use_awaitable_t<Executor> kAwait;
constexpr auto kTuple = asio::as_tuple(kAwait);

using Monotonic = std::chrono::nanoseconds;
constexpr Monotonic kNever = Monotonic::max();

// What a read may take beyond the header, so that a small request needs one system call.
constexpr size_t kReadAheadBytes = size_t{16} << 10;
// A body's memory is taken as it arrives, in steps of this or, once larger, of what has arrived.
constexpr size_t kBodyStepBytes = size_t{256} << 10;
// After an answer to a request that was not read whole, what still comes is thrown away for so
// long: closing at once would reset the connection, and the answer would be lost on its way.
constexpr Duration kLinger = std::chrono::seconds{2};
constexpr size_t kLingerBytes = size_t{64} << 20;
constexpr Duration kAcceptRetry = std::chrono::milliseconds{100};
constexpr Duration kSweepMin = std::chrono::milliseconds{5};
constexpr Duration kSweepMax = std::chrono::seconds{1};

enum class Phase : uint8_t {
  kIdle,       // Between requests: no byte of the next one is here.
  kReading,    // A request is arriving.
  kHandling,   // It is with a worker.
  kWriting,    // Its answer is leaving.
  kLingering,  // All is said; waiting for the peer to close.
};

class Session;

// One thread with its own event loop.  All but `context` belongs to that thread.
struct Reactor {
  asio::io_context context{1};
  asio::executor_work_guard<Executor> work{context.get_executor()};
  Timer sweep{context};
  std::unordered_set<Session*> sessions;
  bool stopping = false;  // Answer what is in flight and take nothing new.
  bool sweeping = true;
  Time date_of{Duration{-1}};  // The second that `date` tells.
  std::string date;
  std::thread thread;
};

// What the sessions share.  Outlives them.
struct Shared {
  explicit Shared(const HttpServerOptions& given)
      : options(given),
        counters(given.counters != nullptr ? *given.counters : own_counters),
        in_flight(given.in_flight_bytes_max, &counters.in_flight_bytes),
        connections(given.connections_max, &counters.connections) {}

  const HttpServerOptions options;
  HttpServerCounters own_counters;
  HttpServerCounters& counters;
  FairShare in_flight;
  FairShare connections;
  std::unique_ptr<WorkerPool> workers;
  std::mutex mutex;
  std::condition_variable session_ended;
  size_t sessions = 0;  // Guarded by mutex.
};

// An exception that escapes a coroutine is our bug: it leaves run() and ends the process.
template <class T>
void Spawn(asio::io_context& context, Task<T> task) {
  asio::co_spawn(context, std::move(task), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

// Runs `f` on the reactor's thread and waits for it; here, where that thread was never started.
template <class F>
void RunOn(Reactor& reactor, F f) {
  if (!reactor.thread.joinable()) return f();
  std::promise<void> done;
  asio::post(reactor.context, [&] {
    f();
    done.set_value();
  });
  done.get_future().wait();
}

// Brings a worker's answer back to the coroutine that waits for it.
template <class Completion>
class SessionJob final : public Job {
 public:
  SessionJob(HttpRequest r, asio::io_context& context, Completion completion)
      : Job(std::move(r)), context_(context), completion_(std::move(completion)) {}

  void Finish(HttpResponse response) override {
    asio::post(context_,
               [completion = std::move(completion_), answer = std::move(response)]() mutable {
                 std::move(completion)(std::move(answer));
               });
  }

 private:
  asio::io_context& context_;
  Completion completion_;
};

// A request as it arrived, or why there is none.
struct Incoming {
  HttpRequest request;
  Persistence persistence = Persistence::kClose;
  bool head_only = false;  // HEAD
  bool gone = false;       // The peer closed, was too slow, or the connection broke.
  int refusal = 0;         // A status that ends the connection, with its reason.
  std::string reason;
};

using Parser = http::request_parser<http::string_body>;

// IPv4 in IPv6 is IPv4.
asio::ip::address Plain(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

std::string Describe(const tcp::endpoint& endpoint) {
  return JoinHostPort(Plain(endpoint.address()).to_string(), endpoint.port());
}

// HttpRequest::client.  Who has one address of IPv6 mostly has all with these 64 bits.
std::string ClientOf(const tcp::endpoint& endpoint) {
  const asio::ip::address address = Plain(endpoint.address());
  if (address.is_v4()) return address.to_string();
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), uint8_t{0});
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

// One connection.  Runs on its reactor's thread only.
class Session {
 public:
  Session(Socket socket, Reactor& reactor, Shared& shared, const tcp::endpoint& peer)
      : socket_(std::move(socket)),
        reactor_(reactor),
        shared_(shared),
        options_(shared.options),
        remote_(Describe(peer)),
        client_(ClientOf(peer)),
        buffer_(options_.header_bytes_max + kReadAheadBytes) {}

  // Serves requests until the connection ends.
  Task<void> Serve();

  Phase phase() const { return phase_; }
  const std::string& client() const { return client_; }
  void CloseIfOverdue(Monotonic now) {
    if (now >= deadline_) Close();
  }
  void Close() {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  void Enter(Phase phase, Duration limit);
  Task<bool> AwaitRequest();
  Task<Incoming> Read(Holding* body_bytes);
  Task<Incoming> ReadBody(std::shared_ptr<Parser> parser, Incoming incoming, Holding* body_bytes);
  Task<Incoming> ReadChunks(std::shared_ptr<Parser> parser, Incoming incoming, Holding* body_bytes);
  Task<error_code> ReadPlainBody(size_t length, std::string* body);
  Task<bool> Continue();
  Task<HttpResponse> Handle(HttpRequest request);
  Task<bool> Write(HttpResponse response, Persistence persistence, bool head_only);
  Task<void> Linger();
  std::string_view Date();

  Socket socket_;
  Reactor& reactor_;
  Shared& shared_;
  const HttpServerOptions& options_;
  const std::string remote_;
  const std::string client_;
  beast::flat_buffer buffer_;  // What has arrived and is not consumed.
  Phase phase_ = Phase::kIdle;
  Monotonic deadline_ = kNever;
};

Incoming Refuse(int status, std::string reason) {
  Incoming incoming;
  incoming.refusal = status;
  incoming.reason = std::move(reason);
  return incoming;
}

HttpResponse ToResponse(const Incoming& refused) {
  HttpResponse response = HttpResponse::Text(refused.refusal, refused.reason + "\n");
  if (refused.refusal == 429) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Incoming RefuseOverloaded(HttpServerCounters* counters) {
  ++counters->refused_in_flight;
  return Refuse(429, "bodies of this client, or of all, are more than may be held at once");
}

void Session::Enter(Phase phase, Duration limit) {
  phase_ = phase;
  deadline_ = SystemClock().Monotonic() + limit;
}

Task<void> Session::Serve() {
  Persistence persistence = Persistence::kKeepAlive;
  while (persistence == Persistence::kKeepAlive) {
    if (!co_await AwaitRequest()) co_return;
    HttpResponse response;
    Incoming incoming;
    {
      Holding body_bytes(&shared_.in_flight, client_);
      incoming = co_await Read(&body_bytes);
      if (incoming.gone) co_return;
      if (incoming.refusal != 0) {
        response = ToResponse(incoming);
      } else {
        response = co_await Handle(std::move(incoming.request));
      }
    }
    persistence = reactor_.stopping ? Persistence::kClose : incoming.persistence;
    if (!co_await Write(std::move(response), persistence, incoming.head_only)) co_return;
  }
  if (!reactor_.stopping) co_await Linger();
}

// Waits for the first byte of a request; false: there will be none.
Task<bool> Session::AwaitRequest() {
  if (buffer_.size() > 0) co_return true;  // Pipelined.
  if (reactor_.stopping) co_return false;
  Enter(Phase::kIdle, options_.idle_timeout);
  auto [error, n] = co_await socket_.async_read_some(buffer_.prepare(kReadAheadBytes), kTuple);
  if (error) co_return false;
  buffer_.commit(n);
  co_return true;
}

Incoming RefuseTooLarge(const char* what, int status, size_t limit) {
  return Refuse(status, std::string(what) + " is larger than " + std::to_string(limit) + " bytes");
}

// What a failed read of a header or of a chunked body means for the peer.
Incoming FromReadError(const error_code& error, const HttpServerOptions& options) {
  Incoming gone;
  gone.gone = true;
  if (error == http::error::body_limit) {
    return RefuseTooLarge("the request's body", 413, options.body_bytes_max);
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return RefuseTooLarge("the request's header", 431, options.header_bytes_max);
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) return gone;
  if (error == http::error::bad_version) return Refuse(505, "only HTTP/1.0 and 1.1 are spoken");
  if (error.category() == make_error_code(http::error::bad_method).category()) {
    return Refuse(400, "malformed request: " + error.message());
  }
  return gone;  // The socket's own errors.
}

// Beast has read the header.  What it lets pass and a proxy before us might read otherwise (request
// smuggling, RFC 9112 sections 3.2 and 6) is refused here.  nullopt: nothing wrong.
std::optional<Incoming> CheckHeader(const Parser& parser) {
  const auto& header = parser.get();
  const bool http11 = header.version() == 11;  // Else 10; Beast refuses others.
  const size_t hosts = header.count(http::field::host);
  if (hosts > 1 || (http11 && hosts == 0)) return Refuse(400, "wants one Host header");
  const size_t lengths = header.count(http::field::content_length);
  if (header.count(http::field::transfer_encoding) > 0) {
    if (lengths > 0) return Refuse(400, "both Content-Length and Transfer-Encoding");
    const auto coding = header.at(http::field::transfer_encoding);
    if (!http11 || !EqualsIgnoreCase({coding.data(), coding.size()}, "chunked")) {
      return Refuse(400, "a Transfer-Encoding other than chunked, or in HTTP/1.0");
    }
  }
  if (lengths > 1 || (lengths == 1 && header.at(http::field::content_length).contains(','))) {
    return Refuse(400, "more than one Content-Length");
  }
  return std::nullopt;
}

Incoming FromHeader(const Parser& parser, const std::string& remote, const std::string& client) {
  if (std::optional<Incoming> refusal = CheckHeader(parser)) return std::move(*refusal);
  const auto& header = parser.get();
  std::optional<Target> target = ParseTarget({header.target().data(), header.target().size()});
  if (!target) return Refuse(400, "the request's target is malformed");
  Incoming incoming;
  incoming.persistence = parser.keep_alive() ? Persistence::kKeepAlive : Persistence::kClose;
  incoming.head_only = header.method() == http::verb::head;
  HttpRequest& request = incoming.request;
  request.method = incoming.head_only ? "GET" : std::string(header.method_string());
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  request.remote = remote;
  request.client = client;
  for (const auto& field : header) {
    request.headers.emplace_back(field.name_string(), field.value());
  }
  return incoming;
}

Task<Incoming> Session::Read(Holding* body_bytes) {
  Enter(Phase::kReading, options_.read_timeout);
  auto parser = std::make_shared<Parser>();
  // Beast holds the limit against the start line and the fields apart; the sum is checked below.
  parser->header_limit(static_cast<uint32_t>(
      std::min<size_t>(options_.header_bytes_max, std::numeric_limits<uint32_t>::max())));
  parser->body_limit(options_.body_bytes_max);
  auto [error, n] = co_await http::async_read_header(socket_, buffer_, *parser, kTuple);
  if (error) co_return FromReadError(error, options_);
  if (n > options_.header_bytes_max) {
    co_return RefuseTooLarge("the request's header", 431, options_.header_bytes_max);
  }
  Incoming incoming = FromHeader(*parser, remote_, client_);
  if (incoming.refusal != 0) co_return incoming;
  co_return co_await ReadBody(std::move(parser), std::move(incoming), body_bytes);
}

Task<Incoming> Session::ReadBody(std::shared_ptr<Parser> parser, Incoming incoming,
                                 Holding* body_bytes) {
  const size_t length = parser->content_length().value_or(0);
  CHECK(length <= options_.body_bytes_max);  // The parser's limit.
  if (!parser->chunked() && length == 0) co_return incoming;
  if (!body_bytes->GrowTo(length)) co_return RefuseOverloaded(&shared_.counters);
  const std::string expectation(FindHeader(incoming.request.headers, "Expect"));
  if (!expectation.empty()) {
    if (!EqualsIgnoreCase(expectation, "100-continue")) {
      co_return Refuse(417, "the only expectation known is 100-continue");
    }
    // Who has begun to send the body does not wait for it.
    if (buffer_.size() == 0 && !co_await Continue()) {
      incoming.gone = true;
      co_return incoming;
    }
  }
  if (parser->chunked()) {
    co_return co_await ReadChunks(std::move(parser), std::move(incoming), body_bytes);
  }
  incoming.gone = static_cast<bool>(co_await ReadPlainBody(length, &incoming.request.body));
  co_return incoming;
}

Task<Incoming> Session::ReadChunks(std::shared_ptr<Parser> parser, Incoming incoming,
                                   Holding* body_bytes) {
  while (!parser->is_done()) {
    auto [error, n] = co_await http::async_read_some(socket_, buffer_, *parser, kTuple);
    // A trailer or a chunk's extension that outgrows the buffer.
    if (error == http::error::buffer_overflow) co_return Refuse(400, "a chunk is malformed");
    if (error) co_return FromReadError(error, options_);
    if (!body_bytes->GrowTo(parser->get().body().size()))
      co_return RefuseOverloaded(&shared_.counters);
  }
  incoming.request.body = std::move(parser->get().body());
  co_return incoming;
}

// Reads `length` bytes into `body` past the parser, which would copy them once more.
Task<error_code> Session::ReadPlainBody(size_t length, std::string* body) {
  const size_t here = std::min(length, buffer_.size());
  body->reserve(std::min(length, kBodyStepBytes));
  body->assign(static_cast<const char*>(buffer_.data().data()), here);
  buffer_.consume(here);
  while (body->size() < length) {
    const size_t had = body->size();
    const size_t step = std::min(length - had, std::max(kBodyStepBytes, had));
    body->resize(had + step);
    auto [error, n] =
        co_await asio::async_read(socket_, asio::buffer(body->data() + had, step), kTuple);
    if (error) co_return error;
  }
  co_return error_code();
}

Task<bool> Session::Continue() {
  static constexpr std::string_view kLine = "HTTP/1.1 100 Continue\r\n\r\n";
  auto [error, n] = co_await asio::async_write(socket_, asio::buffer(kLine), kTuple);
  co_return !error;
}

Task<HttpResponse> Session::Handle(HttpRequest request) {
  phase_ = Phase::kHandling;
  deadline_ = kNever;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<Executor>,
                                          void(HttpResponse)>(
      [this, &request](auto completion) {
        shared_.workers->Submit(std::make_unique<SessionJob<decltype(completion)>>(
            std::move(request), reactor_.context, std::move(completion)));
      },
      kAwait);
}

Task<bool> Session::Write(HttpResponse response, Persistence persistence, bool head_only) {
  Enter(Phase::kWriting, options_.read_timeout);
  const std::string head =
      FormatResponseHead(response, {.persistence = persistence, .date = Date()});
  const bool with_body = StatusHasBody(response.status) && !head_only;
  const std::array<asio::const_buffer, 2> parts = {
      asio::buffer(head), with_body ? asio::buffer(response.body) : asio::const_buffer()};
  auto [error, n] = co_await asio::async_write(socket_, parts, kTuple);
  co_return !error;
}

Task<void> Session::Linger() {
  Enter(Phase::kLingering, kLinger);
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  buffer_.clear();
  for (size_t dropped = 0; dropped < kLingerBytes;) {
    auto [error, n] = co_await socket_.async_read_some(buffer_.prepare(kReadAheadBytes), kTuple);
    if (error) co_return;
    dropped += n;
  }
}

std::string_view Session::Date() {
  const Time now = std::chrono::floor<std::chrono::seconds>(SystemClock().Wall());
  if (now != reactor_.date_of) {
    reactor_.date_of = now;
    reactor_.date = FormatHttpDate(now);
  }
  return reactor_.date;
}

Task<void> RunSession(std::shared_ptr<Session> session, Reactor& reactor, Shared& shared) {
  reactor.sessions.insert(session.get());
  try {
    co_await session->Serve();
  } catch (const std::exception& e) {  // Out of memory, for one.
    log::Error("a connection failed", {{"error", e.what()}});
  }
  session->Close();
  reactor.sessions.erase(session.get());
  shared.connections.Return(session->client(), 1);
  std::lock_guard lock(shared.mutex);
  --shared.sessions;
  shared.session_ended.notify_all();
}

// Closes the sessions that are over their time.  One timer a reactor instead of one a read.
Task<void> Sweep(Reactor& reactor, Duration period) {
  while (reactor.sweeping) {
    reactor.sweep.expires_after(period);
    co_await reactor.sweep.async_wait(kTuple);
    const Monotonic now = SystemClock().Monotonic();
    for (Session* session : reactor.sessions) session->CloseIfOverdue(now);
  }
}

}  // namespace

struct HttpServer::Impl {
  explicit Impl(const HttpServerOptions& options);
  ~Impl() { Stop(Duration::zero()); }

  Result<void> Listen();
  void Launch(Handler handler);
  void Stop(Duration grace);

  Result<std::vector<tcp::endpoint>> Endpoints();
  error_code Bind(const tcp::endpoint& endpoint);
  Error CannotListen(const error_code& error) const;
  Task<void> Accept();
  void Admit(Socket socket, Reactor& reactor);
  void StopAccepting();
  void StopThreads();

  Shared shared;
  std::vector<std::unique_ptr<Reactor>> reactors;  // The first one accepts.
  std::optional<Acceptor> acceptor;
  std::string address;
  uint16_t port = 0;
  std::mutex stop_mutex;
  bool stopped = false;  // Guarded by stop_mutex.
};

HttpServer::Impl::Impl(const HttpServerOptions& options) : shared(options) {
  for (int i = 0; i < options.reactor_threads; ++i) reactors.push_back(std::make_unique<Reactor>());
}

// What the listen address stands for, in the order in which it is tried.
Result<std::vector<tcp::endpoint>> HttpServer::Impl::Endpoints() {
  const Result<ListenAddress> wanted = ParseListenAddress(shared.options.listen_address);
  if (!wanted) return wanted.error();
  using Endpoints = std::vector<tcp::endpoint>;
  if (wanted->host.empty()) {  // Both families on one socket; where there is no IPv6, the other.
    return Endpoints{{tcp::v6(), wanted->port}, {tcp::v4(), wanted->port}};
  }
  error_code error;
  const asio::ip::address number = asio::ip::make_address(wanted->host, error);
  if (!error) return Endpoints{{number, wanted->port}};
  tcp::resolver resolver(reactors[0]->context);
  Endpoints found;
  for (const auto& entry : resolver.resolve(wanted->host, "", error)) {
    found.emplace_back(entry.endpoint().address(), wanted->port);
  }
  if (error || found.empty()) {
    return Error{Code::kInvalid, "listen address \"" + shared.options.listen_address +
                                     "\": the host is unknown: " + error.message()};
  }
  std::stable_partition(found.begin(), found.end(),
                        [](const tcp::endpoint& e) { return e.address().is_v4(); });
  return found;
}

error_code HttpServer::Impl::Bind(const tcp::endpoint& endpoint) {
  error_code error;
  acceptor.emplace(reactors[0]->context);
  acceptor->open(endpoint.protocol(), error);
  // A server that restarts must not wait for the last one's connections to be forgotten.
  if (!error) acceptor->set_option(Acceptor::reuse_address(true), error);
  if (!error && endpoint.address() == asio::ip::address_v6::any()) {
    acceptor->set_option(asio::ip::v6_only(false), error);
  }
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(Acceptor::max_listen_connections, error);
  return error;
}

Error HttpServer::Impl::CannotListen(const error_code& error) const {
  std::string message = "cannot listen on " + shared.options.listen_address + ": ";
  if (error == asio::error::address_in_use) {
    message += "the port is in use by another program; stop that one or choose another port";
  } else if (error == asio::error::access_denied) {
    message +=
        "not permitted; a port below 1024 needs the right CAP_NET_BIND_SERVICE, choose a "
        "higher one";
  } else if (error == boost::system::errc::address_not_available) {
    message += "no interface of this machine has that address";
  } else {
    message += error.message();
  }
  return {Code::kUnavailable, message};
}

Result<void> HttpServer::Impl::Listen() {
  const Result<std::vector<tcp::endpoint>> endpoints = Endpoints();
  if (!endpoints) return endpoints.error();
  error_code error;
  for (const tcp::endpoint& endpoint : *endpoints) {
    error = Bind(endpoint);
    if (!error) break;
    if (error == asio::error::address_in_use) break;  // The next family would hide the conflict.
  }
  if (error) return CannotListen(error);
  const tcp::endpoint bound = acceptor->local_endpoint(error);
  if (error) return CannotListen(error);
  address = JoinHostPort(bound.address().to_string(), bound.port());
  port = bound.port();
  return {};
}

void HttpServer::Impl::Launch(Handler handler) {
  const HttpServerOptions& options = shared.options;
  shared.workers = std::make_unique<WorkerPool>(
      WorkerPoolOptions{.threads = options.worker_threads,
                        .queued_max = options.queued_requests_max,
                        .client_queued_max = options.client_queued_requests_max,
                        .client_running_max = static_cast<size_t>(options.client_workers_max),
                        .counters = &shared.counters},
      std::move(handler));
  const Duration period =
      std::clamp(std::min(options.read_timeout, options.idle_timeout) / 8, kSweepMin, kSweepMax);
  Spawn(reactors[0]->context, Accept());
  for (const auto& reactor : reactors) {
    Spawn(reactor->context, Sweep(*reactor, period));
    reactor->thread = std::thread([&context = reactor->context] { context.run(); });
  }
}

Task<void> HttpServer::Impl::Accept() {
  Timer pause(reactors[0]->context);
  for (size_t next = 0;; next = (next + 1) % reactors.size()) {
    Reactor& reactor = *reactors[next];
    auto [error, socket] = co_await acceptor->async_accept(reactor.context, kTuple);
    if (reactors[0]->stopping) co_return;
    if (!error) {
      Admit(std::move(socket), reactor);
    } else if (error != asio::error::connection_aborted) {
      // Out of file descriptors or memory: those that wait stay in the kernel's queue meanwhile.
      log::Warn("cannot accept a connection", {{"address", address}, {"error", error.message()}});
      pause.expires_after(kAcceptRetry);
      co_await pause.async_wait(kTuple);
    }
  }
}

void HttpServer::Impl::Admit(Socket socket, Reactor& reactor) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  if (error) return;  // The peer is gone already.
  if (!shared.connections.Take(ClientOf(peer), 1)) {
    ++shared.counters.refused_connections;
    return;  // Closes the socket.
  }
  {
    std::lock_guard lock(shared.mutex);
    ++shared.sessions;
  }
  auto session = std::make_shared<Session>(std::move(socket), reactor, shared, peer);
  Spawn(reactor.context, RunSession(std::move(session), reactor, shared));
}

// After it no session begins, and those that wait for their peer are closed.
void HttpServer::Impl::StopAccepting() {
  RunOn(*reactors[0], [this] {
    reactors[0]->stopping = true;
    error_code ignored;
    if (acceptor) acceptor->close(ignored);
  });
  for (const auto& reactor : reactors) {
    RunOn(*reactor, [&] {
      reactor->stopping = true;
      for (Session* session : reactor->sessions) {
        const Phase phase = session->phase();
        if (phase == Phase::kIdle || phase == Phase::kLingering) session->Close();
      }
    });
  }
}

void HttpServer::Impl::StopThreads() {
  // First, or a worker could begin what nobody waits for any more.
  if (shared.workers) shared.workers->StopTaking();
  for (const auto& reactor : reactors) {
    RunOn(*reactor, [&] {
      for (Session* session : reactor->sessions) session->Close();
    });
  }
  if (shared.workers) shared.workers->Close();
  for (const auto& reactor : reactors) {
    RunOn(*reactor, [&] {
      reactor->sweeping = false;
      reactor->sweep.cancel();
    });
    reactor->work.reset();
    // run() returns once the last session, whose socket is closed, has ended.
    if (reactor->thread.joinable()) reactor->thread.join();
  }
}

void HttpServer::Impl::Stop(Duration grace) {
  std::lock_guard stop_lock(stop_mutex);
  if (stopped) return;
  stopped = true;
  StopAccepting();
  {
    std::unique_lock lock(shared.mutex);
    shared.session_ended.wait_for(lock, grace, [this] { return shared.sessions == 0; });
  }
  StopThreads();
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      Handler handler) {
  CHECK(handler != nullptr);
  if (options.reactor_threads < 1 || options.worker_threads < 1 || options.client_workers_max < 1) {
    return Error{Code::kInvalid, "an HTTP server wants one thread of each kind at least"};
  }
  try {
    auto impl = std::make_unique<Impl>(options);
    const Result<void> listening = impl->Listen();
    if (!listening) return listening.error();
    impl->Launch(std::move(handler));
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
  } catch (const std::exception& e) {  // Out of file descriptors or threads.
    return Error{Code::kUnavailable,
                 "cannot start a server on " + options.listen_address + ": " + e.what()};
  }
}

const std::string& HttpServer::address() const { return impl_->address; }
uint16_t HttpServer::port() const { return impl_->port; }
void HttpServer::Stop(Duration grace) { impl_->Stop(grace); }

}  // namespace nines::net
