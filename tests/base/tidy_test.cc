// House rules that a compiler cannot see, over every C++ file of the tree.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace nines {
namespace {

constexpr size_t kColumnsMax = 100;
constexpr size_t kLinesMax = 900;
constexpr std::string_view kSelf = "tests/base/tidy_test.cc";

// The files that hold C++.
constexpr std::string_view kFolders[] = {"base",     "tsdb", "net", "ingest", "evaluator",
                                         "notifier", "api",  "app", "tests",  "deploy"};

// Which rooms a room may include besides itself.  Folders that are not named here may include all.
const std::map<std::string_view, std::set<std::string_view>> kEdges = {
    {"base", {}},
    {"tsdb", {"base"}},
    {"net", {"base"}},
    {"ingest", {"base", "tsdb"}},
    {"evaluator", {"base", "tsdb"}},
    {"notifier", {"base", "net", "tsdb"}},
    {"api", {"base", "tsdb", "net", "ingest", "evaluator", "notifier"}},
};

// Of these edges only one header.
struct NarrowEdge {
  std::string_view from;
  std::string_view to;
  std::string_view header;
};
constexpr NarrowEdge kNarrowEdges[] = {{"notifier", "tsdb", "tsdb/records.h"}};

// Text that stands nowhere but below `only_in`.
struct BannedToken {
  std::string_view token;
  std::string_view only_in;
};
constexpr BannedToken kBannedTokens[] = {
    {"system_clock::now", "base/clock.cc"},
    {"steady_clock::now", "base/clock.cc"},
    {"high_resolution_clock", ""},
    {"sleep_for", ""},
    {"std::rand", ""},
    {"random_device", "app/"},
    {"uniform_int_distribution", ""},
    {"uniform_real_distribution", ""},
    {"asio::detached", ""},
    {"FIXME", ""},
    {"TODO", ""},
    {"GTEST_SKIP", ""},
};

// Which files may include headers of a library.
struct Library {
  std::string_view headers;
  std::vector<std::string_view> folders;  // Or files.
  bool sources_only;                      // Not in headers of ours.
};
const std::vector<Library> kLibraries = {
    {"rocksdb/", {"tsdb/", "tests/"}, true},
    {"boost/asio", {"net/"}, true},
    {"boost/beast", {"net/"}, true},
    {"yaml-cpp/", {"base/yaml.cc"}, true},
    {"curl/", {"net/"}, true},
};

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// The header that a line includes.
std::optional<std::string_view> Included(std::string_view line) {
  const auto skip = [&](std::string_view what) {
    while (StartsWith(line, " ") || StartsWith(line, "\t")) line.remove_prefix(1);
    if (!StartsWith(line, what)) return false;
    line.remove_prefix(what.size());
    return true;
  };
  if (!skip("#") || !skip("include")) return std::nullopt;
  const bool quoted = skip("\"");
  if (!quoted && !skip("<")) return std::nullopt;
  return line.substr(0, line.find(quoted ? '"' : '>'));
}

std::string_view Room(std::string_view path) { return path.substr(0, path.find('/')); }

// The reason for which `file` may not include `header`; empty where it may.
std::string RefusedInclude(std::string_view file, std::string_view header) {
  const std::string_view from = Room(file), to = Room(header);
  const bool is_room = to == "app" || kEdges.count(to) != 0;
  if (const auto edges = kEdges.find(from); edges != kEdges.end() && is_room && from != to) {
    if (edges->second.count(to) == 0) {
      return std::string(from) + " must not include " + std::string(to);
    }
    for (const NarrowEdge& edge : kNarrowEdges) {
      if (edge.from == from && edge.to == to && edge.header != header) {
        return std::string(from) + " may include only " + std::string(edge.header) + " of " +
               std::string(to);
      }
    }
  }
  for (const Library& library : kLibraries) {
    if (!StartsWith(header, library.headers)) continue;
    const bool placed =
        std::any_of(library.folders.begin(), library.folders.end(),
                    [&](std::string_view folder) { return StartsWith(file, folder); });
    const bool source = StartsWith(file, "tests/") || EndsWith(file, ".cc");
    if (!placed || (library.sources_only && !source)) {
      return std::string(library.headers) + " does not belong here";
    }
  }
  return "";
}

size_t Columns(std::string_view line) {
  size_t columns = 0;
  for (; !line.empty(); ++columns) line.remove_prefix(DecodeRune(line).size);
  return columns;
}

// "path:line: reason" for each breach.  `path` is relative to the root.
std::vector<std::string> Check(std::string_view path, std::string_view text) {
  std::vector<std::string> out;
  size_t number = 0;
  const auto report = [&](const std::string& reason) {
    out.push_back(std::string(path) + ":" + std::to_string(number) + ": " + reason);
  };
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    ++number;
    if (Columns(line) > kColumnsMax) report("more than 100 columns");
    if (path == kSelf) continue;  // It has to spell what it bans.
    for (const BannedToken& banned : kBannedTokens) {
      const bool allowed = !banned.only_in.empty() && StartsWith(path, banned.only_in);
      if (!allowed && line.find(banned.token) != line.npos) {
        report("banned: " + std::string(banned.token));
      }
    }
    if (const std::optional<std::string_view> header = Included(line)) {
      if (const std::string reason = RefusedInclude(path, *header); !reason.empty()) {
        report(reason);
      }
    }
  }
  if (number > kLinesMax) report("more than 900 lines");
  return out;
}

