#include "base/text_table.h"

#include <gtest/gtest.h>

namespace spinenet {
namespace {

TEST(ShortCount, HasThreeDigitsOrMore) {
  EXPECT_EQ(short_count(0), "0");
  EXPECT_EQ(short_count(999), "999");
  EXPECT_EQ(short_count(1000), "1.00 k");
  EXPECT_EQ(short_count(28543210), "28.54 M");
  EXPECT_EQ(short_count(999'999'999), "1.00 G");
  EXPECT_EQ(short_count(85'276'000'000), "85.28 G");
}

TEST(TableText, AlignsWordsLeftAndNumbersRight) {
  EXPECT_EQ(table_text({{"class", "score"}, {"cat", "0.5"}, {"elephant", "10.25"}}),
            "class     score\n"
            "cat         0.5\n"
            "elephant  10.25\n");
}

TEST(TableText, CountsCharactersNotBytes) {
  EXPECT_EQ(table_text({{"a", "b"}, {"\xC3\xA9t\xC3\xA9", "x"}, {"plain", "y"}}),
            "a      b\n\xC3\xA9t\xC3\xA9    x\nplain  y\n");
}

TEST(TableText, EndsNoLineInSpaces) {
  EXPECT_EQ(table_text({{"a", "b"}, {"long", ""}}), "a     b\nlong\n");
  EXPECT_EQ(table_text({}), "");
}

TEST(Printable, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(printable("host:12 caf\xC3\xA9 \xE2\x82\xAC C:\\x"), "host:12 caf\xC3\xA9 \xE2\x82\xAC C:\\x");
  EXPECT_EQ(printable("a\x1b[2Jb\nc\td\re\x07\x7f"), "a\\x1b[2Jb\\nc\\td\\re\\x07\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m \xE2\x80\xAE \xE2\x80\xA8"),
            "\\u009b31m \\u202e \\u2028");
  EXPECT_EQ(printable("\xFF\xC3(\xE2\x82"), "\\xff\\xc3(\\xe2\\x82");
  EXPECT_EQ(printable("\xC0\x8A\xED\xA0\x80\xF4\x90\x80\x80"), "\\xc0\\x8a\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable(""), "");
}

}  // namespace
}  // namespace spinenet
