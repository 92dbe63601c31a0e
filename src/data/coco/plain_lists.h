// Lists of numbers that nobody wants to have: they are checked as JSON and left out of a text before it is parsed,
// which costs a fraction of parsing them. Most of an annotation file are the polygons of its masks.
//
// Thread contract: pure function.
#pragma once

#include <string>
#include <string_view>

namespace spinenet::data {

// Appends `text` to `out`. Each value of the key in it that is a list of numbers, or of lists of numbers, is left
// empty:
// [] or [[]]. Numbers are such that any reader takes them: RFC 8259's grammar without an exponent, at most 18
// characters. Every other value stays, so that the parser says what it is. Of no text, sound or broken, does the change
// alter whether it is JSON, how deep it goes, or which keys it has.
void append_without_lists(std::string_view text, std::string_view key, std::string& out);

}  // namespace spinenet::data
