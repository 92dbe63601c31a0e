#include "data/coco/printable.h"

#include <gtest/gtest.h>

namespace spinenet::data {
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

TEST(Printable, Utf8IsToldFromOtherBytes) {
  for (const char* text : {"", "abc", "\xC3\xA9", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text : {"\xE9", "\xC3", "\xE0\x80\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(text)) << printable(text);
  }
}

}  // namespace
}  // namespace spinenet::data
