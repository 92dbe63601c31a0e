// For tests: whether a text is well-formed markup, as far as charts and reports use it.
//
// Thread contract: a function of its argument.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spinenet::plot {

// Every tag is closed in order ("void" tags of HTML excepted), and no bare < or & stands in text or attributes. The
// content of <style> is skipped.
inline bool well_formed(std::string_view text) {
  std::vector<std::string> open;
  size_t at = 0;
  while (at < text.size()) {
    if (text[at] == '&') {
      const size_t end = text.find(';', at);
      if (end == std::string_view::npos || end - at > 6) return false;
    }
    if (text[at] != '<') {
      ++at;
      continue;
    }
    const size_t end = text.find('>', at);
    if (end == std::string_view::npos) return false;
    const std::string_view tag = text.substr(at + 1, end - at - 1);
    at = end + 1;
    if (tag.empty() || tag.find('<') != std::string_view::npos) return false;
    const std::string name(tag.substr(0, tag.find_first_of(" /", 1)));
    if (tag.front() == '/') {
      if (open.empty() || "/" + open.back() != name) return false;
      open.pop_back();
    } else if (tag.back() != '/' && name != "!DOCTYPE" && name != "meta" && name != "img") {
      open.push_back(name);
    }
    if (name == "style") at = text.find("</style>", at);
  }
  return open.empty();
}

// How often `part` stands in the text.
inline size_t occurrences(std::string_view text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace spinenet::plot
