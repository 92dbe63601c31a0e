#include "cli/paths.h"

namespace spinenet::cli {
namespace {

std::string command_of(const CLI::App& verb) {
  const CLI::App* outer = verb.get_parent();
  const bool is_inner = outer != nullptr && outer->get_parent() != nullptr;
  return is_inner ? outer->get_name() + " " + verb.get_name() : verb.get_name();
}

}  // namespace

CLI::Option* PathTable::add(CLI::App& verb, CLI::Option* option, PathRole role, std::string what) {
  options_.push_back({option, command_of(verb), option->get_name(), role, std::move(what)});
  return option;
}

RunFiles files_read_by(const PathTable& paths) {
  RunFiles files;
  for (const PathOption& path : paths.options()) {
    switch (path.role) {
      case PathRole::output:
      case PathRole::owned_folder:
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
