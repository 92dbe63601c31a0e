#include "manual/help_text.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "manual/example_fixture.h"

namespace spinenet::manual {
namespace {

std::string help(const std::vector<std::string>& words, int columns) {
  return help_text(fixture::example_program(), words, columns);
}

TEST(HelpText, ListsCommandsByWhatTheyAreFor) {
  EXPECT_EQ(help({}, 80), R"(A tool.
Usage: tool [OPTIONS] COMMAND

Look at data:
  data   Data sets

The shell:
  shell  Print a script

Options:
  --version  Say which
)");
  EXPECT_NE(help({"data"}, 80).find("\nCommands:\n  check  Look for it's [known] faults\n"), std::string::npos);
}

TEST(HelpText, OfACommandHasItsArgumentsOptionsAndNotes) {
  EXPECT_EQ(help({"data", "check"}, 60), R"(Look for it's [known] faults
Usage: tool data check --out DIR [OPTIONS] MODEL [INPUT...]

Arguments:
  MODEL            What to look at
  INPUT...         And more

Options:
  -h, --help       Print this
  --level LEVEL    How hard: [easy]
  -n, --count N    How many
  --set KEY=VALUE  Again and again
  --out DIR        A folder
  --json FILE      A file
  --as ARCH        A name or a file

Example:
  tool data check a.json --size 3

A remark.
)");
}

Command long_lines() {
  Command command{"tool", "A tool of many words that say what it is for and how it is used.", ""};
  command.notes =
      "Examples:\n  tool first second --third fourth --fifth sixth  # a remark\n\n"
      "A paragraph\nof several lines that are filled again.";
  command.options = {{{"--an-option-that-is-rather-long"}, "What it does, in so many words [default: 5]", {"VALUE"}}};
  return command;
}

TEST(HelpText, BreaksLinesAtSpaces) {
  EXPECT_EQ(help_text(long_lines(), {}, 40), R"(A tool of many words that say what it is
for and how it is used.
Usage: tool [OPTIONS]

Options:
  --an-option-that-is-rather-long VALUE
    What it does, in so many words
    [default: 5]

Examples:
  # a remark
  tool first second --third fourth \
      --fifth sixth

A paragraph of several lines that are
filled again.
)");
  EXPECT_EQ(help_text(long_lines(), {}, 1000), help_text(long_lines(), {}, kHelpColumns));
  EXPECT_EQ(help_text(long_lines(), {}, 1), help_text(long_lines(), {}, 40));
}

TEST(HelpText, LeavesAWordThatIsTooLongWhole) {
  Command command{"tool", "Use " + std::string(60, 'x') + " now", ""};
  EXPECT_EQ(help_text(command, {}, 40), "Use\n" + std::string(60, 'x') + "\nnow\nUsage: tool\n");
}

TEST(HelpText, ThereIsNoneOfAnUnknownCommand) {
  EXPECT_THROW(help({"daat"}, 80), Error);
}

}  // namespace
}  // namespace spinenet::manual
