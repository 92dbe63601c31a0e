// Scripts that let a shell complete command lines: verbs, options, the names that a value may be, files and folders.
//
// Each is one text without a call of the program: what it completes is what the parser knew when it was written. None
// needs more than the shell itself (no package bash-completion).
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "base/enum_names.h"
#include "manual/command_line.h"

namespace spinenet::manual {

enum class Shell { bash, zsh, fish };
constexpr auto names(Shell) {
  using enum Shell;
  return named<Shell>({{bash, "bash"}, {zsh, "zsh"}, {fish, "fish"}});
}

std::string completion(Shell shell, const Command& program);

// Of one shell each.
std::string bash_completion(const Command& program);
std::string zsh_completion(const Command& program);
std::string fish_completion(const Command& program);

}  // namespace spinenet::manual
