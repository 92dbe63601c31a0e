#include "manual/command_line.h"

#include <algorithm>

#include "base/format.h"
#include "base/known_names.h"

namespace spinenet::manual {
namespace {

void visit_below(const Command& command, const std::string& words,
                 const std::function<void(const std::string& words, const Command&)>& visit) {
  visit(words, command);
  for (const Command& inner : command.commands) {
    visit_below(inner, words.empty() ? inner.name : words + " " + inner.name, visit);
  }
}

}  // namespace

std::string default_text(std::string_view standard) {
  return fmt::format("[default: {}]", standard);
}

void for_each_command(const Command& program,
                      const std::function<void(const std::string& words, const Command&)>& visit) {
  visit_below(program, "", visit);
}

const Command& find_command(const Command& program, std::span<const std::string> words) {
  const Command* at = &program;
  for (const std::string& word : words) {
    const auto found = std::ranges::find(at->commands, word, &Command::name);
    if (found == at->commands.end()) {
      std::vector<std::string> names;
      for (const Command& command : at->commands) names.push_back(command.name);
      unknown_name(ErrorKind::usage, "command", word, names);
    }
    at = &*found;
  }
  return *at;
}

}  // namespace spinenet::manual
