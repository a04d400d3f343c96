#include "ingest/snappy_body.h"

#include <gtest/gtest.h>
#include <snappy.h>

#include <string>

#include "base/prng.h"
#include "tests/ingest/wire_writer.h"

namespace nines::ingest {
namespace {

constexpr uint64_t kDecodedMax = uint64_t{32} << 20;

std::string Compress(std::string_view text) {
  std::string out;
  snappy::Compress(text.data(), text.size(), &out);
  return out;
}

// Refused, and no memory taken for it.
void Refuses(std::string_view body, Code code, const std::string& message) {
  BodyBuffer buffer;
  const auto decoded = DecodeSnappy(body, kDecodedMax, &buffer);
  ASSERT_FALSE(decoded) << message;
  EXPECT_EQ(decoded.error().code, code);
  EXPECT_EQ(decoded.error().message, message);
  EXPECT_EQ(buffer.capacity(), 0u);
}

TEST(SnappyBody, DecodesIntoTheSameMemory) {
  BodyBuffer buffer;
  const std::string big(100'000, 'x');
  EXPECT_EQ(*DecodeSnappy(Compress(big), kDecodedMax, &buffer), big);
  const size_t capacity = buffer.capacity();
  EXPECT_EQ(*DecodeSnappy(Compress("small"), kDecodedMax, &buffer), "small");
  EXPECT_EQ(*DecodeSnappy(Compress(""), kDecodedMax, &buffer), "");
  EXPECT_EQ(buffer.capacity(), capacity);
}

TEST(SnappyBody, Bombs) {
  Refuses(WireWriter().Varint(0xffffffffu).Raw("12345").str(), Code::kExhausted,
          "declares 4294967295 decoded bytes, above 33554432");
  Refuses(WireWriter().Varint(kDecodedMax + 1).str(), Code::kExhausted,
          "declares 33554433 decoded bytes, above 33554432");
  Refuses(WireWriter().Varint(kDecodedMax).Raw("123456").str(), Code::kInvalid,
          "not a snappy block: it declares 33554432 decoded bytes, more than its 10 can hold");
  Refuses(WireWriter().Varint(uint64_t{1} << 32).str(), Code::kInvalid,
          "not a snappy block: it declares no length");
  Refuses("\xff", Code::kInvalid, "not a snappy block: it declares no length");
  Refuses(std::string("\xff\x06\x00\x00sNaPpY\x00", 11), Code::kInvalid,
          "snappy's framed format; the block format is what is taken");
}

// The densest block that the format allows is no bomb: one literal, then copies of 64 bytes.
TEST(SnappyBody, DensestBlockIsTaken) {
  constexpr uint64_t kCopies = 10'000;
  WireWriter block;
  block.Varint(1 + 64 * kCopies).Raw(std::string("\x00x", 2));
  for (uint64_t i = 0; i < kCopies; ++i) block.Raw(std::string("\xfe\x01\x00", 3));
  BodyBuffer buffer;
  const auto decoded = DecodeSnappy(block.str(), kDecodedMax, &buffer);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, std::string(1 + 64 * kCopies, 'x'));
}

TEST(SnappyBody, DecodedBytesMax) {
  BodyBuffer buffer;
  const std::string body = Compress(std::string(1000, 'x'));
  EXPECT_TRUE(DecodeSnappy(body, 1000, &buffer));
  const auto decoded = DecodeSnappy(body, 999, &buffer);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Code::kExhausted);
}

TEST(SnappyBody, CorruptBlocksAreRefusedOrDecode) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += std::to_string(i * i);
  const std::string body = Compress(text);
  BodyBuffer buffer;
  for (size_t size = 0; size < body.size(); ++size) {
    const auto decoded = DecodeSnappy(body.substr(0, size), kDecodedMax, &buffer);
    ASSERT_FALSE(decoded) << size;
    EXPECT_EQ(decoded.error().code, Code::kInvalid);
  }
  for (const uint64_t seed : {1u, 2u, 3u, 4u}) {
    Prng prng(seed);
    for (int i = 0; i < 2000; ++i) {
      std::string damaged = body;
      damaged[prng.Below(damaged.size())] = static_cast<char>(prng.Below(256));
      const auto decoded = DecodeSnappy(damaged, kDecodedMax, &buffer);
      if (!decoded) continue;
      ASSERT_LE(decoded->size(), buffer.capacity()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace nines::ingest