TEST(Tidy, TheTreeKeepsTheHouseRules) {
  namespace fs = std::filesystem;
  const fs::path root = SOURCE_ROOT;
  size_t files = 0;
  std::string breaches;
  for (const std::string_view folder : kFolders) {
    if (!fs::exists(root / folder)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (!entry.is_regular_file() || (extension != ".h" && extension != ".cc")) continue;
      std::ostringstream text;
      text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      const std::string path = entry.path().lexically_relative(root).generic_string();
      for (const std::string& breach : Check(path, text.str())) breaches += breach + "\n";
      ++files;
    }
  }
  EXPECT_EQ(breaches, "");
  EXPECT_GT(files, 20u) << "read too little below " << root;
}

// The rules themselves: each must see its mutant, and leave the line beside it alone.

void CheckSees(const std::string& path, const std::string& line, const std::string& reason) {
  const std::vector<std::string> got = Check(path, "\n" + line + "\n");
  ASSERT_EQ(got.size(), 1u) << path << ": " << line;
  EXPECT_EQ(got[0], path + ":2: " + reason);
}

void CheckLeaves(const std::string& path, const std::string& text) {
  const std::vector<std::string> got = Check(path, text);
  EXPECT_TRUE(got.empty()) << got[0];
}

TEST(Tidy, SeesForbiddenEdges) {
  const auto edge = [](const std::string& path, const std::string& header) {
    const std::string from(Room(path)), to(Room(header));
    CheckSees(path, "#include \"" + header + "\"", from + " must not include " + to);
  };
  edge("base/a.cc", "tsdb/store.h");
  edge("base/a.h", "app/config.h");
  edge("tsdb/a.cc", "net/http_client.h");
  edge("tsdb/a.h", "ingest/write.h");
  edge("net/a.cc", "tsdb/store.h");
  edge("ingest/a.cc", "net/http_server.h");
  edge("ingest/a.cc", "evaluator/engine.h");
  edge("evaluator/slo/a.cc", "notifier/outbox.h");
  edge("evaluator/slo/a.cc", "net/http_client.h");
  edge("notifier/a.cc", "evaluator/slo/spec.h");
  edge("api/a.cc", "app/config.h");
  CheckSees("notifier/a.h", "# include \"tsdb/store.h\"",
            "notifier may include only tsdb/records.h of tsdb");

  const auto fine = [](const std::string& path, const std::string& header) {
    CheckLeaves(path, "#include \"" + header + "\"\n");
  };
  fine("base/a.cc", "base/time.h");
  fine("notifier/a.cc", "tsdb/records.h");
  fine("notifier/a.cc", "net/http_client.h");
  fine("api/a.cc", "evaluator/slo/spec.h");
  fine("app/a.cc", "api/server.h");
  fine("tests/base/a_test.cc", "app/config.h");
  fine("base/a.cc", "application/x.h");
}

TEST(Tidy, SeesLibrariesOutOfTheirPlace) {
  const auto library = [](const std::string& path, const std::string& header) {
    const std::vector<std::string> got = Check(path, "#include <" + header + ">\n");
    ASSERT_EQ(got.size(), 1u) << path << " " << header;
    EXPECT_NE(got[0].find("does not belong here"), std::string::npos) << got[0];
  };
  library("tsdb/store.h", "rocksdb/db.h");
  library("api/a.cc", "rocksdb/db.h");
  library("net/http_server.h", "boost/asio.hpp");
  library("app/main.cc", "boost/asio/io_context.hpp");
  library("tests/net/a_test.cc", "boost/beast/http.hpp");
  library("net/http_server.h", "boost/beast/core.hpp");
  library("app/config.cc", "yaml-cpp/yaml.h");
  library("base/yaml.h", "yaml-cpp/yaml.h");
  library("notifier/a.cc", "curl/curl.h");

  CheckLeaves("tsdb/store.cc", "#include <rocksdb/db.h>\n");
  CheckLeaves("tests/tsdb/a_test.cc", "#include <rocksdb/db.h>\n");
  CheckLeaves("tests/support/fault_fs.h", "#include <rocksdb/file_system.h>\n");
  CheckLeaves("net/http_server.cc", "#include <boost/asio.hpp>\n#include <boost/beast.hpp>\n");
  CheckLeaves("net/http_client.cc", "#include <curl/curl.h>\n");
  CheckLeaves("base/yaml.cc", "#include <yaml-cpp/parser.h>\n");
  CheckLeaves("base/result.h", "#include <boost/system/result.hpp>\n");
}

TEST(Tidy, SeesBannedTokens) {
  for (const BannedToken& banned : kBannedTokens) {
    const std::string token(banned.token);
    for (const std::string path : {"tsdb/a.cc", "tests/tsdb/a_test.cc", "net/a.h"}) {
      CheckSees(path, "  x(" + token + "());", "banned: " + token);
    }
    const bool folder = EndsWith(banned.only_in, "/");
    if (!banned.only_in.empty()) {
      CheckLeaves(std::string(banned.only_in) + (folder ? "a.cc" : ""), token);
    }
  }
  CheckLeaves(std::string(kSelf), "GTEST_SKIP");
}

TEST(Tidy, SeesLongLinesAndFiles) {
  CheckLeaves("app/a.cc", std::string(100, 'x') + "\n");
  CheckSees("app/a.cc", std::string(101, 'x'), "more than 100 columns");
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "é";
  CheckLeaves("app/a.cc", wide + "\n");  // Columns, not bytes.
  CheckSees("app/a.cc", wide + "é", "more than 100 columns");

  CheckLeaves("app/a.cc", std::string(900, '\n'));
  const std::vector<std::string> got = Check("app/a.cc", std::string(901, '\n'));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0], "app/a.cc:901: more than 900 lines");
}

}  // namespace
}  // namespace nines
