#include "cli/paths.h"

#include <algorithm>

#include "arch/families.h"
#include "runtime/run_model.h"

namespace spinenet::cli {
namespace {

std::string command_of(const CLI::App& verb) {
  const CLI::App* outer = verb.get_parent();
  const bool is_inner = outer != nullptr && outer->get_parent() != nullptr;
  return is_inner ? outer->get_name() + " " + verb.get_name() : verb.get_name();
}

// Hidden options have no name in CLI11's own sense.
std::string name_of_option(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_single_name() : "--" + option.get_lnames().front();
}

}  // namespace

CLI::Option* PathTable::add(CLI::App& verb, CLI::Option* option, PathRole role, std::string what) {
  options_.push_back(
      {option, command_of(verb), name_of_option(*option), role, std::move(what), option->get_required()});
  return option;
}

void PathTable::add_model(CLI::App& verb, CLI::Option* option, std::string& value, PathRole role) {
  add(verb, option, role, role == PathRole::model ? "the model" : "the network");
  options_.back().value = &value;
}

std::vector<std::string> PathTable::resolve_models() const {
  std::vector<std::string> notes;
  for (const PathOption& path : options_) {
    if (path.value == nullptr || path.option->count() == 0) continue;
    const bool is_name =
        path.role == PathRole::network && std::ranges::count(arch::architecture_names(), *path.value) > 0;
    if (is_name) continue;
    runtime::RunModel model = runtime::model_at(*path.value);
    *path.value = model.path.string();
    if (!model.note.empty()) notes.push_back(std::move(model.note));
  }
  return notes;
}

Json to_json(const PathTable& paths) {
  Json rows = Json::array();
  for (const PathOption& path : paths.options()) {
    rows.push_back({{"command", path.command},
                    {"option", path.name},
                    {"role", name_of(path.role)},
                    {"argument", !path.name.starts_with("-")},
                    {"required", path.required}});
  }
  return rows;
}

Output output_beside_inputs(RunFiles files, std::span<const std::string> inputs, const OutputRequest& request) {
  for (const std::string& input : inputs) files.add_input(input, "an image");
  return files.output(request);
}

std::optional<Output> output_if_named(RunFiles& files, const OutputRequest& request) {
  if (request.path.empty()) return std::nullopt;
  return files.output(request);
}

RunFiles files_read_by(const PathTable& paths) {
  RunFiles files;
  for (const PathOption& path : paths.options()) {
    switch (path.role) {
      case PathRole::output:
      case PathRole::owned_folder:
        break;
      case PathRole::model:
      case PathRole::network:
        if (path.option->count() > 0) files.add_input(*path.value, path.what);
        break;
      case PathRole::input:
        for (const std::string& value : path.option->results()) files.add_input(value, path.what);
        break;
      case PathRole::study:
        for (const std::string& value : path.option->results()) {
          for (const char* beside : {"", "-wal", "-shm", "-journal"}) files.add_input(value + beside, path.what);
        }
        break;
    }
  }
  return files;
}

}  // namespace spinenet::cli
