// What `--help` shows of a command. Lines are broken at spaces, never within a word, and are as long as the terminal is
// wide, from 40 to kHelpColumns bytes: a word, or an option with its value, that is longer than the room beside the
// options stands alone on its line. A line to type that is too long goes on behind a backslash, so that it can be
// copied.
//
// Thread contract: pure functions.
#pragma once

#include <span>
#include <string>

#include "manual/command_line.h"

namespace spinenet::manual {

inline constexpr int kHelpColumns = 100;

// `words` lead to the command; none: the program. ErrorKind::usage where there is no such command.
std::string help_text(const Command& program, std::span<const std::string> words, int columns);

}  // namespace spinenet::manual
