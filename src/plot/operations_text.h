// What a part of a network is made of, in words: "3 convolutions, 3 batch norms, 1 sum".
//
// Thread contract: a pure function.
#pragma once

#include <string>
#include <string_view>

#include "graph/program.h"

namespace spinenet::plot {

// The operations whose name begins with `prefix`, by kind, in the order in which kinds first occur.
std::string operations_text(const graph::Program& program, std::string_view prefix);

}  // namespace spinenet::plot
