#include "app/line_reader.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace nines::app {
namespace {

class LineReaderTest : public ::testing::Test {
 protected:
  // The lines of a file of that text, each with '|' behind it, or the error.
  std::string Read(const std::string& text) {
    auto reader = LineReader::Open(dir_.Write("file", text));
    EXPECT_TRUE(reader) << reader.error().message;
    std::string out;
    for (;;) {
      const auto line = (*reader)->Next();
      place_ = (*reader)->Place();
      progress_ = (*reader)->Progress();
      if (!line) return line.error().message;
      if (!*line) return out;
      out.append(**line).push_back('|');
    }
  }

  test::TempDir dir_;
  std::string place_;
  std::string progress_;
};

TEST_F(LineReaderTest, Lines) {
  EXPECT_EQ(Read(""), "");
  EXPECT_EQ(Read("a"), "a|");
  EXPECT_EQ(Read("a\n"), "a|");
  EXPECT_EQ(Read("a\n\nb"), "a||b|");
  EXPECT_EQ(place_, dir_.File("file") + ":3");
  EXPECT_EQ(progress_, "3 lines, 100.0 % of " + dir_.File("file"));
}

TEST_F(LineReaderTest, LinesBeyondTheBuffer) {
  std::string text, want;
  for (int i = 0; i < 7; ++i) {
    const std::string line(LineReader::kLineBytesMax - static_cast<size_t>(i) * 1000,
                           static_cast<char>('a' + i));
    text += line + "\n";
    want += line + "|";
  }
  EXPECT_TRUE(Read(text) == want);
}

TEST_F(LineReaderTest, TheLongestLineAndOneMore) {
  const std::string longest(LineReader::kLineBytesMax, 'x');
  EXPECT_TRUE(Read(longest + "\ny") == longest + "|y|");
  EXPECT_TRUE(Read("y\n" + longest) == "y|" + longest + "|");
  for (const std::string end : {"", "\n", "\ny"}) {
    EXPECT_EQ(Read("y\n" + longest + "x" + end), "a line of more than 1048576 bytes");
    EXPECT_EQ(place_, dir_.File("file") + ":2");
  }
}

TEST_F(LineReaderTest, WhatCannotBeOpened) {
  const auto none = LineReader::Open(dir_.File("none"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::kNotFound);
  const auto folder = LineReader::Open(dir_.path());
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find("is a directory"), std::string::npos);
}

}  // namespace
}  // namespace nines::app
