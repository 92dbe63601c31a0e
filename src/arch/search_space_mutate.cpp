// One-decision changes of a sample: mutation draws one of them, neighbours lists them all.
#include "arch/search_space.h"
#include "arch/search_space_layout.h"
#include "base/error.h"

namespace spinenet::arch {
namespace {

class Mutations {
 public:
  Mutations(const SearchSpace& space, const Choices& parent) : space_(space), parent_(parent), layout_(space) {}

  // Values of the decision at `place`, other than the parent's, that give another network.
  std::vector<int> values(size_t place) const {
    if (place < layout_.blocks) return other_slots(place);
    if (place < layout_.shift(0)) return other_parents(place - layout_.first_parent(0));
    if (place < layout_.kind(0)) return other_shifts(place - layout_.shift(0));
    if (place < layout_.more_parent(0)) return others(place, space_.kinds.size());
    if (place < layout_.width(0)) return other_further_parents(place - layout_.more_parent(0));
    return others(place, space_.widths.size());
  }

  Choices with(size_t place, int value) const {
    Choices changed = parent_;
    if (place < layout_.blocks) std::swap(changed[holder(place, value)], changed[place]);
    changed[place] = value;
    return changed;
  }

 private:
  // All of 0 .. count - 1 but the present one.
  std::vector<int> others(size_t place, size_t count) const {
    std::vector<int> values;
    for (int value = 0; value < static_cast<int>(count); ++value) {
      if (value != parent_[place]) values.push_back(value);
    }
    return values;
  }

  bool is_intermediate(size_t block) const { return block < layout_.intermediates; }

  // Of the blocks that take slots of the same list, the one that has this slot.
  size_t holder(size_t block, int slot) const {
    size_t other = is_intermediate(block) ? 0 : layout_.intermediates;
    while (parent_[layout_.slot(other)] != slot) ++other;
    return other;
  }

  // The block's level if it had the slot of `donor`.
  int level_with_slot_of(size_t donor, size_t block) const {
    const auto slot = static_cast<size_t>(parent_[layout_.slot(donor)]);
    if (!is_intermediate(block)) return space_.output_levels[slot];
    return shifted_level(space_.intermediate_levels[slot], parent_[layout_.shift(block)]);
  }

  // Slots of later blocks; with those of earlier ones the earlier block would swap.
  std::vector<int> other_slots(size_t block) const {
    std::vector<int> slots;
    if (!space_.permute) return slots;
    const size_t end = is_intermediate(block) ? layout_.intermediates : layout_.blocks;
    for (size_t later = block + 1; later < end; ++later) {
      const bool changes = level_with_slot_of(later, block) != level_with_slot_of(block, block) ||
                           level_with_slot_of(block, later) != level_with_slot_of(later, later);
      if (changes) slots.push_back(parent_[layout_.slot(later)]);
    }
    return slots;
  }

  // `place` counts from the first parent of the first block.
  std::vector<int> other_parents(size_t place) const {
    std::vector<int> parents;
    if (!space_.connect) return parents;
    return free_candidates(place / 2);
  }

  // `place` counts from the first further parent of the first block.
  std::vector<int> other_further_parents(size_t place) const {
    const size_t block = place / layout_.more_parents;
    std::vector<int> parents = free_candidates(block);
    if (parent_[layout_.more_parent(0) + place] != kNoParent) parents.insert(parents.begin(), kNoParent);
    return parents;
  }

  // Those that are not yet parents of the block.
  std::vector<int> free_candidates(size_t block) const {
    const auto taken = [&](int candidate) {
      const auto more = parent_.begin() + static_cast<std::ptrdiff_t>(layout_.more_parent(block));
      return candidate == parent_[layout_.first_parent(block)] || candidate == parent_[layout_.second_parent(block)] ||
             std::find(more, more + static_cast<std::ptrdiff_t>(layout_.more_parents), candidate) !=
                 more + static_cast<std::ptrdiff_t>(layout_.more_parents);
    };
    std::vector<int> parents;
    const auto [begin, end] = parent_candidates(space_, block);
    for (int parent = begin; parent < end; ++parent) {
      if (!taken(parent)) parents.push_back(parent);
    }
    return parents;
  }

  std::vector<int> other_shifts(size_t block) const {
    const int slot_level = space_.intermediate_levels[static_cast<size_t>(parent_[layout_.slot(block)])];
    const int level = shifted_level(slot_level, parent_[layout_.shift(block)]);
    std::vector<int> shifts;
    for (const int shift : space_.level_shifts) {
      if (shifted_level(slot_level, shift) != level) shifts.push_back(shift);
    }
    return shifts;
  }

  const SearchSpace& space_;
  const Choices& parent_;
  Layout layout_;
};

}  // namespace

Sample mutate(const SearchSpace& space, const Choices& parent, Random& random) {
  replay(space, parent);  // refuses choices of another space
  const Mutations mutations(space, parent);
  std::vector<size_t> places;
  for (size_t place = 0; place < parent.size(); ++place) {
    if (!mutations.values(place).empty()) places.push_back(place);
  }
  if (places.empty()) {
    fail(ErrorKind::usage, "no decision can change the network", "search space", "free one of its parts");
  }
  const size_t place = places[static_cast<size_t>(random.below(static_cast<int64_t>(places.size())))];
  const std::vector<int> values = mutations.values(place);
  const int value = values[static_cast<size_t>(random.below(static_cast<int64_t>(values.size())))];
  return replay(space, mutations.with(place, value));
}

std::vector<Choices> neighbours(const SearchSpace& space, const Choices& parent) {
  replay(space, parent);  // refuses choices of another space
  const Mutations mutations(space, parent);
  std::vector<Choices> found;
  for (size_t place = 0; place < parent.size(); ++place) {
    for (const int value : mutations.values(place)) found.push_back(mutations.with(place, value));
  }
  return found;
}

}  // namespace spinenet::arch
