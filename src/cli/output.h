// Results on standard output.
//
// Thread contract: the main thread alone.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/text_table.h"

namespace spinenet::cli {

// Thrown when the reader of standard output has gone away (`spinenet ... | head`): the program ends quietly.
struct OutputClosed {};

// All of it at once. ErrorKind::io when it cannot be written.
void print(std::string_view text);
void print_json(const Json& json);

}  // namespace spinenet::cli
