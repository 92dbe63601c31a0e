// Which steps of a plan must be done before another begins, by the memory that they read and write: maps share it, so
// a step also waits for those that still read what it will overwrite.
//
// Thread contract: pure function.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace spinenet::engine {

// Numbers of a session's memory, from `first` up to `end`.
struct Stretch {
  int64_t first = 0, end = 0;
};

struct StepAccess {
  std::vector<Stretch> reads, writes;
};

// Of each step the steps before it that it waits for, but for those that one of them waits for already.
std::vector<std::vector<int>> dependencies_of(std::span<const StepAccess> steps);

}  // namespace spinenet::engine
