#include "net/http_client.h"

#include <curl/curl.h>
#include <signal.h>

#include <array>
#include <memory>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "net/http_text.h"

namespace nines::net {
namespace {

constexpr size_t kIdleHandlesMax = 32;
constexpr size_t kResponseHeaderBytesMax = size_t{256} << 10;
constexpr const char* kUserAgent = "nines";

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using Url = std::unique_ptr<CURLU, FreeUrl>;
using List = std::unique_ptr<curl_slist, FreeList>;

void InitializeOnce() {
  static const bool done = [] {
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    // With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE to the program, and OpenSSL writes raise it.
    signal(SIGPIPE, SIG_IGN);
    return true;
  }();
  CHECK(done);
}

template <class T>
void Set(CURL* handle, CURLoption option, T value) {
  CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

std::string Part(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

// The reasons never quote the URL: it may have a password in it.
Result<Url> ParseUrl(const std::string& text) {
  Url url(curl_url());
  CHECK(url != nullptr);
  const size_t slashes = text.find("://");
  if (slashes == std::string::npos) {
    return Error{Code::kInvalid, "a URL wants to begin with http:// or https://"};
  }
  if (text.find('\0') != std::string::npos) return Error{Code::kInvalid, "a NUL in the URL"};
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0);
  if (code == CURLUE_UNSUPPORTED_SCHEME) {
    return Error{Code::kInvalid, "only http and https URLs are supported"};
  }
  if (code != CURLUE_OK) {
    return Error{Code::kInvalid, std::string("not a URL: ") + curl_url_strerror(code)};
  }
  const std::string scheme = Part(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return Error{Code::kInvalid, "only http and https URLs are supported, not " + scheme};
  }
  // libcurl would take "http:///path" for the host "path".
  if (text.substr(slashes + 3, 1) == "/" || Part(url, CURLUPART_HOST).empty()) {
    return Error{Code::kInvalid, "a URL wants a host"};
  }
  return url;
}

// The URL as it may be shown: user, password, query and fragment can be secrets.
std::string ShownUrl(const Url& url) {
  const Url copy(curl_url_dup(url.get()));
  CHECK(copy != nullptr);
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                               CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    CHECK(curl_url_set(copy.get(), part, nullptr, 0) == CURLUE_OK);
  }
  return Part(copy, CURLUPART_URL);
}

// What libcurl's callbacks fill.
struct Receiver {
  ClientResponse* response;
  size_t body_bytes_max;
  size_t header_bytes = 0;
  size_t limit_passed = 0;  // The limit that ended the transfer.
};

size_t OnBody(char* data, size_t, size_t size, void* context) {
  auto& receiver = *static_cast<Receiver*>(context);
  std::string& body = receiver.response->body;
  if (size > receiver.body_bytes_max - body.size()) {
    receiver.limit_passed = receiver.body_bytes_max;
    return size + 1;  // Any other count than `size` ends the transfer.
  }
  body.append(data, size);
  return size;
}

size_t OnHeader(char* data, size_t, size_t size, void* context) {
  auto& receiver = *static_cast<Receiver*>(context);
  receiver.header_bytes += size;
  if (receiver.header_bytes > kResponseHeaderBytesMax) {
    receiver.limit_passed = kResponseHeaderBytesMax;
    return size + 1;
  }
  std::string_view line(data, size);
  // A status line: what came before it was interim (100 Continue).
  if (line.starts_with("HTTP/")) receiver.response->headers.clear();
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  constexpr std::string_view kBlank = " \t\r\n";
  std::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.size(), value.find_first_not_of(kBlank)));
  value = value.substr(0, value.find_last_not_of(kBlank) + 1);
  receiver.response->headers.emplace_back(line.substr(0, colon), value);
  return size;
}

Result<List> HeaderList(const ClientRequest& request) {
  List list;
  const auto append = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    CHECK(longer != nullptr);
    (void)list.release();  // It is a part of `longer` now.
    list.reset(longer);
  };
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name) || !IsFieldValue(value)) {
      return Error{Code::kInvalid, "header \"" + (IsToken(name) ? name : std::string()) +
                                       "\" is not one line of text"};
    }
    // "Name:" would remove a header of libcurl's; "Name;" sends an empty one.
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  // Without these libcurl calls a body a form, and waits a second for a 100 before a large one.
  if (FindHeader(request.headers, "Content-Type").empty()) append("Content-Type:");
  if (FindHeader(request.headers, "Expect").empty()) append("Expect:");
  return list;
}

