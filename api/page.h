#pragma once
#include <span>
#include <string_view>

#include "net/http_server.h"

// The status page: the files of api/web/, put into the program when it is built.

namespace nines::api {

struct WebFile {
  std::string_view name;  // "app.js"
  std::string_view content;
};

// Defined in a file that cmake/embed.cmake writes.
std::span<const WebFile> WebFiles();

// The file of that name with its type and the headers that keep a browser from running, framing or
// loading anything else.  @VERSION@ in a page becomes `version`.  REQUIRES: there is such a file.
net::HttpResponse ServeWebFile(std::string_view name, std::string_view version);

}  // namespace nines::api
