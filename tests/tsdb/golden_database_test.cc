#include <bit>
#include <filesystem>

#include "tests/tsdb/store_fixture.h"

// Databases that older versions wrote.  Each holds the same samples: 200 scrapes in fragments, then
// 40 in the journal of a process that was killed.

namespace nines::tsdb {
namespace {

constexpr int64_t kStartMs = kNoonMs - kDayMs;
constexpr int64_t kSpacingMs = 15'000;
constexpr int kScrapes = 240;

class GoldenDatabaseTest : public StoreFixture, public ::testing::WithParamInterface<const char*> {
 protected:
  GoldenDatabaseTest() {
    std::filesystem::copy(std::string(SOURCE_ROOT "/tests/golden/tsdb/") + GetParam(),
                          options_.path);
  }

  void ExpectSamples(const Labels& series, double (*value)(int scrape)) {
    const ColumnId id = Id(series);
    const auto read = store_->Read({&id, 1}, FromUnixMs(0), now_);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->at(0).size(), static_cast<size_t>(kScrapes)) << series.ToString();
    for (int i = 0; i < kScrapes; ++i) {
      const Sample& sample = read->at(0)[static_cast<size_t>(i)];
      ASSERT_EQ(ToUnixMs(sample.at), kStartMs + i * kSpacingMs) << series.ToString();
      const double expected = value(i);
      ASSERT_EQ(std::bit_cast<uint64_t>(sample.value), std::bit_cast<uint64_t>(expected))
          << series.ToString() << " scrape " << i;
    }
  }

  void ExpectAll() {
    EXPECT_EQ(Select(R"({job="a"})"),
              "up{job=\"a\"}\n"
              "x_bucket{job=\"a\", le=\"+Inf\"}\n"
              "x_bucket{job=\"a\", le=\"0.1\"}\n"
              "x_bucket{job=\"a\", le=\"0.5\"}\n"
              "x_bucket{job=\"a\", le=\"2.50\"}\n"
              "x_count{job=\"a\"}\n"
              "x_sum{job=\"a\"}\n");
    ExpectSamples({{"__name__", "x_bucket"}, {"job", "a"}, {"le", "2.50"}},
                  [](int i) { return 3.0 * i; });
    ExpectSamples({{"__name__", "x_count"}, {"job", "a"}}, [](int i) { return 4.0 * i; });
    ExpectSamples({{"__name__", "x_sum"}, {"job", "a"}}, [](int i) { return 0.1 * i; });
    ExpectSamples({{"__name__", "up"}, {"job", "a"}},
                  [](int i) { return i % 7 == 0 ? StaleMarker() : 1.0; });
  }
};

TEST_P(GoldenDatabaseTest, ReadsOnAndGoesOn) {
  Open();
  ExpectAll();
  EXPECT_EQ(Put({{"__name__", "up"}, {"job", "a"}}, kNoonMs, 1), "stored");
  EXPECT_EQ(Put({{"__name__", "up"}, {"job", "b"}}, kNoonMs, 1), "stored");
  CloseAndOpen();
  EXPECT_EQ(Read({{"__name__", "up"}, {"job", "a"}}, kNoonMs), "0=1");
  EXPECT_EQ(Read({{"__name__", "up"}, {"job", "b"}}), "0=1");
}

TEST_P(GoldenDatabaseTest, IsUpgradedWhole) {
  Open();
  CloseAndOpen();
  ExpectAll();
}

INSTANTIATE_TEST_SUITE_P(Versions, GoldenDatabaseTest, ::testing::Values("v1-database"));

}  // namespace
}  // namespace nines::tsdb
