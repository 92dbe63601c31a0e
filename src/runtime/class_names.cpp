#include "runtime/class_names.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/known_names.h"

namespace spinenet::runtime {
namespace {

std::string_view without_blanks(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::vector<int> labels_named(std::string_view names, std::span<const formats::ModelClass> classes,
                              std::string_view place) {
  std::vector<std::string_view> known;
  for (const formats::ModelClass& one : classes) known.emplace_back(one.name);
  std::set<int> labels;
  size_t start = 0;
  while (start <= names.size()) {
    // The longest part up to a comma, or to the end, that is a name.
    size_t end = names.size();
    const auto part = [&] { return without_blanks(names.substr(start, end - start)); };
    while (end != std::string_view::npos && std::ranges::find(known, part()) == known.end()) {
      end = end > start ? names.rfind(',', end - 1) : std::string_view::npos;
      if (end != std::string_view::npos && end < start) end = std::string_view::npos;
    }
    if (end == std::string_view::npos) {
      end = std::min(names.find(',', start), names.size());
      unknown_name(ErrorKind::usage, "class", part(), known, place);
    }
    for (size_t i = 0; i < known.size(); ++i) {
      if (known[i] == part()) labels.insert(static_cast<int>(i));
    }
    start = end + 1;
  }
  return {labels.begin(), labels.end()};
}

}  // namespace spinenet::runtime
