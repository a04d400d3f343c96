#include "api/admin_api.h"

#include <gtest/gtest.h>

#include "tests/api/fixtures.h"

namespace nines::api {
namespace {

constexpr const char* kPath = "/api/v1/admin/tsdb/snapshot";

TEST(AdminSnapshot, AnswersItsNameToPostAndPut) {
  test::World world;
  const auto api = world.MakeApi();
  for (const std::string method : {"POST", "PUT"}) {
    const auto response = api->Handle(test::Request(method, kPath));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body,
              R"({"status":"success","data":{"name":"20261128T184220Z-00000000000000ff"}})");
  }
  EXPECT_EQ(api->Handle(test::Request("GET", kPath)).status, 405);
}

TEST(AdminSnapshot, OnlyWhereItWasEnabled) {
  test::World world;
  world.enable_admin_api = false;
  const auto response = world.MakeApi()->Handle(test::Request("POST", kPath));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body,
            "{\"status\":\"error\",\"errorType\":\"unavailable\","
            "\"error\":\"admin APIs disabled (--web.enable-admin-api)\"}");
}

TEST(AdminSnapshot, WhatTheStoreRefusesIsSaid) {
  test::World world;
  const auto api = world.MakeApi();
  world.snapshot = Error{Code::kUnavailable, "no room"};
  auto response = api->Handle(test::Request("POST", kPath));
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.body.find("no room"), std::string::npos) << response.body;
  world.snapshot = Error{Code::kCorrupt, "damaged"};
  EXPECT_EQ(api->Handle(test::Request("POST", kPath)).status, 500);
}

TEST(AdminSnapshot, TheHeadCannotBeSkipped) {
  test::World world;
  const auto api = world.MakeApi();
  const std::string path(kPath);
  EXPECT_EQ(api->Handle(test::Request("POST", path + "?skip_head=true")).status, 400);
  EXPECT_EQ(api->Handle(test::Request("POST", path + "?skip_head=false")).status, 200);
}

}  // namespace
}  // namespace nines::api
