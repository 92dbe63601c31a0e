// Rows of text as a table with aligned columns and large numbers in short form.
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

}  // namespace spinenet
