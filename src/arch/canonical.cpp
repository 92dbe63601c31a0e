#include "arch/canonical.h"

#include <algorithm>
#include <bit>
#include <compare>
#include <optional>
#include <set>

#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "base/random.h"

namespace spinenet::arch {
namespace {

// A block as far as it counts, its inputs being given by their places in an order.
struct Placed {
  int level = kStemLevel;
  bool output = false;
  BlockKind kind = BlockKind::bottleneck;
  std::vector<int> parents;  // ascending
  std::vector<int> joined;   // ascending
  double width = 1;

  auto operator<=>(const Placed&) const = default;
};

void check(const ScalePermuted& backbone) {
  for (size_t k = 0; k < backbone.blocks.size(); ++k) {
    const std::vector<int>& parents = backbone.blocks[k].parents;
    const int index = static_cast<int>(k) + kStemBlocks;
    const std::set<int> different(parents.begin(), parents.end());
    const bool fits = different.size() == parents.size() && parents.size() >= kMinParents && *different.begin() >= 0 &&
                      *different.rbegin() < index;
    if (!fits) {
      fail(ErrorKind::bad_data, fmt::format("parents are {}", fmt::join(parents, " and ")),
           fmt::format("block {}", index), "name different earlier blocks, two or more");
    }
  }
}

// Finds the order in which parents come first that makes the least list of placed blocks. Blocks that could stand at a
// place are told apart by what they are and whose children; then by a colour that stands for all that is above and
// below them; what is still the same is tried in turn, unless two tries give the same list and so prove that the blocks
// can be exchanged.
class CanonicalOrder {
 public:
  explicit CanonicalOrder(const ScalePermuted& backbone)
      : backbone_(backbone), joined_(joined_unused_blocks(backbone)), place_(joined_.size(), -1) {
    for (int i = 0; i < kStemBlocks; ++i) push(i);
  }

  // The best list that begins with the blocks placed so far; leaves them as they were.
  std::vector<Placed> search() {
    const size_t mark = order_.size();
    std::vector<int> ties = next_blocks();
    while (ties.size() == 1) {
      push(ties.front());
      ties = next_blocks();
    }
    std::optional<std::vector<Placed>> best;
    if (ties.empty()) best = list();
    std::vector<std::vector<Placed>> tried;
    for (const int block : ties) {
      push(block);
      std::vector<Placed> any = first_list();
      if (std::find(tried.begin(), tried.end(), any) == tried.end()) {
        tried.push_back(std::move(any));
        std::vector<Placed> found = search();
        if (!best || found < *best) best = std::move(found);
      }
      pop(order_.size() - 1);
    }
    pop(mark);
    return *std::move(best);
  }

 private:
  const BlockSpec& spec(int block) const { return backbone_.blocks[static_cast<size_t>(block - kStemBlocks)]; }
  const std::vector<int>& joined(int block) const { return joined_[static_cast<size_t>(block)]; }
  int place(int block) const { return place_[static_cast<size_t>(block)]; }

  void push(int block) {
    place_[static_cast<size_t>(block)] = static_cast<int>(order_.size());
    order_.push_back(block);
  }
  void pop(size_t size) {
    for (; order_.size() > size; order_.pop_back()) place_[static_cast<size_t>(order_.back())] = -1;
  }

  bool ready(int block) const {
    const auto placed = [this](int input) { return place(input) >= 0; };
    return !placed(block) && std::all_of(spec(block).parents.begin(), spec(block).parents.end(), placed) &&
           std::all_of(joined(block).begin(), joined(block).end(), placed);
  }

  Placed placed(int block) const {
    const BlockSpec& s = spec(block);
    Placed result{s.level, s.output, s.kind, {}, {}, s.width};
    for (const int parent : s.parents) result.parents.push_back(place(parent));
    std::sort(result.parents.begin(), result.parents.end());
    for (const int other : joined(block)) result.joined.push_back(place(other));
    std::sort(result.joined.begin(), result.joined.end());
    return result;
  }

  // Those that are least among all that could stand next; none when all are placed.
  std::vector<int> next_blocks() const {
    std::vector<int> blocks;
    Placed least;
    for (int block = kStemBlocks; block < static_cast<int>(place_.size()); ++block) {
      if (!ready(block)) continue;
      Placed candidate = placed(block);
      if (blocks.empty() || candidate < least) {
        blocks.clear();
        least = std::move(candidate);
      } else if (candidate != least) {
        continue;
      }
      blocks.push_back(block);
    }
    return blocks.size() > 1 ? of_least_colour(blocks) : blocks;
  }

  std::vector<int> of_least_colour(const std::vector<int>& blocks) const {
    const std::vector<uint64_t> colour = colours();
    uint64_t least = UINT64_MAX;
    for (const int block : blocks) least = std::min(least, colour[static_cast<size_t>(block)]);
    std::vector<int> result;
    for (const int block : blocks) {
      if (colour[static_cast<size_t>(block)] == least) result.push_back(block);
    }
    return result;
  }

