#include "net/http_text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace nines::net {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

void CheckForm(const char* text, const Pairs& want) { EXPECT_EQ(ParseForm(text), want) << text; }

TEST(ParseForm, KeepsOrderAndDecodes) {
  CheckForm("", {});
  CheckForm("&&", {});
  CheckForm("a=1&a=2&b=", {{"a", "1"}, {"a", "2"}, {"b", ""}});
  CheckForm("a", {{"a", ""}});
  CheckForm("=x", {{"", "x"}});
  CheckForm("a=b=c", {{"a", "b=c"}});
  CheckForm("match%5B%5D=up%7Bjob%3D%22x+y%22%7D", {{"match[]", "up{job=\"x y\"}"}});
  CheckForm("a=%2B+%20", {{"a", "+  "}});
  CheckForm("a=%c3%A9", {{"a", "\xc3\xa9"}});
  CheckForm("a=%&b=%1&c=%zz&d=100%", {{"a", "%"}, {"b", "%1"}, {"c", "%zz"}, {"d", "100%"}});
}

void CheckDecode(const char* text, const std::optional<std::string>& want) {
  EXPECT_EQ(PercentDecode(text), want) << text;
}

TEST(PercentDecode, RefusesWhatIsNoEscape) {
  CheckDecode("", "");
  CheckDecode("/a+b", "/a+b");  // A plus is a space in queries only.
  CheckDecode("/a%20b%2Fc", "/a b/c");
  CheckDecode("%41", "A");
  CheckDecode("%", std::nullopt);
  CheckDecode("%4", std::nullopt);
  CheckDecode("%4g", std::nullopt);
  CheckDecode("%00", std::nullopt);
}

void CheckTarget(const char* text, const char* path, const char* query) {
  const std::optional<Target> target = ParseTarget(text);
  ASSERT_TRUE(target.has_value()) << text;
  EXPECT_EQ(target->path, path) << text;
  EXPECT_EQ(target->query, query) << text;
}

TEST(ParseTarget, Forms) {
  CheckTarget("/", "/", "");
  CheckTarget("/a%20b/c?x=%20&y", "/a b/c", "x=%20&y");
  CheckTarget("/a?", "/a", "");
  CheckTarget("/a?b?c", "/a", "b?c");
  CheckTarget("*", "*", "");
  CheckTarget("http://host:1/p?q", "/p", "q");
  CheckTarget("HTTPS://host", "/", "");
  CheckTarget("http://host?q", "/", "q");
  for (const char* bad : {"", "a", "host:443", "/%", "/%00", "ftp://host/"}) {
    EXPECT_FALSE(ParseTarget(bad).has_value()) << bad;
  }
}

void CheckListen(const char* text, const char* host, int port) {
  const Result<ListenAddress> address = ParseListenAddress(text);
  ASSERT_TRUE(address.has_value()) << text;
  EXPECT_EQ(address->host, host) << text;
  EXPECT_EQ(address->port, port) << text;
}

TEST(ParseListenAddress, Forms) {
  CheckListen("127.0.0.1:9099", "127.0.0.1", 9099);
  CheckListen("localhost:0", "localhost", 0);
  CheckListen(":65535", "", 65535);
  CheckListen("[::1]:80", "::1", 80);
  for (const char* bad : {"", "9099", "127.0.0.1", "127.0.0.1:", "a:b", "a:-1", "a:65536", "a:1x",
                          "::1:80", "[::1]", "[]:80", "[a]:80", "[::1:80", "a: 80"}) {
    const Result<ListenAddress> address = ParseListenAddress(bad);
    ASSERT_FALSE(address.has_value()) << bad;
    EXPECT_EQ(address.error().code, Code::kInvalid) << bad;
    EXPECT_NE(address.error().message.find(std::string("\"") + bad + "\""), std::string::npos)
        << address.error().message;
  }
}

TEST(JoinHostPort, BracketsIPv6) {
  EXPECT_EQ(JoinHostPort("127.0.0.1", 1), "127.0.0.1:1");
  EXPECT_EQ(JoinHostPort("::1", 1), "[::1]:1");
}

TEST(FormatHttpDate, IsTheFormOfRfc9110) {
  EXPECT_EQ(FormatHttpDate(FromUnixMs(784111777'999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(FormatHttpDate(FromUnixMs(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(FindHeader, AnyCaseFirstWins) {
  const Headers headers = {{"Content-Type", "a"}, {"x", "1"}, {"X", "2"}};
  EXPECT_EQ(FindHeader(headers, "content-type"), "a");
  EXPECT_EQ(FindHeader(headers, "X"), "1");
  EXPECT_EQ(FindHeader(headers, "y"), "");
}

std::string Head(int status, Headers headers, std::string body, Persistence persistence) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = std::move(body);
  return FormatResponseHead(response, {.persistence = persistence, .date = "D"});
}

TEST(FormatResponseHead, SetsWhatIsOurs) {
  EXPECT_EQ(Head(200, {{"X-A", "b"}, {"content-length", "9"}, {"Date", "now"}}, "abc",
                 Persistence::kKeepAlive),
            "HTTP/1.1 200 OK\r\nDate: D\r\nX-A: b\r\nContent-Length: 3\r\n"
            "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(Head(204, {}, "", Persistence::kClose),
            "HTTP/1.1 204 No Content\r\nDate: D\r\nConnection: close\r\n\r\n");
}

// A value that came from a peer must not end the header and begin another response.
TEST(FormatResponseHead, CannotBeSplit) {
  const std::string want = Head(200, {}, "", Persistence::kClose);
  for (const auto& [name, value] : Headers{{"X", "a\r\nSet-Cookie: b"},
                                           {"X", "a\nb"},
                                           {"X\r\nY", "a"},
                                           {"X Y", "a"},
                                           {"", "a"},
                                           {"X", std::string("a\0b", 3)}}) {
    EXPECT_EQ(Head(200, {{name, value}}, "", Persistence::kClose), want) << name << ": " << value;
  }
}

}  // namespace
}  // namespace nines::net
