#include "notifier/codec.h"

#include <gtest/gtest.h>

#include <limits>

namespace nines::notifier {
namespace {

TEST(Codec, IntegersRoundTripAtTheirLimits) {
  for (uint64_t value :
       {uint64_t{0}, uint64_t{1}, uint64_t{127}, uint64_t{128}, uint64_t{16383}, uint64_t{16384},
        uint64_t{1} << 32, uint64_t{1} << 63, std::numeric_limits<uint64_t>::max()}) {
    RecordWriter writer;
    writer.Integer(value);
    const std::string bytes = writer.Take();
    RecordReader reader(bytes);
    EXPECT_EQ(reader.Integer(), value);
    EXPECT_TRUE(reader.Done()) << value;
  }
}

TEST(Codec, SmallRefusesMoreThan32Bits) {
  for (uint64_t value : {uint64_t{0xffffffff}, uint64_t{0x100000000}}) {
    RecordWriter writer;
    writer.Integer(value);
    const std::string bytes = writer.Take();
    RecordReader reader(bytes);
    EXPECT_EQ(reader.Small(), value == 0xffffffff ? 0xffffffff : 0);
    EXPECT_EQ(reader.ok(), value == 0xffffffff) << value;
  }
}

TEST(Codec, InstantsRoundTrip) {
  for (int64_t ms : {int64_t{0}, int64_t{-1}, int64_t{1'764'355'339'123},
                     std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    RecordWriter writer;
    writer.Instant(FromUnixMs(ms));
    writer.OptionalInstant(FromUnixMs(ms));
    writer.OptionalInstant(std::nullopt);
    const std::string bytes = writer.Take();
    RecordReader reader(bytes);
    EXPECT_EQ(ToUnixMs(reader.Instant()), ms);
    EXPECT_EQ(reader.OptionalInstant(), FromUnixMs(ms));
    EXPECT_EQ(reader.OptionalInstant(), std::nullopt);
    EXPECT_TRUE(reader.Done()) << ms;
  }
}

TEST(Codec, BytesOfAllKinds) {
  RecordWriter writer;
  writer.Integer(300);
  writer.Text("ab");
  writer.Instant(FromUnixMs(-1));
  writer.LabelSet(Labels{{"k", "v"}});
  const std::string bytes = writer.Take();
  EXPECT_EQ(bytes, std::string("\xAC\x02\x02"
                               "ab\x01\x01\x01k\x01v"));
}

TEST(Codec, BadBytesFailAndReadNothing) {
  const std::string ten(10, '\xff');
  for (const std::string& bytes : {std::string(), std::string("\x80"), ten,
                                   std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")}) {
    RecordReader reader(bytes);
    EXPECT_EQ(reader.Integer(), 0u);
    EXPECT_FALSE(reader.ok());
  }
  // A length far beyond the bytes that are there takes no memory.
  RecordReader text(
      "\xff\xff\xff\xff\x0f"
      "ab");
  EXPECT_EQ(text.Text(), "");
  EXPECT_FALSE(text.ok());
  RecordReader labels("\x02\x01k\x01v");
  labels.LabelSet();
  EXPECT_FALSE(labels.ok());
  RecordReader optional("\x02\x00");
  EXPECT_EQ(optional.OptionalInstant(), std::nullopt);
  EXPECT_FALSE(optional.ok());
}

}  // namespace
}  // namespace nines::notifier
