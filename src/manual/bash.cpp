// Bash calls a function with the words of the line in COMP_WORDS and takes candidates from COMPREPLY.
#include <map>

#include "base/format.h"
#include "base/shell_text.h"
#include "manual/completion.h"

namespace spinenet::manual {
namespace {

constexpr size_t kPatternWidth = 110;  // of a line of patterns

// What the branches of a `case` do, each with the patterns that lead to it.
class Branches {
 public:
  void add(const std::string& pattern, const std::string& action) {
    const auto [found, is_new] = places_.emplace(action, branches_.size());
    if (is_new) branches_.push_back({action, {}});
    branches_[found->second].patterns.push_back(in_quotes(pattern));
  }

  std::string text(std::string_view indent) const {
    std::string text;
    for (const Branch& branch : branches_) {
      std::string line(indent);
      for (size_t i = 0; i < branch.patterns.size(); ++i) {
        const std::string part = (i == 0 ? "" : " | ") + branch.patterns[i];
        if (line.size() + part.size() > kPatternWidth) {
          text += line + " \\\n";
          line = std::string(indent) + " ";
        }
        line += part;
      }
      text += fmt::format("{})\n{}  {}\n{}  ;;\n", line, indent, branch.action, indent);
    }
    return text;
  }

 private:
  struct Branch {
    std::string action;
    std::vector<std::string> patterns;
  };

  std::vector<Branch> branches_;
  std::map<std::string, size_t> places_;
};

std::string action_of(const Value& value) {
  std::string action;
  if (!value.choices.empty()) action = "words=" + in_quotes(fmt::format("{}", fmt::join(value.choices, " ")));
  if (value.path == PathKind::none) return action.empty() ? "return" : action;
  return action + (action.empty() ? "" : " ") + (value.path == PathKind::folder ? "paths=-d" : "paths=-f");
}

// Of all arguments: which of them a word is, options before it leave open.
Value any_argument(const Command& command) {
  Value any;
  for (const Argument& argument : command.arguments) {
    any.choices.insert(any.choices.end(), argument.value.choices.begin(), argument.value.choices.end());
    if (any.path != PathKind::file && argument.value.path != PathKind::none) any.path = argument.value.path;
  }
  for (const Command& inner : command.commands) any.choices.push_back(inner.name);
  return any;
}

constexpr std::string_view kScript = R"(# bash completion for {0}, written by `{0} completion bash`.

_{0}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command= words= paths= i
  COMPREPLY=()
  # The = of --option=value is a word of its own.
  if [[ $current == '=' ]]; then
    current=
  elif [[ $before == '=' ]] && ((COMP_CWORD > 1)); then
    before=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$command:${{COMP_WORDS[i]}}" in
{1}    esac
  done
  case "$command:$before" in
{2}    *)
      if [[ $current == -* ]]; then
        case $command in
{3}        esac
      else
        case $command in
{4}        esac
      fi
      ;;
  esac
  [[ -n $paths ]] && compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(
    compgen -W "$words" -- "$current"
    [[ -n $paths ]] && compgen "$paths" -- "$current"
  )
}}

complete -F _{0} {0}
)";

}  // namespace

std::string bash_completion(const Command& program) {
  Branches leads, values, options, arguments;
  for_each_command(program, [&](const std::string& words, const Command& command) {
    for (const Command& inner : command.commands) {
      leads.add(words + ":" + inner.name,
                "command=" + in_quotes(words.empty() ? inner.name : words + " " + inner.name));
    }
    std::vector<std::string> names;
    for (const Option& option : command.options) {
      names.insert(names.end(), option.names.begin(), option.names.end());
      if (option.value.name.empty()) continue;
      for (const std::string& name : option.names) values.add(words + ":" + name, action_of(option.value));
    }
    options.add(words, "words=" + in_quotes(fmt::format("{}", fmt::join(names, " "))));
    if (const Value any = any_argument(command); any != Value{}) arguments.add(words, action_of(any));
  });
  return fmt::format(kScript, program.name, leads.text("      "), values.text("    "), options.text("          "),
                     arguments.text("          "));
}

}  // namespace spinenet::manual
