// The command line: verbs, flags, help, and an answer with the nearest right name for a wrong one.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace spinenet::cli {

// Fills invocation.run for the verb that was given. Help and version are actions too. ErrorKind::usage, with the
// nearest name where there is one, for everything that is wrong.
void parse_command_line(std::vector<std::string> arguments, Invocation& invocation);

// Of every command (cli/command_table.h).
std::vector<std::string> options_of_unknown_type();

}  // namespace spinenet::cli
