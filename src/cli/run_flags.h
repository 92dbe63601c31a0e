// The flags of the commands that run a model: --size, --device, --precision, --autotune.
//
// Thread contract: the main thread alone.
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "runtime/prepare.h"

namespace spinenet::cli {

struct AutotuneFlags {
  bool autotune = false;
  std::string cache;
  std::string old_choose, old_cache;  // --choose and --choices, as they were called up to 0.2
};

struct RunFlags {
  int size = 0;
  std::string device = "auto", precision = "fp32";
  AutotuneFlags autotune;
  std::string cache;  // folder of packed weights
};

void add_precision_flag(CLI::App& verb, std::string& precision);
void add_autotune_flags(CLI::App& verb, AutotuneFlags& flags, PathTable& paths);
void add_run_flags(CLI::App& verb, RunFlags& flags, PathTable& paths);

struct Autotune {
  bool on = false;
  std::optional<std::string> cache;
};

// Says once on standard error which old spellings were used. ErrorKind::usage for a file of a command that measures
// nothing.
Autotune autotune_of(const AutotuneFlags& flags);
// Nothing for auto; ErrorKind::usage for a name that is none.
std::optional<engine::Precision> precision_named(const std::string& name);
runtime::RunOptions run_options(const RunFlags& flags, const Invocation& invocation);

}  // namespace spinenet::cli
