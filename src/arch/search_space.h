// The space of scale-permuted backbones: which decisions make an architecture, and one generator that takes all of them
// through a Chooser. Random sampling, a controller, mutation and replay are choosers; none of them builds a network by
// itself, so every sample is valid by construction.
//
// The decisions of a sample, in this order (SpineNet, section 3.2):
//   1. scale permutation: for each intermediate block which of the remaining slots of `intermediate_levels` it takes,
//      then the same for the output blocks, one of each level from min_level to max_level;
//   2. for each block in order its first parent, then its second, different from the first: an intermediate's among the
//      last `parent_window` blocks before it (stem included), an output's among all before it;
//   3. level shift of each intermediate block, clamped to levels 2..7;
//   4. kind of each block;
//   5. where the space allows more than two parents: for each block so many further ones, or kNoParent;
//   6. where the space lists several widths: the width of each block.
// The first four are asked in every space, those that are fixed with one option, so the choices of every sample of a
// space have the same length and the same meaning at each place. The last two go beyond the paper, to the open space
// that its summary ends on.
//
// Invariant: generate gives an architecture that validate accepts, whatever the chooser answers.
// Thread contract: plain values and pure functions; a Chooser belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/architecture.h"
#include "arch/canonical.h"
#include "base/fields.h"
#include "base/random.h"

namespace spinenet::arch {

struct SearchSpace {
  // Slots of the intermediate blocks: their levels before any shift. By default those of R0-SP53 (Table 1 less one
  // output block per level).
  std::vector<int> intermediate_levels{2, 3, 3, 3, 4, 4, 4, 4, 4, 5};
  std::vector<int> output_levels{3, 4, 5, 6, 7};
  bool permute = true;  // off: the blocks stand in the order of the two lists (hourglass, fish)
  bool connect = true;  // off: parents as in `fixed_parents`
  std::vector<std::array<int, 2>> fixed_parents;                             // of every block, when connect is off
  std::vector<int> level_shifts{-1, 0, 1, 2};                                // one entry, 0: levels stay
  std::vector<BlockKind> kinds{BlockKind::bottleneck, BlockKind::residual};  // one entry: every block is of that kind
  int parent_window = 5;  // 0: an intermediate's parents may be any earlier blocks
  int max_parents = 2;    // of a block; above 2 only when connect is on
  std::vector<double> widths{
      1.0};  // factors on a block's filters, ascending; one entry, 1: every block has its level's

  bool operator==(const SearchSpace&) const = default;
};

void fields(FieldList& list, SearchSpace& space);

// The spaces of the paper by name: "spinenet-49" (all three parts), "r0-sp53" (permutation and connections),
// "hourglass" and "fish" (fixed order, learned connections: Table 8). ErrorKind::usage with the nearest name.
std::span<const std::string> search_space_names();
SearchSpace named_search_space(std::string_view name);
// ErrorKind::bad_data naming the rule that the space breaks.
void validate(const SearchSpace& space);

enum class DecisionKind {
  intermediate_slot,
  output_slot,
  first_parent,
  second_parent,
  level_shift,
  block_kind,
  more_parent,
  block_width
};
// Offered for a further parent: none.
constexpr int kNoParent = -1;

// One decision: what is being decided for which block, and the values to choose from (slot number, parent's block
// index, shift, or index into SearchSpace::kinds or widths), ascending, at least one.
struct Decision {
  DecisionKind kind = DecisionKind::intermediate_slot;
  int block = 0;  // index of the block, stem included: the first permuted block is 2
  std::span<const int> options;
};

class Chooser {
 public:
  virtual ~Chooser() = default;
  // An index into decision.options. Asked for every decision, also where there is only one option.
  virtual size_t choose(const Decision& decision) = 0;
};

// The values chosen (not their indices), in the order of the decisions: a sample's genome.
using Choices = std::vector<int>;

struct Sample {
  ScalePermuted backbone;
  Choices choices;
};

Sample generate(const SearchSpace& space, Chooser& chooser);
size_t decision_count(const SearchSpace& space);

// Every decision uniform and independent. A pair of parents is then uniform among all pairs.
Sample random_sample(const SearchSpace& space, Random& random);
// The sample of these choices; ErrorKind::bad_data, naming the place that they came from, when they are not of this
// space.
Sample replay(const SearchSpace& space, const Choices& choices, std::string_view place = "choices");
// Choices that make exactly this backbone; ErrorKind::bad_data with the place that it came from, the block and the rule
// when the space has none.
Choices choices_of(const SearchSpace& space, const ScalePermuted& backbone, std::string_view place = {});
// The sample with one decision changed to another value, drawn at random among the decisions that can change the
// network and then among their values; everything else stays, only a slot that is taken swaps places. Never the parent
// itself: slots that give the same levels, shifts clamped to the same level and the parents in another order are no
// change. ErrorKind::usage when no decision of the space can change the network.
Sample mutate(const SearchSpace& space, const Choices& parent, Random& random);
// Every sample that mutate can give, each once.
std::vector<Choices> neighbours(const SearchSpace& space, const Choices& parent);

// Sizes as exact decimal numbers ("1199...") and their logarithms: factors of the closed formulas of the paper. A pair
// of parents counts once, though two series of choices name it; slots of one level and clamped shifts count as they are
// chosen, as in the paper.
struct SpaceSize {
  std::string permutations;  // (N-5)! 5!
  std::string connections;   // product of C(candidates, 2), plus C(candidates, 3) where there may be three, and so on
  std::string level_shifts;  // shifts^(N-5)
  std::string kinds;         // kinds^N
  std::string widths;        // widths^N
  std::string total;
  double log10_total = 0;
};
SpaceSize size_of(const SearchSpace& space);

// Of the space itself, so that a study refuses to go on in another one.
std::string to_text(const SearchSpace& space);
uint64_t hash_of_space(const SearchSpace& space);

}  // namespace spinenet::arch
