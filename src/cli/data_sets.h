// The verbs of `spinenet data` that make other data sets of data sets: convert, split, merge.
//
// Thread contract: the main thread alone.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace spinenet::cli {

void add_data_sets(CLI::App& data, Invocation& invocation);

}  // namespace spinenet::cli
