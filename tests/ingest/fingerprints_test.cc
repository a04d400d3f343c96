#include "ingest/fingerprints.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ingest/remote_write_v1.h"
#include "ingest/remote_write_v2.h"
#include "tests/ingest/request_v2.h"
#include "tests/support/temp_dir.h"

namespace nines::ingest {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class FingerprintsTest : public testing::Test {
 protected:
  FingerprintsTest() {
    auto store = tsdb::Store::Open({.path = dir_.File("store")});
    if (!store) ADD_FAILURE() << store.error().message;
    if (store) store_ = std::move(*store);
  }

  std::vector<tsdb::Fingerprint> Of(const std::string& body) {
    WireRequest request;
    EXPECT_TRUE(DecodeRequestV2(body, {.samples_max = 1000, .symbols_max = 100'000}, &request));
    fingerprints_.Compute(request, *store_);
    return {fingerprints_.all().begin(), fingerprints_.all().end()};
  }

  tsdb::Fingerprint OfOne(const Pairs& labels, std::vector<std::string> symbols = {""}) {
    const auto all = Of(RequestV2(std::move(symbols)).Series(labels, {}).SymbolsFirst());
    EXPECT_EQ(all.size(), 1u);
    return all.at(0);
  }

  test::TempDir dir_;
  std::unique_ptr<tsdb::Store> store_;
  Fingerprints fingerprints_;
};

// References change from request to request, and the label set is the same.
TEST_F(FingerprintsTest, OfTheSymbolsNotOfTheirPlaces) {
  const Pairs labels = {{"__name__", "x"}, {"a", "b"}};
  const tsdb::Fingerprint one = OfOne(labels);
  EXPECT_EQ(OfOne(labels, {"", "other", "b", "a"}), one);
  EXPECT_EQ(OfOne(labels, {"", "x", "", "a"}), one);
}

TEST_F(FingerprintsTest, AnotherOneForAnyOtherLabels) {
  const std::vector<Pairs> sets = {{},
                                   {{"__name__", "x"}},
                                   {{"__name__", "x"}, {"a", "b"}},
                                   {{"a", "b"}, {"__name__", "x"}},
                                   {{"__name__", "x"}, {"b", "a"}},
                                   {{"__name__", "x"}, {"a", ""}},
                                   {{"__name__", "x"}, {"", ""}},
                                   {{"x", "__name__"}}};
  std::set<std::pair<uint64_t, uint64_t>> seen;
  for (const Pairs& labels : sets) {
    const tsdb::Fingerprint one = OfOne(labels);
    EXPECT_TRUE(seen.emplace(one.low, one.high).second);
  }
}

// Whatever is mixed at once: every length, and every label of a long series, counts.
TEST_F(FingerprintsTest, LongSeries) {
  std::set<std::pair<uint64_t, uint64_t>> seen;
  Pairs labels;
  for (int i = 0; i < 140; ++i) {
    labels.emplace_back("name" + std::to_string(i % 7), "v");
    const tsdb::Fingerprint one = OfOne(labels);
    EXPECT_TRUE(seen.emplace(one.low, one.high).second) << i;
  }
  for (size_t i = 0; i < labels.size(); ++i) {
    Pairs changed = labels;
    changed[i].second = "w";
    const tsdb::Fingerprint one = OfOne(changed);
    EXPECT_TRUE(seen.emplace(one.low, one.high).second) << i;
  }
}

TEST_F(FingerprintsTest, WhatPointsBeyondTheSymbolsFindsNothing) {
  const auto all = Of(RequestV2({"", "__name__", "x"})
                          .Raw(RequestV2::Packed({1, 3}))
                          .Raw(RequestV2::Packed({1, 2}))
                          .SymbolsFirst());
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0], tsdb::Fingerprint{});
  EXPECT_NE(all[1], tsdb::Fingerprint{});
}

TEST_F(FingerprintsTest, ProtocolsDoNotMeet) {
  const std::string labels = WireWriter().Bytes(1, LabelMessage("__name__", "x")).str();
  const std::string body =
      WireWriter().Bytes(1, WireWriter().Raw(labels).Bytes(2, SampleMessage(1, 1)).str()).str();
  WireRequest request;
  ASSERT_TRUE(DecodeWriteRequest(body, 1, &request));
  fingerprints_.Compute(request, *store_);
  ASSERT_EQ(fingerprints_.all().size(), 1u);
  const tsdb::Fingerprint one = fingerprints_.all()[0];
  EXPECT_EQ(one, store_->Hash(labels));
  EXPECT_NE(one, OfOne({{"__name__", "x"}}));
}

}  // namespace
}  // namespace nines::ingest
