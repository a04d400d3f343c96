#include "tsdb/records.h"

#include <functional>

#include "tests/support/fake_records.h"
#include "tests/support/fault_fs.h"
#include "tests/tsdb/store_fixture.h"

namespace nines::tsdb {
namespace {

using Change = Records::Change;

std::string Scan(const Records& records, std::string_view prefix) {
  const auto found = records.Scan(prefix);
  if (!found) return found.error().message;
  std::string text;
  for (const auto& [key, value] : *found) text += key + "=" + value + " ";
  return text;
}

// Both implementations keep the contract.
void CheckContract(Records* records) {
  EXPECT_EQ(Scan(*records, ""), "");
  const std::string binary("\0\xff\n", 3);
  ASSERT_TRUE(records->Write(std::vector<Change>{
      {"slo/alert/b", "2"}, {"slo/alert/a", "1"}, {"slo/alertx", ""}, {"n/log/\xff", binary}}));
  EXPECT_EQ(Scan(*records, "slo/alert/"), "slo/alert/a=1 slo/alert/b=2 ");
  EXPECT_EQ(Scan(*records, "slo/"), "slo/alert/a=1 slo/alert/b=2 slo/alertx= ");
  EXPECT_EQ(Scan(*records, "n/"), "n/log/\xff=" + binary + " ");
  EXPECT_EQ(Scan(*records, "zzz"), "");
  ASSERT_TRUE(records->Write(std::vector<Change>{{"slo/alert/a", std::nullopt},
                                                 {"slo/alert/none", std::nullopt},
                                                 {"slo/alert/b", "3"},
                                                 {"slo/alert/b", "4"}}));
  EXPECT_EQ(Scan(*records, "slo/alert/"), "slo/alert/b=4 ") << "later changes win";
  ASSERT_TRUE(records->Write({}));
}

TEST(RecordsTest, InTheTestsOfOtherRooms) {
  test::FakeRecords records;
  CheckContract(&records);
}

using StoredRecordsTest = StoreFixture;

TEST_F(StoredRecordsTest, InTheStore) {
  Open();
  CheckContract(&store_->records());
  Crash();
  EXPECT_EQ(Scan(store_->records(), "slo/"), "slo/alert/b=4 slo/alertx= ");
  CloseAndOpen();
  EXPECT_EQ(Scan(store_->records(), "slo/"), "slo/alert/b=4 slo/alertx= ");
}

TEST_F(StoredRecordsTest, SurviveAPowerCutWhole) {
  test::FaultFs disk;
  options_.env = disk.env();
  options_.path = "/data";
  Open();
  for (int i = 0; i < 10; ++i) {
    const std::string number = std::to_string(i);
    ASSERT_TRUE(store_->records().Write(std::vector<Change>{{"a", number}, {"b", number}}));
    disk.PowerCut();
    store_.reset();
    disk.Restore();
    Open();
    EXPECT_EQ(Scan(store_->records(), ""), "a=" + number + " b=" + number + " ");
  }
  disk.PowerCut();
  const auto written = store_->records().Write(std::vector<Change>{{"a", "x"}});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::kUnavailable);
  store_.reset();
}

}  // namespace
}  // namespace nines::tsdb
