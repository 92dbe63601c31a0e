#include "base/printable.h"

#include <gtest/gtest.h>

namespace spinenet {
namespace {

TEST(Printable, TextStaysAsItIs) {
  for (const std::string_view text : {"", "plain, text.\n\ttab", "gar\xC3\xA7on \xE2\x82\xAC \xF0\x9F\x90\x88"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, WhatWouldSteerATerminalIsEscaped) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(printable("\r"), "\\x0d");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
  EXPECT_EQ(printable("\xC2\x9B 2J"), "\\xc2\\x9b 2J") << "the same command as one character of C1";
}

TEST(Printable, WhatIsNoTextIsEscaped) {
  EXPECT_EQ(printable("a\xFF\xC3"), "a\\xff\\xc3");
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xC0\x9B"), "\\xc0\\x9b") << "an overlong form";
}

}  // namespace
}  // namespace spinenet
