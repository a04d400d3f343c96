#include "tsdb/metadata.h"

#include <gtest/gtest.h>

#include "base/prng.h"
#include "tests/support/fault_fs.h"
#include "tests/tsdb/hex.h"
#include "tests/tsdb/store_fixture.h"

namespace nines::tsdb {
namespace {

class MetadataTest : public StoreFixture {
 protected:
  // "kept" or "refused".
  std::string Add(std::string_view name, MetricType type, std::string_view help,
                  std::string_view unit = "") {
    const MetadataOf one{name, type, help, unit};
    const auto report = store_->Append(Writes{.metadata = {&one, 1}}, now_);
    if (!report) return report.error().message;
    EXPECT_EQ(report->metadata + report->metadata_refused, 1u);
    return report->metadata == 1 ? "kept" : "refused";
  }
  // "name type help unit" a line.
  std::string Find(std::string_view name = "") {
    std::string text;
    for (const MetricMetadata& one : store_->FindMetadata(name)) {
      text += one.name + "|" + std::string(MetricTypeName(one.type)) + "|" + one.help + "|" +
              one.unit + "\n";
    }
    return text;
  }
};

TEST_F(MetadataTest, TheLastWordWins) {
  Open();
  EXPECT_EQ(Add("x", MetricType::kHistogram, "Latency.", "seconds"), "kept");
  EXPECT_EQ(Add("a", MetricType::kGauge, "A."), "kept");
  EXPECT_EQ(Find(), "a|gauge|A.|\nx|histogram|Latency.|seconds\n");
  EXPECT_EQ(Add("x", MetricType::kHistogram, "How long.", "seconds"), "kept");
  EXPECT_EQ(Find("x"), "x|histogram|How long.|seconds\n");
  EXPECT_EQ(Find("y"), "");
  EXPECT_TRUE(store_->KnowsMetadata({"a", MetricType::kGauge, "A.", ""}));
  EXPECT_FALSE(store_->KnowsMetadata({"a", MetricType::kCounter, "A.", ""}));
  EXPECT_FALSE(store_->KnowsMetadata({"a", MetricType::kGauge, "B.", ""}));
  EXPECT_FALSE(store_->KnowsMetadata({"a", MetricType::kGauge, "A.", "m"}));
  EXPECT_FALSE(store_->KnowsMetadata({"b", MetricType::kGauge, "A.", ""}));
  EXPECT_EQ(store_->stats().metadata, 2u);
}

TEST_F(MetadataTest, NamesMax) {
  options_.metadata_max = 2;
  Open();
  EXPECT_EQ(Add("a", MetricType::kGauge, "A."), "kept");
  EXPECT_EQ(Add("b", MetricType::kGauge, "B."), "kept");
  EXPECT_EQ(Add("c", MetricType::kGauge, "C."), "refused");
  EXPECT_EQ(Add("a", MetricType::kGauge, "A."), "kept") << "the same again";
  EXPECT_EQ(Add("a", MetricType::kGauge, "Another."), "kept") << "of a known name";
  options_.metadata_max = 1;
  Crash();
  EXPECT_EQ(Find(), "a|gauge|Another.|\n");
  Put({{"__name__", "up"}}, kNoonMs, 1);
  options_.metadata_max = 2;
  Crash();
  EXPECT_EQ(Find(), "a|gauge|Another.|\n") << "what was left out is gone";
}

TEST_F(MetadataTest, SurvivesAPowerCut) {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::FaultFs disk;
    options_.env = disk.env();
    options_.path = "/data";
    Prng prng(seed);
    std::string expected;
    for (int round = 0; round < 5; ++round) {
      if (round > 0) disk.Restore();
      Open();
      ASSERT_EQ(Find(), expected) << "round " << round;
      for (uint64_t i = prng.Below(12); i > 0; --i) {
        const std::string name(1, static_cast<char>('a' + prng.Below(6)));
        ASSERT_EQ(Add(name, MetricType::kCounter, std::to_string(prng.Below(100))), "kept");
        if (prng.Chance(10)) (void)store_->Maintain(now_ + Duration{round + 2});
      }
      expected = Find();
      disk.PowerCut();
      EXPECT_NE(Add("lost", MetricType::kCounter, "lost"), "kept");
      store_.reset();
    }
  }
}

// ---- Records.

TEST(MetadataRecord, AsInTheFormatPage) {
  EXPECT_EQ(ToHex(EncodeMetadata({"x", MetricType::kCounter, "How long.", "seconds"})),
            ToHex(BytesOf("tsdb/FORMAT.md", "metadata")));
}

TEST(MetadataRecord, DamagedOnesAreRefused) {
  const std::string value = EncodeMetadata({"x", MetricType::kStateset, "How long.", "seconds"});
  const auto load = [](const std::string& key, const std::string& bytes) {
    return MetadataTable(10).Load(key, bytes);
  };
  EXPECT_TRUE(load("x", value));
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(load("x", value.substr(0, size))) << size;
  }
  EXPECT_FALSE(load("x", value + "x"));
  EXPECT_FALSE(load("", value));
  std::string other = value;
  other[0] = '\x02';
  EXPECT_FALSE(load("x", other)) << "version";
  other = value;
  other[1] = '\x08';
  EXPECT_FALSE(load("x", other)) << "type";
}

}  // namespace
}  // namespace nines::tsdb
