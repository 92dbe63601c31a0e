// spinenet completion and spinenet man: what shells and `man` know of this program, from its own command line.
#include "base/enum_names.h"
#include "base/format.h"
#include "cli/command.h"
#include "cli/command_table.h"
#include "cli/output.h"
#include "manual/completion.h"
#include "manual/man_page.h"

namespace spinenet::cli {
namespace {

struct ManualFlags {
  std::string shell;
  std::vector<std::string> words;
  bool list = false;
};

std::string commands_text(const manual::Command& program) {
  std::string text;
  for_each_command(program, [&](const std::string& words, const manual::Command&) {
    if (!words.empty()) text += words + "\n";
  });
  return text;
}

std::string manual_text(const manual::Command& program, const ManualFlags& flags) {
  if (flags.list) return commands_text(program);
  return manual::man_page(program, flags.words, {SPINENET_VERSION, SPINENET_RELEASE_DATE});
}

}  // namespace

void add_completion(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<ManualFlags>();
  CLI::App& verb = *app.add_subcommand("completion", "Print what lets a shell complete the command lines");
  verb.add_option("SHELL", flags->shell, "bash, zsh or fish")->required()->type_name("");
  verb.footer(
      "Examples:\n  source <(spinenet completion bash)\n"
      "  spinenet completion zsh > ~/.zfunc/_spinenet  # a folder of $fpath, before compinit\n"
      "  spinenet completion fish > ~/.config/fish/completions/spinenet.fish\n\n"
      "An installed program has them where each shell looks for them.");
  verb.callback([&app, &invocation, flags] {
    const auto shell = parse_enum<manual::Shell>(ErrorKind::usage, "shell", flags->shell);
    const std::string script = manual::completion(shell, command_table(app, invocation.paths));
    invocation.run = [script] {
      print(script);
      return 0;
    };
  });
}

void add_man(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<ManualFlags>();
  CLI::App& verb = *app.add_subcommand("man", "Print the manual page of a command");
  verb.add_option("COMMAND", flags->words, "Its words, such as data check")
      ->type_name("")
      ->default_str("the program itself");
  verb.add_flag("--list", flags->list, "Print the commands that have a page, one a line");
  verb.footer(
      "Examples:\n  spinenet man train | man -l -\n  spinenet man data check | man -l -\n\n"
      "Of an installed program `man spinenet` and `man spinenet-train` show them.");
  verb.callback([&app, &invocation, flags] {
    const std::string text = manual_text(command_table(app, invocation.paths), *flags);
    invocation.run = [text] {
      print(text);
      return 0;
    };
  });
}

}  // namespace spinenet::cli
