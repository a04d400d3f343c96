#include "notifier/delivery.h"

#include <gtest/gtest.h>

#include "notifier/hash.h"
#include "tests/notifier/rig.h"
#include "tests/support/temp_dir.h"

namespace nines::notifier {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(Hash, Vectors) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2.
  EXPECT_EQ(HmacSha256Hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

Delivery Make() {
  return {.id = 7,
          .receiver = "web",
          .url = "http://h.example/hook",
          .body = "{\"a\":1}\n",
          .idempotency_key = "k1",
          .signing_secret_file = "",
          .timeout = seconds{3},
          .attempt = 1};
}

TEST(BuildRequest, WithoutSecret) {
  const net::ClientRequest request = BuildRequest(Make(), "", "1.2.3", test::kStart);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://h.example/hook");
  EXPECT_EQ(request.body, "{\"a\":1}\n");
  EXPECT_EQ(request.timeout, seconds{3});
  EXPECT_EQ(request.headers, (net::Headers{{"Content-Type", "application/json"},
                                           {"User-Agent", "Nines/1.2.3"},
                                           {"Idempotency-Key", "k1"}}));
}

TEST(BuildRequest, SignsTimeAndBody) {
  // Key s3cret, text 1764355339.{"a":1}\n: computed with Python's hmac.
  const net::ClientRequest request = BuildRequest(Make(), "s3cret", "1", test::At(0.999));
  EXPECT_EQ(net::FindHeader(request.headers, "Nines-Signature"),
            "t=1764355339,v1=b273b4f641e09135a38c6d229de00e16fda20737722717042a2777522400dbbc");
}

TEST(ReadSecret, WithoutTheLineEnd) {
  const test::TempDir dir;
  EXPECT_EQ(*ReadSecret(dir.Write("a", "s3cret")), "s3cret");
  EXPECT_EQ(*ReadSecret(dir.Write("b", "s3 cret\r\n")), "s3 cret");
  const std::string empty = dir.Write("c", "\n");
  EXPECT_EQ(ReadSecret(empty).error().message, "signing secret " + empty + ": is empty");
  const std::string none = dir.File("none");
  EXPECT_EQ(ReadSecret(none).error().message, "signing secret " + none + ": cannot be read");
}

TEST(ParseRetryAfter, Table) {
  const Time now = *ParseTime("1994-11-06T08:49:37Z");
  const struct {
    const char* text;
    std::optional<Duration> expected;
  } cases[] = {
      {"", {}},
      {"0", seconds{0}},
      {"120", seconds{120}},
      {"86400", hours{24}},
      {"86401", hours{24}},
      {"99999999999999999999999", hours{24}},
      {"-1", {}},
      {"1.5", {}},
      {"soon", {}},
      {"Sun, 06 Nov 1994 08:49:37 GMT", seconds{0}},
      {"Sun, 06 Nov 1994 08:50:00 GMT", seconds{23}},
      {"Sat, 05 Nov 1994 08:50:00 GMT", seconds{0}},
      {"Sun, 06 Nov 2994 08:49:37 GMT", hours{24}},
      {"Sun, 06 Nov 1994 08:49:37 CET", {}},
      {"Sun, 06 Nov 1994 24:49:37 GMT", {}},
      {"Sun, 31 Nov 1994 08:49:37 GMT", {}},
      {"Sun, 06 Nox 1994 08:49:37 GMT", {}},
      {"Sun, 0x Nov 1994 08:49:37 GMT", {}},
      {"Sunday, 06-Nov-94 08:49:37 GMT", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(ParseRetryAfter(c.text, now), c.expected) << c.text;
}

TEST(ToDeliveryResult, Table) {
  const Time now = test::kStart;
  net::ClientResponse response;
  response.status = 204;
  response.headers = {{"retry-after", "5"}};
  EXPECT_EQ(ToDeliveryResult(response, now).status, 204);
  EXPECT_EQ(ToDeliveryResult(response, now).error, "");
  response.status = 503;
  EXPECT_EQ(ToDeliveryResult(response, now).error, "status 503");
  EXPECT_EQ(ToDeliveryResult(response, now).retry_after, seconds{5});
  response.body = "go away\r\nplease";
  EXPECT_EQ(ToDeliveryResult(response, now).error, "status 503: go away");
  response.body = std::string(201, 'x');
  EXPECT_EQ(ToDeliveryResult(response, now).error, "status 503: " + std::string(200, 'x'));
  const DeliveryResult failed =
      ToDeliveryResult(Error{Code::kUnavailable, "connection refused"}, now);
  EXPECT_EQ(failed.status, 0);
  EXPECT_EQ(failed.error, "connection refused");
}

}  // namespace
}  // namespace nines::notifier
