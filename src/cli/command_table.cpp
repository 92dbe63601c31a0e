#include "cli/command_table.h"

#include <algorithm>
#include <map>

#include "arch/families.h"
#include "arch/task.h"
#include "base/enum_names.h"
#include "base/format.h"
#include "data/convert/labelled_set.h"
#include "data/scenes/scenes.h"
#include "eval/overlap.h"
#include "formats/onnx/export/export.h"
#include "manual/completion.h"
#include "runtime/precision_name.h"
#include "runtime/prediction.h"

namespace spinenet::cli {
namespace {

using Names = std::vector<std::string>;

Names names_in(const auto& range) {
  return Names(range.begin(), range.end());
}

// By the name of a type: all that its values may be, or the usual ones; none where they are numbers or free text.
const std::map<std::string, Names>& known_types() {
  static const std::map<std::string, Names> types_by_name = [] {
    std::map<std::string, Names> types{{"ARCH", names_in(arch::architecture_names())},
                                       {"TASK", names_in(names_of<arch::Task>())},
                                       {"LEVEL", names_in(names_of<data::SceneLevel>())},
                                       {"FORMAT", names_in(names_of<data::SetFormat>())},
                                       {"FORM", names_in(names_of<formats::OnnxForm>())},
                                       {"TYPE", names_in(names_of<eval::IouType>())},
                                       {"KIND", names_in(names_of<arch::Activation>())},
                                       {"LABELS", names_in(names_of<runtime::LabelContent>())},
                                       {"PRECISION", names_in(names_of<runtime::PrecisionName>())},
                                       {"STEP", {"best", "last"}},
                                       {"DEVICE", {"cpu", "cuda", "auto"}},
                                       {"INSTRUCTIONS", {"amx", "avx512_vnni", "avx512", "avx2", "portable"}},
                                       {"SHELL", names_in(names_of<manual::Shell>())}};
    for (const char* free : {"N", "S", "T", "E", "NAME", "NAMES", "SIZE", "SIZES", "KEY", "KEY=VALUE", "EPOCH",
                             "N|LIST", "PARTS", "PATTERN", "COMMAND"}) {
      types[free];
    }
    return types;
  }();
  return types_by_name;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

bool takes_value(const CLI::Option& option) {
  return option.get_expected_max() > 0 && option.get_type_size_max() > 0;
}

std::string type_of(const CLI::Option& option) {
  return option.get_type_name().empty() ? option.get_single_name() : option.get_type_name();
}

const PathOption* path_of(const CLI::Option& option, const PathTable& paths) {
  const auto found = std::ranges::find(paths.options(), &option, &PathOption::option);
  return found == paths.options().end() ? nullptr : &*found;
}

manual::Value value_of(const CLI::Option& option, const PathTable& paths) {
  manual::Value value;
  if (!takes_value(option)) return value;
  value.name = type_of(option);
  value.repeated = option.get_expected_max() > 1;
  const auto known = known_types().find(value.name);
  if (known != known_types().end()) value.choices = known->second;
  if (const PathOption* path = path_of(option, paths)) {
    if (path->role == PathRole::network) value.choices = known_types().at("ARCH");
    value.path = value.name == "DIR" ? manual::PathKind::folder : manual::PathKind::file;
  }
  return value;
}

manual::Command command_of(const CLI::App& app, const PathTable& paths) {
  manual::Command command{app.get_name(), app.get_description(), app.get_footer()};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    const std::string standard = option->get_default_str();
    const std::string description =
        option->get_description() + (standard.empty() ? "" : " " + manual::default_text(standard));
    if (option->get_positional()) {
      command.arguments.push_back({description, value_of(*option, paths), option->get_required()});
      continue;
    }
    std::vector<std::string> names;
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    command.options.push_back({names, description, value_of(*option, paths), option->get_required()});
  }
  for (const CLI::App* inner : commands_of(app)) command.commands.push_back(command_of(*inner, paths));
  if (app.get_group() != CLI::App().get_group()) command.group = app.get_group();
  return command;
}

}  // namespace

manual::Command command_table(const CLI::App& app, const PathTable& paths) {
  manual::Command program = command_of(app, paths);
  Names verbs;
  for (const manual::Command& verb : program.commands) verbs.push_back(verb.name);
  for (manual::Command& verb : program.commands) {
    for (manual::Argument& argument : verb.arguments) {
      if (argument.value.name == "COMMAND") argument.value.choices = verbs;
    }
  }
  return program;
}

std::vector<std::string> options_of_unknown_type(const CLI::App& app, const PathTable& paths) {
  std::vector<std::string> found;
  for (const CLI::Option* option : app.get_options()) {
    if (!takes_value(*option) || path_of(*option, paths) || known_types().contains(type_of(*option))) continue;
    found.push_back(fmt::format("{} {} ({})", app.get_name(), option->get_name(), type_of(*option)));
  }
  for (const CLI::App* inner : commands_of(app)) {
    for (std::string& below : options_of_unknown_type(*inner, paths)) found.push_back(std::move(below));
  }
  return found;
}

}  // namespace spinenet::cli
