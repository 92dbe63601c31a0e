// What every command of the program shares: the flags that all of them have, and how a command line becomes an action.
//
// A command is one function add_NAME(app, invocation) in a file of its own: it declares the verb with its flags, and,
// once it has been chosen, sets invocation.run. Nothing runs while flags are still being read.
//
// Thread contract: the main thread alone.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/progress.h"
#include "cli/paths.h"
#include "cli/training.h"
#include "runtime/device.h"

namespace spinenet::cli {

struct CommonOptions {
  bool json = false;  // one JSON document on standard output
  int threads = 0;    // as given; 0: every core this process may use
  bool quiet = false;
  bool verbose = false;
};

struct Invocation {
  std::vector<std::string> arguments;  // with the program's name first
  CommonOptions common;
  PathTable paths;                 // of every command; only while the command line is read
  RunFiles files;                  // what the options name to be read
  std::vector<std::string> notes;  // what was understood of them that their user must know
  std::function<int()> run;        // the exit status
  // What the mains of the two programs set.
  std::string build_id;
  std::optional<Training> training;     // in spinenet-train alone
  runtime::DeviceForward other_device;  // LibTorch in spinenet-train; in spinenet what starts that program
};

// What a MODEL is, for the descriptions.
inline constexpr const char* kModelText = "A model (.safetensors), or the run folder of a training: its best model";

// Flags that every verb has. `predict` has a --json of its own.
void add_common_flags(CLI::App& verb, CommonOptions& common);
void add_json_flag(CLI::App& verb, CommonOptions& common);
// Of every command that writes a file.
void add_overwrite_flag(CLI::App& verb, bool& overwrite);

// What a command found, as --json or as its user reads it.
void print_result(const CommonOptions& common, const Json& json, std::string_view text);

// A check that a number lies between two, ends included.
CLI::Validator within(double low, double high);

// At least 1.
int threads_of(const CommonOptions& common);
// Silent with --quiet.
ProgressOptions progress_of(const CommonOptions& common);

void add_describe(CLI::App& app, Invocation& invocation);
void add_data(CLI::App& app, Invocation& invocation);
void add_train(CLI::App& app, Invocation& invocation);
void add_compare(CLI::App& app, Invocation& invocation);
void add_eval(CLI::App& app, Invocation& invocation);
void add_predict(CLI::App& app, Invocation& invocation);
void add_calibrate(CLI::App& app, Invocation& invocation);
void add_export(CLI::App& app, Invocation& invocation);
void add_import(CLI::App& app, Invocation& invocation);
void add_search(CLI::App& app, Invocation& invocation);
void add_study(CLI::App& app, Invocation& invocation);
void add_bench(CLI::App& app, Invocation& invocation);
void add_checks(CLI::App& app, Invocation& invocation);
void add_completion(CLI::App& app, Invocation& invocation);
void add_man(CLI::App& app, Invocation& invocation);

}  // namespace spinenet::cli
