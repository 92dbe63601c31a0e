// Results on standard output.
//
// Thread contract: the main thread alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace spinenet::cli {

// Thrown when the reader of standard output has gone away (`spinenet ... | head`): the program ends quietly.
struct OutputClosed {};

// All of it at once. ErrorKind::io when it cannot be written.
void print(std::string_view text);
void print_json(const Json& json);

// Columns of equal width, two spaces apart; a column of numbers stands to the right. `rows` are equally long.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

// 28543210 -> "28.54 M".
std::string short_count(int64_t number);

}  // namespace spinenet::cli
