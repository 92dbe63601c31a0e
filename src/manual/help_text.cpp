#include "manual/help_text.h"

#include <algorithm>

#include "base/format.h"
#include "base/shell_text.h"
#include "manual/notes.h"

namespace spinenet::manual {
namespace {

constexpr int kFewestColumns = 40;
constexpr size_t kWidestTitle = 26;  // of an option; a wider one stands on a line of its own

struct Shape {
  size_t first = 0;      // letters before the first line that are there already
  size_t indent = 0;     // of the lines after it
  std::string_view end;  // behind each line but the last
};

// Where the word that begins there ends; an option and its value, and "[default: 5]", are not parted in the middle.
size_t end_of_word(std::string_view words, size_t at) {
  const size_t end = std::min(words.find(' ', at), words.size());
  const std::string_view word = words.substr(at, end - at);
  const bool leads = word.starts_with("--") ? word.size() > 2 && word.find('=') == std::string_view::npos
                                            : word.starts_with('[') && !word.ends_with(']');
  return leads ? std::min(words.find(' ', std::min(end + 1, words.size())), words.size()) : end;
}

// The words of a text in lines of at most `width` letters.
std::string filled(std::string_view text, size_t width, const Shape& shape) {
  std::string lines;
  size_t column = shape.first;
  bool begins = true;  // a line
  const std::string words = on_one_line(text);
  for (size_t at = 0; at < words.size();) {
    const size_t end = end_of_word(words, at);
    const std::string_view word = std::string_view(words).substr(at, end - at);
    const bool is_last = end == words.size();
    const size_t needed = column + (begins ? 0 : 1) + word.size() + (is_last ? 0 : shape.end.size());
    if (!begins && needed > width) {
      lines += fmt::format("{}\n{}", shape.end, std::string(shape.indent, ' '));
      column = shape.indent;
      begins = true;
    }
    lines += fmt::format("{}{}", begins ? "" : " ", word);
    column += word.size() + (begins ? 0 : 1);
    begins = false;
    at = end + 1;
  }
  return lines + "\n";
}

struct Entry {
  std::string title, text;
};

std::string section(std::string_view heading, const std::vector<Entry>& entries, size_t title_width, size_t width) {
  if (entries.empty()) return "";
  const size_t indent = 2 + title_width + 2;
  std::string lines = fmt::format("\n{}:\n", heading);
  for (const Entry& entry : entries) {
    const bool fits = entry.title.size() <= title_width;
    lines += fits ? fmt::format("  {:{}}  ", entry.title, title_width)
                  : fmt::format("  {}\n{}", entry.title, std::string(indent, ' '));
    lines += filled(entry.text, width, {indent, indent, ""});
  }
  return lines;
}

std::string shown(const Value& value) {
  return value.name + (value.repeated ? "..." : "");
}

std::vector<Entry> argument_entries(const Command& command) {
  std::vector<Entry> entries;
  for (const Argument& argument : command.arguments) entries.push_back({shown(argument.value), argument.description});
  return entries;
}

std::vector<Entry> option_entries(const Command& command) {
  std::vector<Entry> entries;
  for (const Option& option : command.options) {
    std::string title = fmt::format("{}", fmt::join(option.names, ", "));
    if (!option.value.name.empty()) title += " " + option.value.name;
    entries.push_back({title, option.description});
  }
  return entries;
}

size_t widest_title(const std::vector<Entry>& entries) {
  size_t widest = 0;
  for (const Entry& entry : entries) {
    if (entry.title.size() <= kWidestTitle) widest = std::max(widest, entry.title.size());
  }
  return widest;
}

std::string command_sections(const Command& command, size_t width) {
  std::vector<Entry> all;
  for (const Command& inner : command.commands) all.push_back({inner.name, inner.summary});
  const size_t title_width = widest_title(all);
  std::string text;
  for (size_t i = 0; i < all.size();) {
    const std::string& group = command.commands[i].group;
    std::vector<Entry> entries;
    for (; i < all.size() && command.commands[i].group == group; ++i) entries.push_back(all[i]);
    text += section(group.empty() ? "Commands" : group, entries, title_width, width);
  }
  return text;
}

std::string usage_lines(const Command& program, std::span<const std::string> words, const Command& command,
                        size_t width) {
  std::string line = fmt::format("Usage: {}", program.name);
  for (const std::string& word : words) line += " " + word;
  const size_t indent = line.size() + 1;
  for (const Option& option : command.options) {
    if (option.required) line += fmt::format(" {} {}", option.names.front(), option.value.name);
  }
  if (!command.options.empty()) line += " [OPTIONS]";
  for (const Argument& argument : command.arguments) {
    const std::string name = shown(argument.value);
    line += argument.required ? fmt::format(" {}", name) : fmt::format(" [{}]", name);
  }
  if (!command.commands.empty()) line += " COMMAND";
  return filled(line, width, {0, std::min(indent, width / 2), ""});
}

// A remark behind a line to type goes before it where both have no room.
std::string typed_line(const std::string& line, size_t width) {
  const size_t remark = line.find("  # ");
  if (remark == std::string::npos || 2 + line.size() <= width) {
    return "  " + (2 + line.size() <= width ? line + "\n" : filled(line, width, {2, 6, " \\"}));
  }
  return "  " + filled(line.substr(remark + 2), width, {2, 2, ""}) + typed_line(line.substr(0, remark), width);
}

std::string note_lines(const Command& command, size_t width) {
  std::string text;
  for (const Note& note : notes_in(command.notes)) {
    text += "\n";
    if (note.heading.empty()) {
      text += filled(fmt::format("{}", fmt::join(note.lines, " ")), width, {});
      continue;
    }
    text += note.heading + ":\n";
    for (const std::string& line : note.lines) {
      text += note.typed ? typed_line(line, width) : "  " + filled(line, width, {2, 2, ""});
    }
  }
  return text;
}

}  // namespace

std::string help_text(const Command& program, std::span<const std::string> words, int columns) {
  const Command& command = find_command(program, words);
  const auto width = static_cast<size_t>(std::clamp(columns, kFewestColumns, kHelpColumns));
  const std::vector<Entry> arguments = argument_entries(command), options = option_entries(command);
  const size_t title_width = std::max(widest_title(arguments), widest_title(options));
  return filled(command.summary, width, {}) + usage_lines(program, words, command, width) +
         command_sections(command, width) + section("Arguments", arguments, title_width, width) +
         section("Options", options, title_width, width) + note_lines(command, width);
}

}  // namespace spinenet::manual
