#include "manual/man_page.h"

#include <algorithm>
#include <cctype>

#include "base/format.h"
#include "base/shell_text.h"
#include "manual/notes.h"

namespace spinenet::manual {
namespace {

constexpr size_t kTextWidth = 78;  // of a line of text in the source

// Text in which nothing is a command of roff.
std::string roff(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\\') {
      safe += "\\e";
    } else if (c == '-') {
      safe += "\\-";
    } else if (c == '\'') {
      safe += "\\(aq";
    } else {
      safe += c;
    }
  }
  return safe.starts_with('.') ? "\\&" + safe : safe;
}

std::string bold(std::string_view text) {
  return fmt::format("\\fB{}\\fR", roff(text));
}

std::string slanted(std::string_view text) {
  return fmt::format("\\fI{}\\fR", roff(text));
}

// Filled lines.
std::string paragraph(std::string_view text) {
  std::string lines, line;
  const auto end_line = [&] {
    if (!line.empty()) lines += line + "\n";
    line.clear();
  };
  const std::string words = on_one_line(text);
  for (size_t at = 0; at < words.size();) {
    const size_t end = std::min(words.find(' ', at), words.size());
    const std::string word = roff(std::string_view(words).substr(at, end - at));
    if (!line.empty() && line.size() + 1 + word.size() > kTextWidth) end_line();
    line += line.empty() ? word : " " + word;
    at = end + 1;
  }
  end_line();
  return lines;
}

std::string heading(std::string_view title) {
  return fmt::format(".SH {}\n", title);
}

std::string name_of_page(const Command& program, std::string words) {
  std::ranges::replace(words, ' ', '-');
  return words.empty() ? program.name : program.name + "-" + words;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string synopsis(const Command& program, const std::string& words, const Command& command) {
  std::string text = heading("SYNOPSIS") + bold(words.empty() ? program.name : program.name + " " + words);
  for (const Option& option : command.options) {
    if (option.required) text += fmt::format(" {} {}", bold(option.names.front()), slanted(option.value.name));
  }
  if (!command.options.empty()) text += fmt::format(" [{}]", slanted("OPTIONS"));
  for (const Argument& argument : command.arguments) {
    std::string shown = slanted(argument.value.name);
    if (argument.value.repeated) shown += "...";
    text += argument.required ? fmt::format(" {}", shown) : fmt::format(" [{}]", shown);
  }
  if (!command.commands.empty()) text += fmt::format(" {}", slanted("COMMAND"));
  return text + "\n";
}

std::string entry(const std::string& title, const std::string& description, const Value& value) {
  std::string text = fmt::format(".TP\n{}\n{}", title, description.empty() ? "\\&\n" : paragraph(description));
  if (value.choices.empty()) return text;
  const std::string_view what = value.path == PathKind::none ? "One of" : "Known names";
  return text + fmt::format(".br\n{}", paragraph(fmt::format("{}: {}.", what, fmt::join(value.choices, ", "))));
}

std::string options_of(const Command& command) {
  std::string text;
  if (!command.arguments.empty()) text += heading("ARGUMENTS");
  for (const Argument& argument : command.arguments) {
    text += entry(slanted(argument.value.name), argument.description, argument.value);
  }
  if (!command.options.empty()) text += heading("OPTIONS");
  for (const Option& option : command.options) {
    std::string title;
    for (const std::string& name : option.names) title += fmt::format("{}{}", title.empty() ? "" : ", ", bold(name));
    if (!option.value.name.empty()) title += fmt::format(" {}", slanted(option.value.name));
    text += entry(title, option.description, option.value);
  }
  return text;
}

std::string notes_of(std::string_view notes) {
  std::string sections, remarks;
  for (const Note& note : notes_in(notes)) {
    if (note.heading.empty()) {
      remarks +=
          fmt::format("{}{}", remarks.empty() ? "" : ".PP\n", paragraph(fmt::format("{}", fmt::join(note.lines, " "))));
      continue;
    }
    sections += heading(upper(note.heading)) + (note.typed ? ".EX\n" : "");
    for (const std::string& line : note.lines) sections += note.typed ? roff(line) + "\n" : paragraph(line);
    if (note.typed) sections += ".EE\n";
  }
  return sections + (remarks.empty() ? "" : heading("NOTES") + remarks);
}

std::string commands_of(const Command& command) {
  std::string text, group;
  for (const Command& inner : command.commands) {
    if (inner.group != group) text += fmt::format(".SS {}\n", roff(group = inner.group));
    text += entry(bold(inner.name), inner.summary, {});
  }
  return command.commands.empty() ? "" : heading("COMMANDS") + text;
}

std::string see_also(const Command& program, const std::string& words, const Command& command) {
  std::vector<std::string> pages;
  if (!words.empty()) {
    const size_t last = words.rfind(' ');
    pages.push_back(name_of_page(program, last == std::string::npos ? "" : words.substr(0, last)));
  }
  for (const Command& inner : command.commands) {
    pages.push_back(name_of_page(program, words.empty() ? inner.name : words + " " + inner.name));
  }
  std::string text = heading("SEE ALSO");
  for (size_t i = 0; i < pages.size(); ++i) {
    text += fmt::format(".BR {} (1){}\n", roff(pages[i]), i + 1 < pages.size() ? "," : "");
  }
  return text;
}

}  // namespace

std::string man_page(const Command& program, std::span<const std::string> given, const Release& release) {
  const Command& command = find_command(program, given);
  const std::string words = fmt::format("{}", fmt::join(given, " ")), name = name_of_page(program, words);
  std::string text = fmt::format(".TH {} 1 {} \"{} {}\" \"User Commands\"\n", upper(name), release.date, program.name,
                                 release.version);
  text += heading("NAME") + fmt::format("{} \\-\n{}", roff(name), paragraph(command.summary));
  text += synopsis(program, words, command);
  text += commands_of(command) + options_of(command) + notes_of(command.notes);
  return text + see_also(program, words, command);
}

}  // namespace spinenet::manual
