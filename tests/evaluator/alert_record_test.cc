#include "evaluator/slo/alert_record.h"

#include <gtest/gtest.h>

namespace nines::evaluator {
namespace {

AlertRecord Sample() {
  AlertRecord record;
  record.key = {"predict", "threshold", {{"job", "a\"b"}}};
  record.group_by = {"job"};
  record.state.state = State::kFiring;
  record.state.since = FromUnixMs(3000);
  record.state.active_since = FromUnixMs(1000);
  record.state.fired_at = FromUnixMs(3000);
  record.state.hold_since = FromUnixMs(2000);
  record.state.keep_since = FromUnixMs(4000);
  record.state.stepped_at = FromUnixMs(5000);
  record.labels = {{"alertname", "Slow"}, {"job", "a\"b"}};
  record.annotations = {{"summary", "too <slow>"}};
  record.generator_url = "http://n/?slo=predict";
  return record;
}

TEST(AlertRecord, HasTheBytesOfVersion1) {
  EXPECT_EQ(EncodeAlert(Sample()),
            R"({"version":1,"slo":"predict","kind":"threshold","group":{"job":"a\"b"},)"
            R"("group_by":["job"],"state":"firing","since":3000,"active_since":1000,)"
            R"("fired_at":3000,"hold_since":2000,"keep_since":4000,"stepped_at":5000,)"
            R"("labels":{"alertname":"Slow","job":"a\"b"},)"
            R"("annotations":{"summary":"too \u003cslow\u003e"},)"
            R"("generator_url":"http://n/?slo=predict"})");
}

TEST(AlertRecord, ReadsBackWhatItWrote) {
  for (const bool firing : {true, false}) {
    AlertRecord record = Sample();
    if (!firing) {
      record.state.state = State::kPending;
      record.state.fired_at.reset();
      record.state.keep_since.reset();
    }
    const auto read = DecodeAlert(EncodeAlert(record));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->key, record.key);
    EXPECT_EQ(read->group_by, record.group_by);
    EXPECT_EQ(read->state, record.state);
    EXPECT_EQ(read->labels, record.labels);
    EXPECT_EQ(read->annotations, record.annotations);
    EXPECT_EQ(read->generator_url, record.generator_url);
  }
}

TEST(AlertRecord, EndedReadsBackWhatItWrote) {
  const Alert alert{.labels = {{"alertname", "Slow"}},
                    .annotations = {{"summary", "s"}},
                    .starts_at = FromUnixMs(1),
                    .ends_at = FromUnixMs(2),
                    .generator_url = "u"};
  const auto read = DecodeEnded(EncodeEnded(alert));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->labels, alert.labels);
  EXPECT_EQ(read->annotations, alert.annotations);
  EXPECT_EQ(read->starts_at, alert.starts_at);
  EXPECT_EQ(read->ends_at, alert.ends_at);
  EXPECT_EQ(read->generator_url, alert.generator_url);
}

TEST(AlertRecord, DamageIsCorrupt) {
  const std::string good = EncodeAlert(Sample());
  const auto edit = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  const std::string cases[] = {
      "",
      "[]",
      good.substr(0, good.size() - 1),
      edit("\"version\":1", "\"version\":2"),
      edit("\"slo\"", "\"sol\""),
      edit("\"firing\"", "\"inactive\""),
      edit("\"fired_at\":3000,", ""),
      edit("\"since\":3000", "\"since\":\"3000\""),
  };
  for (const std::string& text : cases) {
    const auto read = DecodeAlert(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::kCorrupt) << text;
  }
}

TEST(AlertRecord, KeysNameTheirAlert) {
  EXPECT_EQ(RecordKey({"predict", "threshold", {}}),
            "evaluator/alert/predict/threshold/cbf29ce484222325");
  EXPECT_EQ(EndedRecordKey({{"alertname", "TestAlert"}}), "evaluator/ended/dab43189276e5f48");
}

}  // namespace
}  // namespace nines::evaluator
