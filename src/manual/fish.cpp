// Fish reads one line for each option, verb and list of names, under the condition that its command was given.
#include "base/format.h"
#include "base/shell_text.h"
#include "manual/completion.h"

namespace spinenet::manual {
namespace {

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

// The rest of a line: what the value may be. Files are offered where it says so alone.
std::string candidates_of(const Value& value) {
  std::string text = value.path == PathKind::file ? " -F" : " -f";
  std::string names = joined(value.choices);
  if (value.path == PathKind::folder) names += std::string(names.empty() ? "" : " ") + "(__fish_complete_directories)";
  if (!names.empty()) text += fmt::format(" -a {}", in_fish_quotes(names));
  return text;
}

std::string option_line(const std::string& start, const Option& option) {
  std::string line = start;
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2)) : fmt::format(" -s {}", name.substr(1));
  }
  if (!option.value.name.empty()) line += fmt::format(" -r{}", candidates_of(option.value));
  return fmt::format("{} -d {}\n", line, in_fish_quotes(on_one_line(option.description)));
}

constexpr std::string_view kHead = R"(# fish completion for {0}, written by `{0} completion fish`.

# Whether the command line has come to the command of these words.
function __{0}_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l command
    for word in $words
        set -l longer (string trim -- "$command $word")
        if contains -- $longer {1}
            set command $longer
        end
    end
    test "$command" = "$argv"
end

complete -c {0} -f
)";

}  // namespace

std::string fish_completion(const Command& program) {
  std::string all, lines;
  for_each_command(program, [&](const std::string& words, const Command& command) {
    const std::string condition = fmt::format("__{}_at {}", program.name, words);
    const std::string start =
        fmt::format("complete -c {} -n {}", program.name,
                    in_fish_quotes(words.empty() ? condition.substr(0, condition.size() - 1) : condition));
    if (!words.empty()) all += fmt::format("{}{}", all.empty() ? "" : " ", in_fish_quotes(words));
    lines += fmt::format("\n# {}\n", words.empty() ? program.name : program.name + " " + words);
    for (const Command& inner : command.commands) {
      lines += fmt::format("{} -a {} -d {}\n", start, inner.name, in_fish_quotes(on_one_line(inner.summary)));
    }
    for (const Argument& argument : command.arguments) {
      if (argument.value.path == PathKind::none && argument.value.choices.empty()) continue;
      lines += fmt::format("{}{}\n", start, candidates_of(argument.value));
    }
    for (const Option& option : command.options) lines += option_line(start, option);
  });
  return fmt::format(kHead, program.name, all) + lines;
}

}  // namespace spinenet::manual
