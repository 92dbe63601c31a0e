// From a known backbone back to choices that make it. Several may, because shifts lead from different slots to one
// level: slots are found by a matching of blocks to slots.
#include <set>

#include "arch/search_space.h"
#include "arch/search_space_layout.h"
#include "base/error.h"
#include "base/format.h"

namespace spinenet::arch {
namespace {

// Where a backbone came from, and the messages about it.
struct Subject {
  std::string_view place;

  std::string at(std::string_view part) const {
    return place.empty() ? std::string(part) : fmt::format("{}: {}", place, part);
  }
  [[noreturn]] void refuse(size_t block, std::string_view what, std::string_view rule) const {
    fail(ErrorKind::bad_data, what, at(fmt::format("block {}", block + kStemBlocks)), rule);
  }
};

// Gives each block a slot that can have its level.
class SlotMatching {
 public:
  SlotMatching(const Subject& subject, const SearchSpace& space, const ScalePermuted& backbone)
      : subject_(subject), space_(space), backbone_(backbone) {}

  // Of the blocks first_block, first_block + 1, ..., as many as there are slots.
  std::vector<int> match(const std::vector<int>& slot_levels, const std::vector<int>& shifts, size_t first_block) {
    levels_ = slot_levels;
    shifts_ = shifts;
    first_block_ = first_block;
    holder_.assign(levels_.size(), -1);
    for (size_t i = 0; i < levels_.size(); ++i) {
      std::vector<bool> tried(levels_.size(), false);
      if (!assign(i, tried)) {
        subject_.refuse(first_block + i, fmt::format("no slot is left that gives level {}", level_of(i)),
                        fmt::format("this space has slots of levels {} and shifts {}", fmt::join(levels_, ", "),
                                    fmt::join(shifts_, ", ")));
      }
    }
    std::vector<int> slots(levels_.size());
    for (size_t slot = 0; slot < holder_.size(); ++slot)
      slots[static_cast<size_t>(holder_[slot])] = static_cast<int>(slot);
    return slots;
  }

 private:
  int level_of(size_t i) const { return backbone_.blocks[first_block_ + i].level; }

  bool fits(size_t i, size_t slot) const {
    if (!space_.permute && slot != i) return false;
    return std::any_of(shifts_.begin(), shifts_.end(),
                       [&](int shift) { return shifted_level(levels_[slot], shift) == level_of(i); });
  }

  // Takes a free slot, or one whose holder finds another.
  bool assign(size_t i, std::vector<bool>& tried) {
    for (size_t slot = 0; slot < levels_.size(); ++slot) {
      if (tried[slot] || !fits(i, slot)) continue;
      tried[slot] = true;
      if (holder_[slot] >= 0 && !assign(static_cast<size_t>(holder_[slot]), tried)) continue;
      holder_[slot] = static_cast<int>(i);
      return true;
    }
    return false;
  }

