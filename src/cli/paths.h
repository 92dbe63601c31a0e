// Every path that a command takes, in one table: what it stands for is said where the option is declared. What a
// command reads is known from it before the command begins, so that no output can be one of its inputs; and a test asks
// of each option in turn whether it leaves alone what it must.
//
// Thread contract: the main thread alone.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/enum_names.h"
#include "base/json.h"
#include "base/output.h"

namespace spinenet::cli {

enum class PathRole {
  input,        // a file, a folder of files, or a pattern of names; a name that is no path is passed over
  model,        // a model file, or the run folder of a training, which stands for its best model
  network,      // the same, or the name of an architecture or its file
  study,        // a SQLite file with what SQLite keeps beside it, or a server's address
  output,       // a file that is written
  owned_folder  // a folder that belongs to the program once it has taken it
};
constexpr auto names(PathRole) {
  using enum PathRole;
  return named<PathRole>({{input, "input"},
                          {model, "model"},
                          {network, "network"},
                          {study, "study"},
                          {output, "output"},
                          {owned_folder, "owned_folder"}});
}

struct PathOption {
  const CLI::Option* option = nullptr;
  std::string command;  // "study export"
  std::string name;     // "--csv" or "STUDY"
  PathRole role = PathRole::input;
  std::string what;  // "the model", for messages
  bool required = false;
  std::string* value = nullptr;  // of a model or a network: what the parser has read
};

class PathTable {
 public:
  // Returns the option, so that a declaration goes on.
  CLI::Option* add(CLI::App& verb, CLI::Option* option, PathRole role, std::string what = {});
  // An option whose value is a model or a network.
  void add_model(CLI::App& verb, CLI::Option* option, std::string& value, PathRole role = PathRole::model);
  // Puts the model in the place of a run folder where one was given. Returns what its user must know. Errors as
  // runtime::model_at.
  std::vector<std::string> resolve_models() const;
  const std::vector<PathOption>& options() const { return options_; }

 private:
  std::vector<PathOption> options_;
};

// Every entry: its command, option, role, and whether it is an argument without a flag and whether it is required.
Json to_json(const PathTable& paths);

// A file to write that is none of these images, nor anything else that the command reads. Errors as RunFiles::output.
Output output_beside_inputs(RunFiles files, std::span<const std::string> inputs, const OutputRequest& request);

// Nothing where the request names no file. Errors as RunFiles::output.
std::optional<Output> output_if_named(RunFiles& files, const OutputRequest& request);

// What the options that were given name to be read; models as resolve_models() leaves them.
RunFiles files_read_by(const PathTable& paths);

}  // namespace spinenet::cli
