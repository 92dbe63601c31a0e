// Rows of text as a table with aligned columns, large numbers in short form, and text from outside made safe to print.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spinenet {

// Columns of equal width, two spaces apart; a column of numbers is aligned to the right. All rows have the same length.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

// 28543210 -> "28.54 M".
std::string short_count(int64_t number);

// On a terminal a text from outside could move the cursor, change colours or hide what stands beside it. Whatever is no
// printing character is written as \n, \t, \x1b or \u202e; a byte that is no UTF-8 as \xff; a backslash stays one.
std::string printable(std::string_view text);

}  // namespace spinenet
