#include "search/store/store_description.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/format.h"
#include "base/yaml.h"
#include "search/store/store_rows.h"

namespace spinenet::search {
namespace {

// A line, from a little before the character at `place` on.
std::string excerpt(std::string_view line, size_t place) {
  constexpr size_t kBefore = 16, kShort = 32;
  if (place <= kShort) return short_quote(line);
  size_t begin = place - kBefore;
  while (begin < line.size() && (static_cast<unsigned char>(line[begin]) & 0xC0U) == 0x80U) ++begin;
  return short_quote(fmt::format("...{}", line.substr(begin)));
}

std::string_view line_at(std::string_view text, size_t begin) {
  if (begin >= text.size()) return "";
  return text.substr(begin, text.find('\n', begin) - begin);
}

void require_same_text(std::string_view field, std::string_view kept, std::string_view wanted, std::string_view place) {
  if (kept == wanted) return;
  const auto differing = std::mismatch(kept.begin(), kept.end(), wanted.begin(), wanted.end()).first - kept.begin();
  const std::string_view same = kept.substr(0, static_cast<size_t>(differing));
  const size_t begin = same.rfind('\n') == std::string_view::npos ? 0 : same.rfind('\n') + 1;
  const auto line = 1 + std::count(same.begin(), same.end(), '\n');
  const std::string where =
      kept.find('\n') == std::string_view::npos && line == 1 ? "" : fmt::format(" (line {})", line);
  fail(ErrorKind::usage,
       fmt::format("the study has another {}{}: {}, this run {}", field, where,
                   excerpt(line_at(kept, begin), same.size() - begin),
                   excerpt(line_at(wanted, begin), same.size() - begin)),
       place, "give this run a study of its own");
}

template <class Number>
void require_same_number(std::string_view field, Number kept, Number wanted, std::string_view place) {
  if (kept == wanted) return;
  fail(ErrorKind::usage, fmt::format("the study has another {}: {}, this run {}", field, kept, wanted), place,
       "give this run a study of its own");
}

}  // namespace

void validate(const StudyDescription& description, std::string_view place) {
  for (const std::string* text : {&description.space, &description.algorithm, &description.task}) {
    if (!is_utf8(*text) || text->find('\0') != std::string::npos) {
      fail(ErrorKind::bad_data, fmt::format("the description {} is not UTF-8 text", short_quote(one_line(*text))),
           place);
    }
  }
  if (description.lag < 1) {
    fail(ErrorKind::bad_data, fmt::format("a lag of {}", description.lag), place, "it is at least 1");
  }
}

void require_same(const StudyDescription& kept, const StudyDescription& wanted, std::string_view place) {
  require_same_text("space", kept.space, wanted.space, place);
  require_same_text("algorithm", kept.algorithm, wanted.algorithm, place);
  require_same_text("task", kept.task, wanted.task, place);
  require_same_number("seed", kept.seed, wanted.seed, place);
  require_same_number("lag", kept.lag, wanted.lag, place);
}

}  // namespace spinenet::search
