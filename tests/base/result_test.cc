#include "base/result.h"

#include <gtest/gtest.h>

namespace nines {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return Error{Code::kInvalid, "odd"};
  return n / 2;
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(Half(4).value(), 2);
  ASSERT_FALSE(Half(3));
  EXPECT_EQ(Half(3).error().code, Code::kInvalid);
  EXPECT_EQ(Half(3).error().message, "odd");
  const Result<void> done;
  EXPECT_TRUE(done);
}

TEST(Result, AValueThatIsNotThereIsABug) { EXPECT_THROW(Half(3).value(), std::logic_error); }

TEST(Result, WrapPutsTheContextInFront) {
  const Error e = Wrap("nines.yml", {Code::kCorrupt, "torn"});
  EXPECT_EQ(e.code, Code::kCorrupt);
  EXPECT_EQ(e.message, "nines.yml: torn");
}

}  // namespace
}  // namespace nines
