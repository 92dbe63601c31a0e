// The options --choose and --choices: who says how the engine computes a convolution.
//
// Thread contract: free functions.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "engine/compile/compile.h"

namespace spinenet::cli {

struct ChooseOptions {
  std::string choose = "rule", choice_file;
};

void add_choose_options(CLI::App& verb, ChooseOptions& options);
// ErrorKind::usage for a name that is none, and for a file of choices where none is measured.
void set_choose(const ChooseOptions& options, engine::CompileOptions& compiled);

}  // namespace spinenet::cli
