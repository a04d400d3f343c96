#include "ingest/content.h"

#include <gtest/gtest.h>

#include <string>

namespace nines::ingest {
namespace {

void TypeIs(Protocol protocol, std::string_view type) {
  const auto result = CheckContentType(type);
  ASSERT_TRUE(result) << type << ": " << result.error().message;
  EXPECT_EQ(*result, protocol) << type;
}

void TypeIsRefused(std::string_view type, const std::string& message) {
  const auto result = CheckContentType(type);
  ASSERT_FALSE(result) << type;
  EXPECT_EQ(result.error().code, Code::kInvalid);
  EXPECT_EQ(result.error().message, message);
}

TEST(Content, TypesTaken) {
  TypeIs(Protocol::kV1, "");
  TypeIs(Protocol::kV1, "application/x-protobuf");
  TypeIs(Protocol::kV1, " Application/X-Protobuf ");
  TypeIs(Protocol::kV1, "application/x-protobuf;proto=prometheus.WriteRequest");
  TypeIs(Protocol::kV1, "application/x-protobuf; Proto=prometheus.WriteRequest; x=y");
  TypeIs(Protocol::kV1, "application/x-protobuf;proto=\"prometheus.WriteRequest\"");
  TypeIs(Protocol::kV1, "application/x-protobuf;charset=utf-8;proto=prometheus.WriteRequest");
  TypeIs(Protocol::kV1, "application/x-protobuf;");
  // The first `proto` decides, as in Prometheus.
  TypeIs(Protocol::kV1, "application/x-protobuf;proto=prometheus.WriteRequest;proto=other");
  TypeIs(Protocol::kV2, "application/x-protobuf;proto=io.prometheus.write.v2.Request");
  TypeIs(Protocol::kV2, "Application/X-Protobuf ; PROTO = io.prometheus.write.v2.Request");
  TypeIs(Protocol::kV2,
         "application/x-protobuf;a=b;proto=\"io.prometheus.write.v2.Request\";proto=other");
}

TEST(Content, TypesRefused) {
  TypeIsRefused("text/plain",
                "content type is \"text/plain\"; what is taken is application/x-protobuf");
  TypeIsRefused(";", "content type is \";\"; what is taken is application/x-protobuf");
  TypeIsRefused("application/x-protobufs",
                "content type is \"application/x-protobufs\"; what is taken is "
                "application/x-protobuf");
  TypeIsRefused("application/x-protobuf;proto",
                "content type has a parameter that is no key=value: \"proto\"");
  TypeIsRefused("application/x-protobuf;a=b=c",
                "content type has a parameter that is no key=value: \"a=b=c\"");
  TypeIsRefused("application/x-protobuf;proto=",
                "content type has proto=\"\"; what is taken is io.prometheus.write.v2.Request or "
                "prometheus.WriteRequest");
  TypeIsRefused("application/x-protobuf;proto=prometheus.writerequest",
                "content type has proto=\"prometheus.writerequest\"; what is taken is "
                "io.prometheus.write.v2.Request or prometheus.WriteRequest");
  TypeIsRefused("application/x-protobuf;proto=io.prometheus.write.v3.Request",
                "content type has proto=\"io.prometheus.write.v3.Request\"; what is taken is "
                "io.prometheus.write.v2.Request or prometheus.WriteRequest");
}

TEST(Content, Encodings) {
  for (const auto* taken : {"", "snappy", "Snappy", " snappy "}) {
    EXPECT_TRUE(CheckContentEncoding(taken)) << taken;
  }
  for (const auto* refused : {"gzip", "identity", "snappy, gzip", "snapp", "zstd"}) {
    const auto result = CheckContentEncoding(refused);
    ASSERT_FALSE(result) << refused;
    EXPECT_EQ(result.error().message,
              std::string("content encoding is \"") + refused + "\"; what is taken is snappy");
  }
}

TEST(Content, LongHeadersAreCutInMessages) {
  EXPECT_LT(CheckContentType(std::string(100'000, 'x')).error().message.size(), 400u);
  EXPECT_LT(CheckContentEncoding(std::string(100'000, 'x')).error().message.size(), 400u);
}

}  // namespace
}  // namespace nines::ingest
