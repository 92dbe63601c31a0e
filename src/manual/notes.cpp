#include "manual/notes.h"

#include <algorithm>

namespace spinenet::manual {
namespace {

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

}  // namespace

std::vector<Note> notes_in(std::string_view notes) {
  std::vector<Note> parts;
  bool goes_on = false;  // the paragraph before
  const std::vector<std::string_view> lines = lines_of(notes);
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    if (line.ends_with(':') && i + 1 < lines.size() && is_indented(lines[i + 1])) {
      Note& part = parts.emplace_back();
      part.heading = line.substr(0, line.size() - 1);
      part.typed = line.starts_with("Example") || line.starts_with("Begin");
      for (; i + 1 < lines.size() && is_indented(lines[i + 1]); ++i) part.lines.emplace_back(lines[i + 1].substr(2));
      goes_on = false;
    } else if (line.empty()) {
      goes_on = false;
    } else {
      if (!goes_on) parts.emplace_back();
      parts.back().lines.emplace_back(line);
      goes_on = true;
    }
  }
  return parts;
}

}  // namespace spinenet::manual
