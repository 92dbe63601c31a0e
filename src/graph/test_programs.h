// What the tests of lowering share: operations of a program by their names.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

#include "graph/program.h"

namespace spinenet::graph {

inline const Op& op_named(const Program& program, std::string_view name) {
  const auto it = std::ranges::find(program.ops, name, &Op::name);
  if (it == program.ops.end()) throw std::out_of_range(std::string(name));
  return *it;
}

}  // namespace spinenet::graph
