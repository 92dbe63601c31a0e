#include "plot/markup.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/random.h"

namespace spinenet::plot {
namespace {

TEST(Markup, CharactersWithAMeaningAreEscaped) {
  EXPECT_EQ(escape_markup("<b a=\"1\" c='2'>&amp;</b>"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
  EXPECT_EQ(escape_markup("ünïcode 漢字 🦴\n\t"), "ünïcode 漢字 🦴\n\t");
}

TEST(Markup, WhatXmlForbidsIsReplaced) {
  EXPECT_EQ(escape_markup(std::string_view("a\0b\x1b[0m\x7f", 8)), "a\uFFFDb\uFFFD[0m\uFFFD");
  EXPECT_EQ(escape_markup("\xff\xc0\x80"), "\uFFFD\uFFFD\uFFFD");            // not a first byte; overlong
  EXPECT_EQ(escape_markup("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");            // surrogate
  EXPECT_EQ(escape_markup("\xf4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // beyond U+10FFFF
  EXPECT_EQ(escape_markup("\xef\xbf\xbe"), "\uFFFD");                        // U+FFFE
  EXPECT_EQ(escape_markup("cut \xe6\xbc"), "cut \uFFFD\uFFFD");
}

TEST(Markup, AnyBytesBecomeValidUtf8) {
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes;
    for (int64_t n = random.below(12); n > 0; --n) bytes += static_cast<char>(random.below(256));
    const std::string escaped = escape_markup(bytes);
    EXPECT_NO_THROW(Json(escaped).dump()) << Json(bytes).dump(-1, ' ', true, Json::error_handler_t::replace);
    EXPECT_EQ(escaped.find_first_of("<>\"'"), std::string::npos);
  }
}

TEST(Markup, Base64IsAsInRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

}  // namespace
}  // namespace spinenet::plot
