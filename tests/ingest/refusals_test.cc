#include "ingest/refusals.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace nines::ingest {
namespace {

TEST(Refusals, EveryReasonOnceWithItsFirstPlaces) {
  Refusals refusals;
  EXPECT_TRUE(refusals.empty());
  EXPECT_EQ(refusals.Text(), "");
  for (int i = 0; i < 3; ++i) {
    refusals.Add(SampleRefusal::kTooOld, "too old", 1, [&] { return std::to_string(i); });
  }
  EXPECT_EQ(refusals.Text(), "too old: 3 (0, 1, 2)");
  refusals.Add(SampleRefusal::kTooOld, "too old", 5, []() -> std::string {
    ADD_FAILURE() << "a place was made that is not shown";
    return "";
  });
  refusals.Add(SampleRefusal::kLabels, "invalid labels", 2, [] { return std::string("x{}"); });
  EXPECT_EQ(refusals.Text(), "invalid labels: 2 (x{}); too old: 8 (0, 1, 2, ...)");
  EXPECT_EQ(refusals.count(SampleRefusal::kTooOld), 8u);
  EXPECT_EQ(refusals.count(SampleRefusal::kDuplicate), 0u);
  EXPECT_FALSE(refusals.empty());
  refusals.Clear();
  EXPECT_TRUE(refusals.empty());
  EXPECT_EQ(refusals.Text(), "");
}

TEST(Refusals, LabelsDiffer) {
  std::set<std::string_view> labels;
  for (size_t i = 0; i < kSampleRefusals; ++i) {
    labels.insert(SampleRefusalLabel(static_cast<SampleRefusal>(i)));
  }
  EXPECT_EQ(labels.size(), kSampleRefusals);
  EXPECT_EQ(labels.count(""), 0u);
}

}  // namespace
}  // namespace nines::ingest
