#include "base/printable.h"

#include <gtest/gtest.h>

#include "base/yaml.h"

namespace spinenet {
namespace {

TEST(Printable, WritesOutWhatATerminalWouldObey) {
  EXPECT_EQ(printable("cat\nD001 error"), "cat\\nD001 error");
  EXPECT_EQ(printable("\x1b[31mred\r\t\x7f"), "\\x1b[31mred\\r\\t\\x7f");
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b\xC2\x9B"),
            "a\\u{202e}b\\u{9b}");
  EXPECT_EQ(printable("\xFF\xC0\xAF\xED\xA0\x80"), "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("caf\xC3\xA9 \xF0\x9F\x90\xB1 \xE7\x8C\xAB \"/\\"),
            "caf\xC3\xA9 \xF0\x9F\x90\xB1 \xE7\x8C\xAB \"/\\");
}

TEST(Printable, LinesStayLines) {
  EXPECT_EQ(printable_lines("one\n\ttwo\x1b\n"), "one\n\ttwo\\x1b\n");
  EXPECT_EQ(printable_lines(""), "");
}

TEST(Printable, Utf8IsToldFromOtherBytes) {
  for (const char* text : {"", "abc", "\xC3\xA9", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text : {"\xE9", "\xC3", "\xE0\x80\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(text)) << printable(text);
  }
}

TEST(Printable, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(printable("host:12 caf\xC3\xA9 \xE2\x82\xAC C:\\x"), "host:12 caf\xC3\xA9 \xE2\x82\xAC C:\\x");
  EXPECT_EQ(printable("a\x1b[2Jb\nc\td\re\x07\x7f"), "a\\x1b[2Jb\\nc\\td\\re\\x07\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m \xE2\x80\xAE \xE2\x80\xA8"),
            "\\u{9b}31m \\u{202e} \\u{2028}");
  EXPECT_EQ(printable("\xFF\xC3(\xE2\x82"), "\\xff\\xc3(\\xe2\\x82");
  EXPECT_EQ(printable("\xC0\x8A\xED\xA0\x80\xF4\x90\x80\x80"), "\\xc0\\x8a\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable(""), "");
}

}  // namespace
}  // namespace spinenet
