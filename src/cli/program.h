// What the mains of both programs do: a command line becomes an action, errors become messages and exit statuses.
//
// Thread contract: the main thread alone.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace spinenet::cli {

// The words of the command line. What others on this machine can read of them (/proc/PID/cmdline, ps) has no password
// of a study's address from then on.
std::vector<std::string> take_arguments(int count, char** arguments);

// Parses and runs; the exit status.
int run_command_line(const std::vector<std::string>& arguments, Invocation& invocation);

// The one place where errors become messages and exit statuses.
int run_guarded(const std::function<int()>& body);

}  // namespace spinenet::cli
