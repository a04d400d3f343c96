#include "api/notification_api.h"

#include <gtest/gtest.h>

#include "tests/api/fixtures.h"

namespace nines::api {
namespace {

TEST(NotificationApi, OwedFirst) {
  EXPECT_EQ(
      ListNotifications({test::Owed()}, {test::Delivered()}, "").body,
      R"({"status":"success","data":[)"
      R"({"id":"7","receiver":"checkout",)"
      R"("group_key":"{}/{slo=\"predict-latency\"}:{slo=\"predict-latency\"}",)"
      R"("state":"owed","status":"firing","reason":"first notification","alerts":1,"attempts":3,)"
      R"("created_at":"2026-11-28T18:41:00.000Z","next_attempt_at":"2026-11-28T18:42:30.000Z",)"
      R"("delivered_at":null,"last_error":"status 503","idempotency_key":"5f2a"},)"
      R"({"id":"6","receiver":"search",)"
      R"("group_key":"{}/{slo=\"predict-latency\"}:{slo=\"predict-latency\"}",)"
      R"("state":"sent","status":"firing","reason":"first notification","alerts":1,"attempts":1,)"
      R"("created_at":"2026-11-28T18:41:00.000Z","next_attempt_at":null,)"
      R"("delivered_at":"2026-11-28T18:41:01.250Z","last_error":"","idempotency_key":"5f2a"}]})");
}

// `ids`: of those that are listed, each with a blank behind it.
void CheckFilter(const char* query, const char* ids) {
  SCOPED_TRACE(query);
  const std::string body =
      ListNotifications({test::Owed()}, {test::Delivered(), test::Delivered()}, query).body;
  std::string found;
  for (size_t at = body.find("{\"id\":\""); at != std::string::npos;
       at = body.find("{\"id\":\"", at + 1)) {
    found += body.substr(at + 7, body.find('"', at + 7) - at - 7) + " ";
  }
  EXPECT_EQ(found, ids) << body;
}

TEST(NotificationApi, Filters) {
  CheckFilter("", "7 6 6 ");
  CheckFilter("state=owed", "7 ");
  CheckFilter("state=sent", "6 6 ");
  CheckFilter("state=sent&state=owed", "7 6 6 ");
  CheckFilter("receiver=search", "6 6 ");
  CheckFilter("receiver=checkout&receiver=search", "7 6 6 ");
  CheckFilter("receiver=nobody", "");
  CheckFilter("limit=0", "7 6 6 ");
  CheckFilter("limit=1", "7 ");
  CheckFilter("limit=2", "7 6 ");
  CheckFilter("limit=3", "7 6 6 ");
  CheckFilter("limit=18446744073709551615", "7 6 6 ");
  CheckFilter("limit=1&receiver=search", "6 ");
}

void CheckRefused(const char* query) {
  SCOPED_TRACE(query);
  const net::HttpResponse response = ListNotifications({}, {}, query);
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("\"errorType\":\"bad_data\""), std::string::npos) << response.body;
}

TEST(NotificationApi, UnknownFilterValuesAreRefused) {
  CheckRefused("state=dead");
  CheckRefused("state=");
  CheckRefused("limit=");
  CheckRefused("limit=-1");
  CheckRefused("limit=1x");
  CheckRefused("limit=18446744073709551616");
}

}  // namespace
}  // namespace nines::api
