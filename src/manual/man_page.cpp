#include "manual/man_page.h"

#include <algorithm>
#include <cctype>

#include "base/format.h"
#include "base/shell_text.h"

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

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

bool is_indented(std::string_view line) {
  return line.starts_with("  ");
}

// "Examples:" with the indented lines below it is a section of lines to type, another such heading one of text; all
// else are notes.
std::string notes_of(std::string_view notes) {
  std::string sections, remarks, filled;
  const auto end_paragraph = [&] {
    if (!filled.empty()) remarks += fmt::format("{}{}", remarks.empty() ? "" : ".PP\n", paragraph(filled));
    filled.clear();
  };
  const std::vector<std::string_view> lines = lines_of(notes);
  for (size_t i = 0; i < lines.size(); ++i) {
    const bool has_block = lines[i].ends_with(':') && i + 1 < lines.size() && is_indented(lines[i + 1]);
    if (lines[i].empty() || has_block) end_paragraph();
    if (!has_block) {
      if (!lines[i].empty()) filled += fmt::format("{}\n", lines[i]);
      continue;
    }
    const bool typed = lines[i].starts_with("Example") || lines[i].starts_with("Begin");
    sections += heading(upper(std::string(lines[i].substr(0, lines[i].size() - 1)))) + (typed ? ".EX\n" : "");
    for (; i + 1 < lines.size() && is_indented(lines[i + 1]); ++i) {
      sections += typed ? roff(lines[i + 1].substr(2)) + "\n" : paragraph(lines[i + 1]);
    }
    if (typed) sections += ".EE\n";
  }
  end_paragraph();
  return sections + (remarks.empty() ? "" : heading("NOTES") + remarks);
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
  if (!command.commands.empty()) text += heading("COMMANDS");
  for (const Command& inner : command.commands) text += entry(bold(inner.name), inner.summary, {});
  text += options_of(command) + notes_of(command.notes);
  return text + see_also(program, words, command);
}

}  // namespace spinenet::manual
