#include "base/known_names.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "base/yaml.h"

namespace spinenet {
namespace {

// Levenshtein's: letters put in, taken out or changed.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j < row.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view wrong, const KnownNames& known) {
  std::string_view best;
  size_t best_distance = std::max<size_t>(2, wrong.size() / 3) + 1;
  for (const std::string_view name : known.list) {
    const size_t distance = edit_distance(wrong, name);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = name;
  }
  return std::string(best);
}

std::string did_you_mean(std::string_view right) {
  return fmt::format("did you mean \"{}\"?", right);
}

std::string use_one_of(const KnownNames& known) {
  return fmt::format("use one of {}", fmt::join(known.list, ", "));
}

std::string remedy_for(std::string_view wrong, const KnownNames& known, std::string_view otherwise) {
  const std::string near = nearest_name(wrong, known);
  if (!near.empty()) return did_you_mean(near);
  return otherwise.empty() ? use_one_of(known) : std::string(otherwise);
}

void unknown_name(ErrorKind kind, std::string_view what, std::string_view wrong, const KnownNames& known,
                  std::string_view place) {
  fail(kind, fmt::format("unknown {} {}", what, short_quote(wrong)), place, remedy_for(wrong, known));
}

}  // namespace spinenet
