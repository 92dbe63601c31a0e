#include "data/coco/list_pieces.h"

#include <algorithm>
#include <atomic>

#include "base/thread_pool.h"
#include "data/coco/coco_document.h"
#include "data/coco/json_diagnosis.h"
#include "data/coco/plain_lists.h"

namespace spinenet::data {
namespace {

constexpr size_t kNowhere = std::string_view::npos;

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

size_t skip_space(std::string_view text, size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

// Whether the last character before `at` that is no space is this one, from `begin` on.
bool comes_after(std::string_view text, size_t begin, size_t at, char c) {
  while (at > begin && is_space(text[at - 1])) --at;
  return at > begin && text[at - 1] == c;
}

// The first comma between "}" and "{" from a place on.
size_t comma_from(std::string_view list, size_t from) {
  for (size_t at = list.find(',', from); at != kNowhere; at = list.find(',', at + 1)) {
    const size_t next = skip_space(list, at + 1);
    if (next < list.size() && list[next] == '{' && comes_after(list, 0, at, '}')) return at;
  }
  return kNowhere;
}

std::vector<std::string_view> cut(std::string_view list, size_t piece_bytes) {
  std::vector<std::string_view> pieces;
  while (list.size() > piece_bytes) {
    const size_t comma = comma_from(list, piece_bytes);
    if (comma == kNowhere) break;
    pieces.push_back(list.substr(0, comma));
    list.remove_prefix(comma + 1);
  }
  pieces.push_back(list);
  return pieces;
}

// The place after the text that begins at a quotation mark.
size_t skip_text(std::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return text.size();
}

// The "[" of the list that the object which the text is has under this key. Of a text that is no JSON, anything.
size_t list_of_key(std::string_view text, std::string_view key) {
  int depth = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const size_t end = skip_text(text, at);
    const bool named = depth == 1 && text.substr(at + 1, end - at - 2) == key;
    at = end - 1;
    if (!named) continue;
    const size_t colon = skip_space(text, end);
    if (colon >= text.size() || text[colon] != ':') continue;
    const size_t value = skip_space(text, colon + 1);
    return value < text.size() && text[value] == '[' ? value : kNowhere;
  }
  return kNowhere;
}

// The first "]" after a "}", from where the list begins.
size_t likely_end(std::string_view text, size_t begin) {
  for (size_t at = text.find(']', begin); at != kNowhere; at = text.find(']', at + 1)) {
    if (comes_after(text, begin, at, '}')) return at;
  }
  return kNowhere;
}

std::optional<ListPieces> pieces_between(std::string_view text, size_t open, size_t close, int levels,
                                         size_t piece_bytes) {
  const std::string_view list = text.substr(open + 1, close - open - 1);
  if (list.size() <= piece_bytes) return std::nullopt;
  return ListPieces{text.substr(0, open + 1), text.substr(close), cut(list, piece_bytes), levels, {}};
}

}  // namespace

std::optional<ListPieces> cut_list(std::string_view text, size_t piece_bytes) {
  const size_t open = skip_space(text, 0);
  size_t close = text.size();
  while (close > open && is_space(text[close - 1])) --close;
  if (close < open + 2 || text[open] != '[' || text[close - 1] != ']') return std::nullopt;
  return pieces_between(text, open, close - 1, 1, piece_bytes);
}

std::optional<ListPieces> cut_list_of_key(std::string_view text, std::string_view key, size_t piece_bytes) {
  const size_t open = list_of_key(text, key);
  if (open == kNowhere) return std::nullopt;
  const size_t close = likely_end(text, open + 1);
  if (close == kNowhere) return std::nullopt;
  return pieces_between(text, open, close, 2, piece_bytes);
}

std::optional<simdjson::dom::array> PieceParser::parse(std::string_view piece) {
  text_.assign(1, '[');
  if (unread_.empty()) {
    text_.append(piece);
  } else {
    append_without_lists(piece, unread_, text_);
  }
  text_.push_back(']');
  const size_t size = text_.size();
  text_.append(simdjson::SIMDJSON_PADDING, '\0');  // it reads, and ignores, some bytes past the end
  // The list lies inside of as many levels as `levels_` says, less the one that the parser sees.
  const size_t depth = static_cast<size_t>(kMaxJsonDepth) + 1 - static_cast<size_t>(levels_);
  if (!allocated_ && parser_.allocate(size, depth) != simdjson::SUCCESS) return std::nullopt;
  allocated_ = true;
  simdjson::dom::element root;
  simdjson::dom::array values;
  if (parser_.parse(text_.data(), size, false).get(root) != simdjson::SUCCESS) return std::nullopt;
  if (root.get(values) != simdjson::SUCCESS || values.begin() == values.end()) return std::nullopt;
  if (!is_sound(root, limits_)) return std::nullopt;
  return values;
}

bool read_pieces(const ListPieces& list, const CocoLimits& limits, int threads,
                 const std::function<bool(size_t, simdjson::dom::array)>& read) {
  const size_t most = static_cast<size_t>(threads > 0 ? threads : available_cores());
  const size_t lanes = std::min(most, list.pieces.size());
  std::atomic<size_t> next{0};
  std::atomic<bool> sound{true};
  const auto lane = [&](int64_t /*lane*/) {
    PieceParser parser(list, limits);
    for (size_t at = next++; at < list.pieces.size() && sound; at = next++) {
      const std::optional<simdjson::dom::array> values = parser.parse(list.pieces[at]);
      if (!values || !read(at, *values)) sound = false;
    }
  };
  if (lanes > 1) {
    ThreadPool(static_cast<int>(lanes) - 1).parallel_for(static_cast<int64_t>(lanes), lane);
  } else {
    lane(0);
  }
  return sound;
}

}  // namespace spinenet::data