  std::vector<Placed> list() const {
    std::vector<Placed> blocks;
    for (size_t i = kStemBlocks; i < order_.size(); ++i) blocks.push_back(placed(order_[i]));
    return blocks;
  }

  // Of the order that goes on with the first of equals everywhere.
  std::vector<Placed> first_list() {
    const size_t mark = order_.size();
    for (auto ties = next_blocks(); !ties.empty(); ties = next_blocks()) push(ties.front());
    std::vector<Placed> blocks = list();
    pop(mark);
    return blocks;
  }

  // Equal for blocks that can be exchanged, the placed ones staying where they are. Refined until no further blocks are
  // told apart.
  std::vector<uint64_t> colours() const {
    std::vector<uint64_t> colour(place_.size());
    for (size_t i = 0; i < colour.size(); ++i) colour[i] = static_cast<uint64_t>(place_[i] + 1);
    for (size_t count = 0, before = 0;; before = count) {
      refine(colour);
      count = std::set<uint64_t>(colour.begin(), colour.end()).size();
      if (count <= before) return colour;
    }
  }

  // Mixes into each colour those of all blocks above and below. Sums, because inputs and children have no order.
  void refine(std::vector<uint64_t>& colour) const {
    constexpr uint64_t kJoins = 0x9e3779b97f4a7c15;
    const auto at = [](std::vector<uint64_t>& v, int block) -> uint64_t& { return v[static_cast<size_t>(block)]; };
    std::vector<uint64_t> below(colour.size());
    const auto count = static_cast<int>(colour.size());
    for (int i = kStemBlocks; i < count; ++i) {
      const BlockSpec& s = spec(i);
      const int kind = s.level * 4 + (s.output ? 2 : 0) + (s.kind == BlockKind::residual ? 1 : 0) +
                       (s.kind == BlockKind::inverted_bottleneck ? 32 : 0);
      uint64_t sum = Random::mix(at(colour, i) * 64 + static_cast<uint64_t>(kind));
      if (s.width != 1) sum += Random::mix(std::bit_cast<uint64_t>(s.width));
      for (const int parent : s.parents) sum += Random::mix(at(colour, parent) + 1);
      for (const int other : joined(i)) sum += Random::mix(at(colour, other) ^ kJoins);
      at(colour, i) = Random::mix(sum);
    }
    for (int i = count - 1; i >= kStemBlocks; --i) {
      const uint64_t child = Random::mix(at(colour, i) + Random::mix(at(below, i)));
      for (const int parent : spec(i).parents) at(below, parent) += child;
      for (const int other : joined(i)) at(below, other) += Random::mix(child ^ kJoins);
    }
    for (int i = 0; i < count; ++i) at(colour, i) = Random::mix(at(colour, i) + Random::mix(at(below, i)));
  }

  const ScalePermuted& backbone_;
  std::vector<std::vector<int>> joined_;
  std::vector<int> place_;  // of each block, -1 when it has none yet
  std::vector<int> order_;
};

}  // namespace

std::vector<std::vector<int>> joined_unused_blocks(const ScalePermuted& backbone) {
  check(backbone);
  const size_t count = backbone.blocks.size() + kStemBlocks;
  std::vector<std::vector<int>> joined(count);
  std::vector<bool> used(count, false);
  const BlockSpec stem_block{kStemLevel, BlockKind::bottleneck, {}, false};
  for (size_t i = kStemBlocks; i < count; ++i) {
    const BlockSpec& block = backbone.blocks[i - kStemBlocks];
    for (const int parent : block.parents) used[static_cast<size_t>(parent)] = true;
    if (!block.output) continue;
    for (size_t j = 0; j < i; ++j) {
      const BlockSpec& earlier = j < kStemBlocks ? stem_block : backbone.blocks[j - kStemBlocks];
      // Channels follow from level, width and kind, whatever the scaling: bottlenecks alone have four times the
      // filters.
      const bool fits = earlier.level == block.level && earlier.width == block.width &&
                        (earlier.kind == BlockKind::bottleneck) == (block.kind == BlockKind::bottleneck);
      if (used[j] || !fits) continue;
      joined[i].push_back(static_cast<int>(j));
      used[j] = true;
    }
  }
  return joined;
}

std::string canonical_text(const ScalePermuted& backbone) {
  std::string text;
  for (const Placed& block : CanonicalOrder(backbone).search()) {
    const char kind = name_of(block.kind).front();
    text += fmt::format("{}L{}{}", text.empty() ? "" : " ", block.level, kind);
    if (block.width != 1) text += fmt::format("x{}", block.width);
    text += fmt::format("({}", fmt::join(block.parents, ","));
    for (const int other : block.joined) text += fmt::format("+{}", other);
    text += block.output ? ")o" : ")";
  }
  return text;
}

uint64_t canonical_hash(const ScalePermuted& backbone) {
  return Random::mix(Random::hash(canonical_text(backbone)));
}

}  // namespace spinenet::arch
