#include "net/fair_share.h"

#include <gtest/gtest.h>

namespace nines::net {
namespace {

TEST(FairShare, OneAloneHasHalf) {
  std::atomic<uint64_t> taken{0};
  FairShare share(100, &taken);
  EXPECT_TRUE(share.Take("a", 20));
  EXPECT_TRUE(share.Take("a", 30));
  EXPECT_FALSE(share.Take("a", 1)) << "51 of 100";
  EXPECT_EQ(taken, 50u);
  share.Return("a", 20);
  EXPECT_TRUE(share.Take("a", 20));
}

// The first thing that a client asks for is given whole where there is room, or a body that is
// larger than a share could never be taken.
TEST(FairShare, WhoHoldsNothingGetsWhatIsFree) {
  std::atomic<uint64_t> taken{0};
  FairShare share(100, &taken);
  EXPECT_FALSE(share.Take("a", 101));
  EXPECT_TRUE(share.Take("a", 100));
  EXPECT_FALSE(share.Take("b", 1));
  share.Return("a", 100);
  EXPECT_EQ(taken, 0u);
  EXPECT_TRUE(share.Take("b", 100));
}

TEST(FairShare, GreedyOnesLeaveAShareForTheNext) {
  std::atomic<uint64_t> taken{0};
  FairShare share(1200, &taken);
  for (int round = 0; round < 4000; ++round) {
    for (const char* client : {"a", "b", "c"}) {
      if (taken < 1200) share.Take(client, 1);
    }
  }
  EXPECT_EQ(taken, 900u);
  EXPECT_TRUE(share.Take("d", 150));
  EXPECT_FALSE(share.Take("d", 1));
}

TEST(FairShare, AHoldingGivesBack) {
  std::atomic<uint64_t> taken{0};
  FairShare share(100, &taken);
  {
    Holding holding(&share, "a");
    EXPECT_TRUE(holding.GrowTo(10));
    EXPECT_TRUE(holding.GrowTo(5));
    EXPECT_EQ(taken, 10u);
    EXPECT_TRUE(holding.GrowTo(50));
    EXPECT_FALSE(holding.GrowTo(51));
    EXPECT_EQ(taken, 50u);
  }
  EXPECT_EQ(taken, 0u);
}

}  // namespace
}  // namespace nines::net
