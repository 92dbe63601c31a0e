// Zsh's _arguments reads one specification for each option and argument; each command is a function of its own.
#include "base/format.h"
#include "base/shell_text.h"
#include "manual/completion.h"

namespace spinenet::manual {
namespace {

// With a backslash before each of these.
std::string escaped(std::string_view text, std::string_view special) {
  std::string escaped;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string function_of(const Command& program, std::string words) {
  for (char& c : words) c = c == ' ' || c == '-' ? '_' : c;
  return words.empty() ? "_" + program.name : fmt::format("_{}_{}", program.name, words);
}

// ":message:action" of a specification.
std::string completed(const Value& value) {
  const std::string files = value.path == PathKind::folder ? "_files -/" : "_files";
  const std::string choices = escaped(fmt::format("{}", fmt::join(value.choices, " ")), ":");
  std::string action;
  if (value.choices.empty()) {
    action = value.path == PathKind::none ? " " : files;
  } else if (value.path == PathKind::none) {
    action = fmt::format("({})", choices);
  } else {  // in double quotes that _arguments takes away again
    action = fmt::format(R"x( _alternative "names\:name\:({})" "files\:file\:{}")x", choices, files);
  }
  return fmt::format(":{}:{}", escaped(value.name, ":\\"), action);
}

std::string specification(const Option& option) {
  const std::string explained = fmt::format("[{}]", escaped(on_one_line(option.description), "[]\\:"));
  const std::string tail = option.value.name.empty() ? explained : explained + completed(option.value);
  const auto with_value = [&](const std::string& name) {
    if (option.value.name.empty()) return name;
    return name.starts_with("--") ? name + "=" : name + "+";
  };
  if (option.value.repeated) {
    std::string all;
    for (const std::string& name : option.names)
      all += fmt::format("{}{}", all.empty() ? "" : " ", in_quotes(fmt::format("*{}{}", with_value(name), tail)));
    return all;
  }
  if (option.names.size() == 1) return in_quotes(with_value(option.names.front()) + tail);
  std::vector<std::string> forms;
  for (const std::string& name : option.names) forms.push_back(with_value(name));
  return fmt::format("'({})'{{{}}}{}", fmt::join(option.names, " "), fmt::join(forms, ","), in_quotes(tail));
}

std::string arguments_of(const Command& command) {
  std::string text;
  for (const Option& option : command.options) text += fmt::format(" \\\n    {}", specification(option));
  for (size_t i = 0; i < command.arguments.size(); ++i) {
    const Argument& argument = command.arguments[i];
    const std::string place = argument.value.repeated ? "*" : fmt::format("{}{}", i + 1, argument.required ? "" : ":");
    text += fmt::format(" \\\n    {}", in_quotes(place + completed(argument.value)));
  }
  return text;
}

std::string function_text(const Command& program, const std::string& words, const Command& command) {
  const std::string name = function_of(program, words);
  if (command.commands.empty()) return fmt::format("{}() {{\n  _arguments -S{}\n}}\n\n", name, arguments_of(command));
  std::string list, calls;
  for (const Command& inner : command.commands) {
    const std::string below = words.empty() ? inner.name : words + " " + inner.name;
    list += fmt::format("    {}\n", in_quotes(inner.name + ":" + on_one_line(inner.summary)));
    calls += fmt::format("        {}) {} ;;\n", inner.name, function_of(program, below));
  }
  return fmt::format(R"({0}() {{
  local curcontext=$curcontext state line ret=1
  local -a commands
  commands=(
{1}  )
  _arguments -C{2} \
    '1: :->command' \
    '*:: :->rest' && ret=0
  case $state in
    command) _describe -t commands command commands && ret=0 ;;
    rest)
      case $line[1] in
{3}      esac
      ret=$?
      ;;
  esac
  return ret
}}

)",
                     name, list, arguments_of(command), calls);
}

}  // namespace

std::string zsh_completion(const Command& program) {
  std::string text =
      fmt::format("#compdef {0}\n# zsh completion for {0}, written by `{0} completion zsh`.\n\n", program.name);
  for_each_command(program, [&](const std::string& words, const Command& command) {
    text += function_text(program, words, command);
  });
  // From a folder of $fpath this file is the body of the function; sourced, it declares it.
  return text + fmt::format("if [[ $funcstack[1] == _{0} ]]; then\n  _{0} \"$@\"\nelse\n  compdef _{0} {0}\nfi\n",
                            program.name);
}

}  // namespace spinenet::manual
