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

TEST(TableText, WritesControlsOut) {
  EXPECT_EQ(table_text({{"a", "b"}, {"x\ny", "\x1b[2J"}}), "a     b\nx\\ny  \\x1b[2J\n");
}

TEST(TableText, EndsNoLineInSpaces) {
  EXPECT_EQ(table_text({{"a", "b"}, {"long", ""}}), "a     b\nlong\n");
  EXPECT_EQ(table_text({}), "");
}

}  // namespace
}  // namespace spinenet
