#include "base/shell_text.h"

#include <gtest/gtest.h>

namespace spinenet {
namespace {

TEST(ShellText, QuotesForEachShell) {
  EXPECT_EQ(in_quotes("it's \\n"), "'it'\\''s \\n'");
  EXPECT_EQ(in_fish_quotes("it's \\n"), "'it\\'s \\\\n'");
  EXPECT_EQ(in_quotes(""), "''");
}

TEST(ShellText, AWordIsQuotedWhereItMustBe) {
  for (const char* plain : {"runs/easy", "--set", "data.root=x_1", "user@host:9", "50%"}) {
    EXPECT_EQ(shell_word(plain), plain);
  }
  for (const char* other : {"", "my runs", "a*", "$HOME", "~/x", "a;b", "a\nb", "\xC3\xA9t\xC3\xA9"}) {
    EXPECT_EQ(shell_word(other), in_quotes(other));
  }
}

TEST(ShellText, OneLineOfSeveral) {
  EXPECT_EQ(on_one_line("raw, or boxes;\n  of a classifier  scores\n"), "raw, or boxes; of a classifier scores");
  EXPECT_EQ(on_one_line("\n"), "");
}

}  // namespace
}  // namespace spinenet
