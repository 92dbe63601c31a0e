// A long list in a JSON text, cut into pieces that are parsed apart: on several threads, each with tables that stay in
// the cache.
//
// The cuts are where it looks like the border of two entries: at a comma between "}" and "{"; and the list ends where
// the first "]" follows a "}". Such a comma may also stand in a text or inside an entry. That cut then leaves a piece
// that is no series of whole values: the first piece begins where the list does, and each next one where a piece ended
// that was such a series, so what a piece begins with is known. Where all pieces are sound, and the text around the
// list is, so is the whole text, and its entries are those of the pieces. Where one is not, the caller reads the text
// in one go, which also says what is wrong.
//
// Thread contract: the functions may be called from any thread; a PieceParser belongs to one. Only this module's .cpp
// files include this header.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "data/coco/coco_limits.h"

namespace spinenet::data {

struct ListPieces {
  std::string_view before, after;        // of the text: up to the list's "[" and from its "]" on
  std::vector<std::string_view> pieces;  // without the commas between them
  int levels = 1;                        // of nesting, with the list's own
  // Where it is given, lists of numbers under this key are checked and then taken as empty (plain_lists.h).
  std::string_view unread{};
};

// Of the list that the text is. Nothing where it is too short to be cut, or is not a list of objects.
std::optional<ListPieces> cut_list(std::string_view text, size_t piece_bytes);
// Of the list that an object has under a key.
std::optional<ListPieces> cut_list_of_key(std::string_view text, std::string_view key, size_t piece_bytes);

class PieceParser {
 public:
  PieceParser(const ListPieces& list, const CocoLimits& limits)
      : levels_(list.levels), unread_(list.unread), limits_(limits) {}

  // Its values, until the next call. Nothing where they are not sound in themselves (as those of a CocoDocument are).
  std::optional<simdjson::dom::array> parse(std::string_view piece);

 private:
  int levels_;
  std::string_view unread_;
  CocoLimits limits_;
  std::string text_;
  simdjson::dom::parser parser_;
  bool allocated_ = false;
};

// Calls read(place of the piece, its values) for each piece, on as many threads as are asked for (0: all cores this
// process may use). Returns whether every piece is sound and every call returned true; after one that is not, no more
// are begun.
bool read_pieces(const ListPieces& list, const CocoLimits& limits, int threads,
                 const std::function<bool(size_t, simdjson::dom::array)>& read);

}  // namespace spinenet::data
