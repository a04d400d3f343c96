#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "tests/tsdb/store_fixture.h"

namespace nines::tsdb {
namespace {

const Labels kUp{{"__name__", "up"}};
constexpr uint64_t kGiB = uint64_t{1} << 30;

class SpaceTest : public StoreFixture {
 protected:
  SpaceTest() {
    options_.disk_space = [this](const std::string& path) {
      EXPECT_EQ(path, options_.path);
      ++asked_;
      return space_;
    };
  }
  // Puts a new sample a second after the last.
  std::string PutNext() {
    now_ += std::chrono::seconds{1};
    return Put(kUp, ToUnixMs(now_), 1);
  }

  std::optional<DiskSpace> space_;
  int asked_ = 0;
};

TEST_F(SpaceTest, RefusesBelowTheSmallerOfShareAndBytes) {
  Open();
  const auto f = [this](uint64_t total, uint64_t limit) {
    space_ = {.free = limit, .total = total};
    EXPECT_EQ(PutNext(), "stored") << total;
    space_->free = limit - 1;
    EXPECT_EQ(PutNext(), "the file system of " + options_.path + " has " +
                             std::to_string(limit - 1) + " bytes free, below the minimum of " +
                             std::to_string(limit) + " (storage.min_free)");
    space_->free = limit;
    EXPECT_EQ(PutNext(), "stored") << total << " has room again";
  };
  f(100'000, 5'000);
  f(20 * kGiB - 2000, kGiB - 100);
  f(20 * kGiB, kGiB);
  f(1000 * kGiB, kGiB);
}

TEST_F(SpaceTest, BytesAloneAndAShareAlone) {
  options_.min_free = {.bytes = 300, .percent = 100};
  Open();
  space_ = {.free = 300, .total = 1'000'000};
  EXPECT_EQ(PutNext(), "stored");
  space_->free = 299;
  EXPECT_NE(PutNext(), "stored");
  options_.min_free = {.bytes = UINT64_MAX, .percent = 50};
  Open();
  space_->free = 500'000;
  EXPECT_EQ(PutNext(), "stored");
  space_->free = 499'999;
  EXPECT_NE(PutNext(), "stored");
  options_.min_free.percent = 0;
  Open();
  space_->free = 0;
  EXPECT_EQ(PutNext(), "stored");
}

TEST_F(SpaceTest, IsUnavailableAndTheRestGoesOn) {
  Open();
  space_ = {.free = kGiB, .total = 100 * kGiB};
  ASSERT_EQ(PutNext(), "stored");
  now_ += std::chrono::seconds{1};
  space_->free = 0;
  const Append sample{Id(kUp), ToUnixMs(now_), 2};
  const auto refused = store_->Append({&sample, 1}, now_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_TRUE(store_->records().Write(std::vector<Records::Change>{{"room/kind/a", "b"}}));
  Checkpoint();
  EXPECT_EQ(Read(kUp), "1000=1");
}

TEST_F(SpaceTest, AsksOnceASecond) {
  Open();
  space_ = {.free = 0, .total = kGiB};
  const Time start = now_;
  const auto put = [&](int64_t after_ms) {
    now_ = start + Duration{after_ms};
    (void)Put(kUp, kNoonMs, 1);
    return asked_;
  };
  EXPECT_EQ(put(0), 1);
  EXPECT_EQ(put(999), 1);
  EXPECT_EQ(put(1000), 2);
  EXPECT_EQ(put(500), 3) << "the clock was set back";
  EXPECT_EQ(put(1499), 3);
  ASSERT_TRUE(store_->Maintain(start + Duration{1500}));
  EXPECT_EQ(asked_, 4) << "upkeep";
}

TEST_F(SpaceTest, AnUnknownAnswerRefusesNothing) {
  Open();
  EXPECT_EQ(PutNext(), "stored");
  EXPECT_EQ(asked_, 1);
}

// Without a function it is the machine's own answer.
TEST_F(SpaceTest, TheMachinesDisk) {
  options_.disk_space = nullptr;
  options_.min_free = {.bytes = UINT64_MAX, .percent = 100};
  prometheus::Registry registry;
  options_.registry = &registry;
  Open();
  const std::string refused = PutNext();
  EXPECT_TRUE(refused.starts_with("the file system of " + options_.path + " has ")) << refused;
  const std::string text = prometheus::TextSerializer().Serialize(registry.Collect());
  EXPECT_NE(text.find("nines_tsdb_disk_free_bytes "), std::string::npos) << text;
  EXPECT_EQ(text.find("nines_tsdb_disk_free_bytes 0\n"), std::string::npos) << text;
  store_.reset();
}

}  // namespace
}  // namespace nines::tsdb
