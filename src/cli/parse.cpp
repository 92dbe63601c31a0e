#include "cli/parse.h"

#include <algorithm>
#include <memory>

#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"
#include "base/terminal.h"
#include "cli/command_table.h"
#include "cli/output.h"
#include "manual/help_text.h"

namespace spinenet::cli {
namespace {

struct Group {
  const char* heading;
  std::vector<void (*)(CLI::App& app, Invocation& invocation)> verbs;
};

// In the order of help, manual pages and README.
const Group kGroups[] = {{"Look at networks and data", {add_describe, add_data}},
                         {"Train and measure", {add_train, add_compare, add_eval}},
                         {"Use a model and ship it", {add_predict, add_calibrate, add_export, add_import}},
                         {"Search for a network", {add_search, add_study}},
                         {"This machine and its shell", {add_bench, add_checks, add_completion, add_man}}};

std::unique_ptr<CLI::App> make_app(Invocation& invocation) {
  auto app = std::make_unique<CLI::App>("SpineNet: scale-permuted networks that find objects in images.", "spinenet");
  app->set_version_flag("--version", "spinenet " SPINENET_VERSION);
  app->require_subcommand(1);
  app->footer(
      "Begin with:\n  spinenet data scenes --out scenes --level easy\n"
      "  spinenet train recipes/scenes-easy.yaml --set data.root=scenes --out runs/easy\n"
      "  spinenet predict runs/easy scenes/val --out drawn\n\n"
      "spinenet COMMAND --help tells what a command takes.\n\n"
      "Results go to standard output, log and progress to standard error.\n\n"
      "Exit status: 0 done, 1 failed, 2 wrong usage, 65 bad data, 130 and 143 stopped by a signal.");
  for (const Group& group : kGroups) {
    for (const auto add : group.verbs) {
      add(*app, invocation);
      app->get_subcommands({}).back()->group(group.heading);
    }
  }
  return app;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names;
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::string usage_of(const CLI::App& app) {
  std::string words = app.get_name();
  for (const CLI::App* at = app.get_parent(); at != nullptr; at = at->get_parent())
    words = at->get_name() + " " + words;
  return fmt::format("see {} --help", words);
}

[[noreturn]] void refuse(std::string_view what, const std::string& wrong, const std::vector<std::string>& names,
                         const CLI::App& app) {
  fail(ErrorKind::usage, fmt::format("unknown {} \"{}\"", what, wrong), "", remedy_for(wrong, names, usage_of(app)));
}

bool is_flag(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9') && word[1] != '.';
}

// Walks along the words as CLI11 will, and refuses unknown verbs and flags with the nearest name. Whether they lead to
// a verb with verbs of its own and no further.
bool lacks_verb(const CLI::App& root, const std::vector<std::string>& words) {
  const CLI::App* at = &root;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") return false;
    if (is_flag(word)) {
      const bool is_long = word.starts_with("--");
      const std::string name = is_long ? word.substr(0, word.find('=')) : word.substr(0, 2);
      const std::vector<std::string> flags = flags_of(*at);
      if (std::find(flags.begin(), flags.end(), name) == flags.end()) refuse("flag", name, flags, *at);
    } else if (const std::vector<std::string> verbs = verbs_of(*at); !verbs.empty()) {
      if (std::find(verbs.begin(), verbs.end(), word) == verbs.end()) refuse("command", word, verbs, *at);
      at = at->get_subcommand(word);
    }
  }
  return !verbs_of(*at).empty() && std::none_of(words.begin(), words.end(), is_flag);
}

const CLI::App& innermost(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

std::string help_of(const CLI::App& app, const PathTable& paths) {
  std::vector<std::string> words;
  for (const CLI::App* at = &innermost(app); at != &app; at = at->get_parent())
    words.insert(words.begin(), at->get_name());
  return manual::help_text(command_table(app, paths), words, terminal_columns(STDOUT_FILENO));
}

// predict's --json takes a file, or nothing where the next word is not one: then the document goes to standard output.
void complete_json_flag(std::vector<std::string>& words) {
  if (words.size() < 2 || words[1] != "predict") return;
  for (size_t i = 2; i < words.size(); ++i) {
    if (words[i] != "--json") continue;
    const bool has_file = i + 1 < words.size() && (words[i + 1].ends_with(".json") || words[i + 1] == "-");
    if (!has_file) words[i] = "--json=-";
  }
}

// The first option with an empty value. A script's variable that is not set gives one, and "not given" is not what it
// means.
const CLI::Option* option_with_empty_value(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0 || option->get_expected_min() == 0) continue;  // not given, or a flag
    if (std::ranges::find(option->results(), "") != option->results().end()) return option;
  }
  for (const CLI::App* verb : app.get_subcommands()) {
    if (const CLI::Option* option = option_with_empty_value(*verb)) return option;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> options_of_unknown_type() {
  Invocation invocation;
  const std::unique_ptr<CLI::App> app = make_app(invocation);
  return options_of_unknown_type(*app, invocation.paths);
}

void parse_command_line(std::vector<std::string> arguments, Invocation& invocation) {
  if (arguments.size() > 1 && arguments[1] == "help") {
    arguments.erase(arguments.begin() + 1);
    arguments.emplace_back("--help");
  }
  invocation.arguments = arguments;
  complete_json_flag(arguments);
  // The options that CLI11 fills live in the closures that are the verbs' actions, so the app itself may go.
  const std::shared_ptr<CLI::App> app = make_app(invocation);
  if (lacks_verb(*app, arguments)) arguments.emplace_back("--help");
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend() - 1);
  try {
    app->parse(reversed);
    if (const CLI::Option* option = option_with_empty_value(*app)) {
      invocation.run = nullptr;
      fail(ErrorKind::usage, "an empty value", option->get_name(), "give it a value, or leave it out");
    }
    invocation.notes = invocation.paths.resolve_models();
    invocation.files = files_read_by(invocation.paths);
  } catch (const CLI::CallForHelp&) {
    invocation.run = [text = help_of(*app, invocation.paths)] {
      print(text);
      return 0;
    };
  } catch (const CLI::CallForVersion& version) {
    invocation.run = [text = std::string(version.what())] {
      print(text + "\n");
      return 0;
    };
  } catch (const CLI::ParseError& error) {
    fail(ErrorKind::usage, error.what(), "", usage_of(innermost(*app)));
  }
}

}  // namespace spinenet::cli
