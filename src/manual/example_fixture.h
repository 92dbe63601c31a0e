// A small command line with one of everything, for the tests of what is written from it.
#pragma once

#include "manual/command_line.h"

namespace spinenet::fixture {

inline manual::Command example_program() {
  using manual::PathKind;
  manual::Command check{"check", "Look for it's [known] faults",
                        "Example:\n  tool data check a.json --size 3\n\nA remark."};
  check.options = {{{"-h", "--help"}, "Print this", {}},
                   {{"--level"}, "How\nhard: [easy]", {"LEVEL", {"easy", "hard"}}},
                   {{"-n", "--count"}, "How many", {"N"}},
                   {{"--set"}, "Again and again", {"KEY=VALUE", {}, PathKind::none, true}},
                   {{"--out"}, "A folder", {"DIR", {}, PathKind::folder}, true},
                   {{"--json"}, "A file", {"FILE", {}, PathKind::file}},
                   {{"--as"}, "A name or a file", {"ARCH", {"one", "two-b"}, PathKind::file}}};
  check.arguments = {{"What to look at", {"MODEL", {}, PathKind::file}, true},
                     {"And more", {"INPUT", {}, PathKind::file, true}}};
  manual::Command data{"data", "Data sets", "", {{{"-h", "--help"}, "Print this", {}}}, {}, {check}, "Look at data"};
  manual::Command shell{"shell", "Print a script", "", {}, {{"Which", {"SHELL", {"bash", "fish"}}, true}},
                        {},      "The shell"};
  return {"tool", "A tool.", "", {{{"--version"}, "Say which", {}}}, {}, {data, shell}};
}

}  // namespace spinenet::fixture
