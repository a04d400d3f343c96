#include "base/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace nines {
namespace {

TEST(JsonWriter, WritesInTheOrderOfTheCalls) {
  JsonWriter w;
  w.BeginObject().Key("status").String("success");
  w.Key("data").BeginArray().Integer(1).Bool(true).Bool(false).Null();
  w.BeginObject().EndObject().BeginArray().EndArray().Raw(R"({"x":[1,2]})").EndArray();
  w.Key("a").Number(0.99).EndObject();
  EXPECT_EQ(w.text(),
            R"({"status":"success","data":[1,true,false,null,{},[],{"x":[1,2]}],"a":0.99})");
  EXPECT_EQ(w.Take(),
            R"({"status":"success","data":[1,true,false,null,{},[],{"x":[1,2]}],"a":0.99})");
}

TEST(JsonWriter, PutsCommasBetweenNeighboursOnly) {
  JsonWriter w;
  w.BeginArray().BeginArray().EndArray().BeginArray().Integer(1).EndArray();
  w.BeginObject().Key("a").BeginObject().EndObject().Key("b").BeginArray().EndArray().EndObject();
  w.EndArray();
  EXPECT_EQ(w.text(), R"([[],[1],{"a":{},"b":[]}])");
}

TEST(JsonWriter, EscapesAsGoDoes) {
  const auto check = [](const std::string& text, const std::string& want) {
    JsonWriter value;
    value.String(text);
    EXPECT_EQ(value.text(), '"' + want + '"');
    JsonWriter key;
    key.BeginObject().Key(text).Null().EndObject();
    EXPECT_EQ(key.text(), "{\"" + want + "\":null}");
  };
  check("", "");
  check("plain", "plain");
  check(R"(a"b\c/d')", R"(a\"b\\c/d')");
  check("\b\f\n\r\t", R"(\b\f\n\r\t)");
  check(std::string("\0\x01\x0b\x1f\x7f", 5), "\\u0000\\u0001\\u000b\\u001f\x7f");
  check("<a href>&", R"(\u003ca href\u003e\u0026)");
  check("\u2027\u2028\u2029\u202a", "\u2027\\u2028\\u2029\u202a");
  check("é€😀", "é€😀");
  check("\xff", R"(\ufffd)");
  check("a\xe2\x82z", R"(a\ufffd\ufffdz)");
  check("\xed\xa0\x80", R"(\ufffd\ufffd\ufffd)");
  check("\ufffd", "\ufffd");  // A real one stays.
}

TEST(JsonWriter, Numbers) {
  const auto check = [](double value, const std::string& want) {
    JsonWriter w;
    w.Number(value);
    EXPECT_EQ(w.text(), want);
  };
  check(0, "0");
  check(-0.0, "-0");
  check(0.99, "0.99");
  check(1e20, "100000000000000000000");
  check(1e21, "1e+21");
  check(9.9e-7, "9.9e-7");
  check(1e-10, "1e-10");
  check(1e-100, "1e-100");
  check(std::numeric_limits<double>::quiet_NaN(), "null");
  check(std::numeric_limits<double>::infinity(), "null");
  check(-std::numeric_limits<double>::infinity(), "null");
  JsonWriter w;
  w.BeginArray().Integer(std::numeric_limits<int64_t>::min());
  w.Integer(std::numeric_limits<int64_t>::max()).EndArray();
  EXPECT_EQ(w.text(), "[-9223372036854775808,9223372036854775807]");
}

TEST(JsonWriter, LabelsAndTimes) {
  JsonWriter w;
  w.BeginArray().Object({}).Object({{"job", "a"}, {"__name__", "up"}});
  w.TimeMs(FromUnixMs(1500)).TimeMs(std::nullopt).EndArray();
  EXPECT_EQ(w.text(), R"([{},{"__name__":"up","job":"a"},"1970-01-01T00:00:01.500Z",null])");
}

TEST(JsonWriterDeathTest, ChecksThatTheCallsMakeJson) {
  const auto check = [](void (*calls)(JsonWriter&)) {
    EXPECT_DEATH(
        {
          JsonWriter w;
          calls(w);
        },
        "CHECK failed");
  };
  check([](JsonWriter& w) { w.Null().Null(); });
  check([](JsonWriter& w) { w.Key("a"); });
  check([](JsonWriter& w) { w.EndObject(); });
  check([](JsonWriter& w) { w.EndArray(); });
  check([](JsonWriter& w) { w.BeginObject().Null(); });
  check([](JsonWriter& w) { w.BeginObject().EndArray(); });
  check([](JsonWriter& w) { w.BeginArray().EndObject(); });
  check([](JsonWriter& w) { w.BeginArray().Key("a"); });
  check([](JsonWriter& w) { w.BeginObject().Key("a").Key("b"); });
  check([](JsonWriter& w) { w.BeginObject().Key("a").EndObject(); });
}

}  // namespace
}  // namespace nines
