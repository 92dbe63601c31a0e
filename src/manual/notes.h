// The notes below the help of a command, in their parts. "Examples:" with the indented lines below it is a part of
// lines to type, another such heading one of text; all else are paragraphs, with an empty line between two.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spinenet::manual {

struct Note {
  std::string heading;             // "Examples"; "" of a paragraph
  bool typed = false;              // each line is one to type
  std::vector<std::string> lines;  // without their indentation
};

std::vector<Note> notes_in(std::string_view notes);

}  // namespace spinenet::manual
