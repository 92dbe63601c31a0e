// Where the decisions of a search space stand among the choices of a sample, and what a block may take. Private to the
// sources of search_space.h.
//
// Invariant: generate asks for its decisions in exactly this order.
// Thread contract: plain values and pure functions.
#pragma once

#include <algorithm>

#include "arch/search_space.h"

namespace spinenet::arch {

constexpr int kMaxLevel = 7;
constexpr int kMostParents = 4;  // that a space may offer: a size's factors stay exact

// Places among the choices; a block's number here leaves the stem out.
struct Layout {
  explicit Layout(const SearchSpace& space)
      : intermediates(space.intermediate_levels.size()),
        blocks(intermediates + space.output_levels.size()),
        more_parents(static_cast<size_t>(space.max_parents - kMinParents)),
        decisions((4 + more_parents + (space.widths.size() > 1 ? 1 : 0)) * blocks + intermediates) {}

  size_t slot(size_t block) const { return block; }
  size_t first_parent(size_t block) const { return blocks + 2 * block; }
  size_t second_parent(size_t block) const { return first_parent(block) + 1; }
  size_t shift(size_t intermediate) const { return 3 * blocks + intermediate; }
  size_t kind(size_t block) const { return 3 * blocks + intermediates + block; }

  // The first of a block's `more_parents`.
  size_t more_parent(size_t block) const { return 4 * blocks + intermediates + block * more_parents; }
  // Only where widths are asked for.
  size_t width(size_t block) const { return (4 + more_parents) * blocks + intermediates + block; }

  size_t intermediates, blocks, more_parents, decisions;
};

// The blocks begin .. end - 1, stem included.
struct Candidates {
  int begin = 0, end = 0;
};
inline Candidates parent_candidates(const SearchSpace& space, size_t block) {
  const int index = static_cast<int>(block) + kStemBlocks;
  const bool windowed = space.parent_window > 0 && block < space.intermediate_levels.size();
  return {windowed ? std::max(index - space.parent_window, 0) : 0, index};
}

inline int shifted_level(int level, int shift) {
  return std::clamp(level + shift, kStemLevel, kMaxLevel);
}

}  // namespace spinenet::arch
