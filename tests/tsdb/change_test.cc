#include "tsdb/change.h"

#include <gtest/gtest.h>

namespace nines::tsdb {
namespace {

Change Put(std::string key, std::string value) {
  return {.table = Table::kSeries, .key = std::move(key), .value = std::move(value)};
}
Change Delete(std::string key) {
  return {.table = Table::kSeries, .key = std::move(key), .value = std::nullopt};
}

// "a=1 b-"
std::string Text(const std::vector<Change>& changes) {
  std::string text;
  for (const Change& change : changes) {
    if (!text.empty()) text += ' ';
    text += change.key + (change.value ? "=" + *change.value : "-");
  }
  return text;
}

std::string AfterPutBack(std::vector<Change> failed, std::vector<Change> pending) {
  PutBack(std::move(failed), &pending);
  return Text(pending);
}

TEST(Change, PutBackKeepsTheLastOfEachRecord) {
  EXPECT_EQ(AfterPutBack({}, {}), "");
  EXPECT_EQ(AfterPutBack({Put("a", "1")}, {}), "a=1");
  EXPECT_EQ(AfterPutBack({Put("b", "1"), Put("a", "1")}, {Put("c", "1")}), "a=1 b=1 c=1");
  EXPECT_EQ(AfterPutBack({Put("a", "1"), Put("b", "1")}, {Put("a", "2")}), "a=2 b=1");
  EXPECT_EQ(AfterPutBack({Put("a", "1")}, {Delete("a")}), "a-");
  EXPECT_EQ(AfterPutBack({Delete("a")}, {Put("a", "3")}), "a=3");
  EXPECT_EQ(AfterPutBack({Put("a", "1"), Put("a", "2"), Put("a", "3")}, {}), "a=3");
}

}  // namespace
}  // namespace nines::tsdb
