#include "base/utf8.h"

#include <gtest/gtest.h>

#include "base/labels.h"

namespace nines {
namespace {

TEST(Utf8, DecodesWhatItEncodes) {
  for (const char32_t rune : {U'\0', U'a', U'\x7f', U'\x80', U'\u07ff', U'\u0800', U'\ud7ff',
                              U'\ue000', U'\uffff', U'\U00010000', U'\U0010ffff'}) {
    std::string text;
    AppendUtf8(rune, text);
    const Rune got = DecodeRune(text + "x");
    EXPECT_TRUE(got.valid) << static_cast<uint32_t>(rune);
    EXPECT_EQ(got.value, rune);
    EXPECT_EQ(got.size, text.size());
    EXPECT_TRUE(IsUtf8(text));
  }
}

TEST(Utf8, RefusesWhatIsNone) {
  for (const std::string text : {
           "\x80",              // A tail without its head.
           "\xc0\x80",          // Overlong.
           "\xc1\xbf",          // Overlong.
           "\xe0\x9f\xbf",      // Overlong.
           "\xf0\x8f\xbf\xbf",  // Overlong.
           "\xed\xa0\x80",      // A surrogate.
           "\xed\xbf\xbf",      // A surrogate.
           "\xf4\x90\x80\x80",  // Beyond U+10FFFF.
           "\xf8\x88\x80\x80",  // Five bytes.
           "\xff",
           "\xe2\x82",      // Cut short.
           "\xe2\x82x",     // Cut short.
           "\xf0\x9f\x98",  // Cut short.
       }) {
    EXPECT_FALSE(IsUtf8(text)) << GoQuote(text);
    EXPECT_FALSE(IsUtf8("ab" + text)) << GoQuote(text);
    const Rune rune = DecodeRune(text);
    EXPECT_FALSE(rune.valid) << GoQuote(text);
    EXPECT_EQ(rune.size, 1) << GoQuote(text);
    EXPECT_EQ(rune.value, U'\ufffd') << GoQuote(text);
  }
}

TEST(Utf8, EmptyTextIsUtf8) { EXPECT_TRUE(IsUtf8("")); }

}  // namespace
}  // namespace nines
