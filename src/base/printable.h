// Text from outside (names of files, classes, workers, keys) as it is safe to print or log: control characters (line
// breaks, terminal escapes), the separators and directions of Unicode and bytes that are no UTF-8 are written out, as
// in \n, \x1b, \u{202e}. The rest stays as it is.
//
// Thread contract: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace spinenet {

// One character of UTF-8 text (RFC 3629: no overlong forms, no surrogates).
struct Symbol {
  size_t bytes = 0;  // 0: the bytes are no UTF-8
  uint32_t code = 0;
};
Symbol symbol_at(std::string_view text, size_t at);

std::string printable(std::string_view text);
// Of several lines: line breaks and tabs stay.
std::string printable_lines(std::string_view text);

}  // namespace spinenet
