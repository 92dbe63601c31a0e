// The command line as the parser has it, as plain data: what completion and manual pages are written from.
//
// Thread contract: the main thread alone.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/paths.h"
#include "manual/command_line.h"

namespace spinenet::cli {

// Every command, option and argument that is not hidden. What a value may be follows from the table of paths and from
// the name of its type ("TASK").
manual::Command command_table(const CLI::App& app, const PathTable& paths);

// Options, hidden ones included, whose value is neither a path of the table nor of a type that is known. There are
// none: a test says so.
std::vector<std::string> options_of_unknown_type(const CLI::App& app, const PathTable& paths);

}  // namespace spinenet::cli
