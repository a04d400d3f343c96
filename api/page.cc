#include "api/page.h"

#include <algorithm>
#include <string>

#include "base/check.h"

namespace nines::api {
namespace {

// Nothing but our own files: what a label's value says can not run, whatever bug the page has.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view kVersionMark = "@VERSION@";

std::string_view ContentType(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  return "application/octet-stream";
}

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

net::HttpResponse ServeWebFile(std::string_view name, std::string_view version) {
  const std::span<const WebFile> files = WebFiles();
  const auto file =
      std::find_if(files.begin(), files.end(), [&](const WebFile& f) { return f.name == name; });
  CHECK(file != files.end());
  net::HttpResponse response;
  response.headers = {{"Content-Type", std::string(ContentType(name))},
                      {"Content-Security-Policy", kContentSecurityPolicy},
                      {"Referrer-Policy", "no-referrer"},
                      // A new version of the program brings a new page.
                      {"Cache-Control", "no-cache"}};
  response.body = file->content;
  if (name.ends_with(".html")) {
    const size_t mark = response.body.find(kVersionMark);
    if (mark != std::string::npos) {
      response.body.replace(mark, kVersionMark.size(), EscapeHtml(version));
    }
  }
  return response;
}

}  // namespace nines::api