void SetMethod(CURL* handle, const ClientRequest& request) {
  const std::string& method = request.method;
  if (method == "HEAD") {
    Set(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  if (!request.body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    Set(handle, CURLOPT_POST, 1L);
    Set(handle, CURLOPT_POSTFIELDS, request.body.data());  // Not copied.
    Set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  Set(handle, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void SetTransport(CURL* handle, const Url& url, Duration timeout) {
  Set(handle, CURLOPT_CURLU, url.get());
  Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  Set(handle, CURLOPT_PROXY, "");  // What the environment says does not change where we send.
  Set(handle, CURLOPT_NOSIGNAL, 1L);
  // Zero means no limit to libcurl.
  const long ms = static_cast<long>(std::max<int64_t>(1, timeout.count()));
  Set(handle, CURLOPT_TIMEOUT_MS, ms);
  Set(handle, CURLOPT_CONNECTTIMEOUT_MS, ms);
  Set(handle, CURLOPT_TCP_NODELAY, 1L);
  Set(handle, CURLOPT_USERAGENT, kUserAgent);
}

}  // namespace

struct HttpClient::Impl {
  // A handle keeps its connections, so the one used last is the one most likely to have a live one.
  Easy Take() {
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Easy handle = std::move(idle.back());
        idle.pop_back();
        return handle;
      }
    }
    Easy handle(curl_easy_init());
    CHECK(handle != nullptr);
    return handle;
  }

  void GiveBack(Easy handle) {
    curl_easy_reset(handle.get());  // Forgets the options and the pointers in them.
    std::lock_guard lock(mutex);
    if (idle.size() < kIdleHandlesMax) idle.push_back(std::move(handle));
  }

  std::mutex mutex;
  std::vector<Easy> idle;  // Guarded by mutex.
};

HttpClient::HttpClient() : impl_(std::make_unique<Impl>()) { InitializeOnce(); }
HttpClient::~HttpClient() = default;

Result<ClientResponse> HttpClient::Send(const ClientRequest& request) {
  Result<Url> url = ParseUrl(request.url);
  if (!url) return url.error();
  if (!IsToken(request.method)) return Error{Code::kInvalid, "not a method of HTTP"};
  Result<List> headers = HeaderList(request);
  if (!headers) return headers.error();

  ClientResponse response;
  Receiver receiver{.response = &response, .body_bytes_max = request.response_bytes_max};
  std::array<char, CURL_ERROR_SIZE> reason{};
  Easy handle = impl_->Take();
  SetTransport(handle.get(), *url, request.timeout);
  SetMethod(handle.get(), request);
  Set(handle.get(), CURLOPT_HTTPHEADER, headers->get());
  Set(handle.get(), CURLOPT_WRITEFUNCTION, &OnBody);
  Set(handle.get(), CURLOPT_WRITEDATA, &receiver);
  Set(handle.get(), CURLOPT_HEADERFUNCTION, &OnHeader);
  Set(handle.get(), CURLOPT_HEADERDATA, &receiver);
  Set(handle.get(), CURLOPT_ERRORBUFFER, reason.data());
  const CURLcode code = curl_easy_perform(handle.get());
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  impl_->GiveBack(std::move(handle));

  const std::string what = request.method + " " + ShownUrl(*url) + ": ";
  if (code == CURLE_WRITE_ERROR) {  // Only our callbacks raise it.
    return Error{Code::kExhausted, what + "the response is larger than " +
                                       std::to_string(receiver.limit_passed) + " bytes"};
  }
  if (code != CURLE_OK) {
    return Error{Code::kUnavailable,
                 what + (reason[0] != '\0' ? reason.data() : curl_easy_strerror(code))};
  }
  response.status = static_cast<int>(status);
  return response;
}

Result<void> CheckUrl(const std::string& url) {
  const Result<Url> parsed = ParseUrl(url);
  if (!parsed) return parsed.error();
  return {};
}

}  // namespace nines::net
