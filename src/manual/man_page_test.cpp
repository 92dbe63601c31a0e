#include "manual/man_page.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "manual/example_fixture.h"

namespace spinenet::manual {
namespace {

std::string page(const std::vector<std::string>& words) {
  return man_page(fixture::example_program(), words, {"1.2", "2026-01-31"});
}

TEST(ManPage, OfTheProgramListsItsCommands) {
  EXPECT_EQ(page({}), R"(.TH TOOL 1 2026-01-31 "tool 1.2" "User Commands"
.SH NAME
tool \-
A tool.
.SH SYNOPSIS
\fBtool\fR [\fIOPTIONS\fR] \fICOMMAND\fR
.SH COMMANDS
.SS Look at data
.TP
\fBdata\fR
Data sets
.SS The shell
.TP
\fBshell\fR
Print a script
.SH OPTIONS
.TP
\fB\-\-version\fR
Say which
.SH SEE ALSO
.BR tool\-data (1),
.BR tool\-shell (1)
)");
}

TEST(ManPage, OfACommandHasItsOptionsAndNotes) {
  const std::string text = page({"data", "check"});
  for (const char* part :
       {".TH TOOL-DATA-CHECK 1 ", "tool\\-data\\-check \\-\nLook for it\\(aqs [known] faults\n",
        "\\fBtool data check\\fR \\fB\\-\\-out\\fR \\fIDIR\\fR [\\fIOPTIONS\\fR] \\fIMODEL\\fR [\\fIINPUT\\fR...]\n",
        "\\fB\\-n\\fR, \\fB\\-\\-count\\fR \\fIN\\fR\nHow many\n", "How hard: [easy]\n.br\nOne of: easy, hard.\n",
        ".SH EXAMPLE\n.EX\ntool data check a.json \\-\\-size 3\n.EE\n.SH NOTES\nA remark.\n",
        ".BR tool\\-data (1)\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
  }
}

TEST(ManPage, ThereIsNoneOfAnUnknownCommand) {
  try {
    page({"data", "chek"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(), "unknown command \"chek\"; did you mean \"check\"?");
  }
}

}  // namespace
}  // namespace spinenet::manual