  const Subject& subject_;
  const SearchSpace& space_;
  const ScalePermuted& backbone_;
  std::vector<int> levels_, shifts_;
  size_t first_block_ = 0;
  std::vector<int> holder_;  // block of each slot, or -1
};

// The shift from a slot's level to a block's, one that needs no clamping where there is one.
int shift_between(const SearchSpace& space, int slot_level, int level) {
  int found = 0;
  for (const int shift : space.level_shifts) {
    if (slot_level + shift == level) return shift;
    if (shifted_level(slot_level, shift) == level) found = shift;
  }
  return found;
}

void check_counts(const Subject& subject, const SearchSpace& space, const ScalePermuted& backbone) {
  const Layout layout(space);
  if (backbone.blocks.size() != layout.blocks) {
    fail(ErrorKind::bad_data, fmt::format("has {} blocks", backbone.blocks.size()), subject.at("backbone"),
         fmt::format("this space has {} intermediate blocks and {} outputs", layout.intermediates,
                     space.output_levels.size()));
  }
  for (size_t k = 0; k < layout.blocks; ++k) {
    if (backbone.blocks[k].output == (k >= layout.intermediates)) continue;
    subject.refuse(k, backbone.blocks[k].output ? "is an output" : "is no output",
                   fmt::format("this space has {} intermediate blocks, then the outputs", layout.intermediates));
  }
}

void check_parents(const Subject& subject, const SearchSpace& space, size_t block, const std::vector<int>& parents) {
  const std::string what = fmt::format("has parents {}", fmt::join(parents, " and "));
  const auto count = static_cast<int>(parents.size());
  if (count < kMinParents || count > space.max_parents) {
    subject.refuse(block, what, fmt::format("a block of this space has {} to {}", kMinParents, space.max_parents));
  }
  if (!space.connect) {
    const auto [a, b] = space.fixed_parents[block];
    if (parents[0] != a || parents[1] != b)
      subject.refuse(block, what, fmt::format("this space fixes {} and {}", a, b));
    return;
  }
  const auto [begin, end] = parent_candidates(space, block);
  for (const int parent : parents) {
    if (parent < begin || parent >= end)
      subject.refuse(block, what, fmt::format("parents are among {} to {}", begin, end - 1));
  }
  const std::set<int> different(parents.begin(), parents.end());
  if (different.size() < parents.size()) subject.refuse(block, what, "parents are different blocks");
}

int kind_index(const Subject& subject, const SearchSpace& space, size_t block, BlockKind kind) {
  const auto found = std::find(space.kinds.begin(), space.kinds.end(), kind);
  if (found == space.kinds.end()) {
    subject.refuse(block, fmt::format("is a {}", name_of(kind)),
                   fmt::format("all are {} in this space", name_of(space.kinds.front())));
  }
  return static_cast<int>(found - space.kinds.begin());
}

int width_index(const Subject& subject, const SearchSpace& space, size_t block, double width) {
  const auto found = std::find(space.widths.begin(), space.widths.end(), width);
  if (found == space.widths.end()) {
    subject.refuse(block, fmt::format("has width {}", width),
                   fmt::format("widths are {}", fmt::join(space.widths, ", ")));
  }
  return static_cast<int>(found - space.widths.begin());
}

// Further parents, then none as often as there could be more.
void add_further_parents(const Layout& layout, const ScalePermuted& backbone, Choices& choices) {
  for (const BlockSpec& block : backbone.blocks) {
    for (size_t i = 0; i < layout.more_parents; ++i) {
      choices.push_back(i + 2 < block.parents.size() ? block.parents[i + 2] : kNoParent);
    }
  }
}

}  // namespace

Choices choices_of(const SearchSpace& space, const ScalePermuted& backbone, std::string_view place) {
  const Subject subject{place};
  validate(space);
  check_counts(subject, space, backbone);
  const Layout layout(space);
  SlotMatching matching(subject, space, backbone);
  Choices choices = matching.match(space.intermediate_levels, space.level_shifts, 0);
  const std::vector<int> slots = choices;
  const std::vector<int> outputs = matching.match(space.output_levels, {0}, layout.intermediates);
  choices.insert(choices.end(), outputs.begin(), outputs.end());
  for (size_t k = 0; k < layout.blocks; ++k) {
    const std::vector<int>& parents = backbone.blocks[k].parents;
    check_parents(subject, space, k, parents);
    choices.insert(choices.end(), parents.begin(), parents.begin() + 2);
  }
  for (size_t k = 0; k < layout.intermediates; ++k) {
    const int slot_level = space.intermediate_levels[static_cast<size_t>(slots[k])];
    choices.push_back(shift_between(space, slot_level, backbone.blocks[k].level));
  }
  for (size_t k = 0; k < layout.blocks; ++k) choices.push_back(kind_index(subject, space, k, backbone.blocks[k].kind));
  add_further_parents(layout, backbone, choices);
  for (size_t k = 0; k < layout.blocks; ++k) {
    const int width = width_index(subject, space, k, backbone.blocks[k].width);
    if (space.widths.size() > 1) choices.push_back(width);
  }
  return choices;
}

}  // namespace spinenet::arch
