#include "arch/search_space.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "arch/search_space_layout.h"
#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"

namespace spinenet::arch {
namespace {

[[noreturn]] void refuse(std::string_view what, std::string_view remedy) {
  fail(ErrorKind::bad_data, what, "search space", remedy);
}

void require(bool holds, std::string_view what, std::string_view remedy) {
  if (!holds) refuse(what, remedy);
}

void validate_levels(const SearchSpace& space) {
  require(space.intermediate_levels.size() + space.output_levels.size() <= 1000, "has more than 1000 blocks",
          "list fewer slots");
  for (const int level : space.intermediate_levels) {
    if (level >= kStemLevel && level <= kMaxLevel) continue;
    refuse(fmt::format("an intermediate slot has level {}", level), "levels go from 2 to 7");
  }
  require(!space.output_levels.empty(), "has no output slots", "list one for each level that the head sees");
  const std::set<int> levels(space.output_levels.begin(), space.output_levels.end());
  require(*levels.begin() >= 3 && *levels.rbegin() <= kMaxLevel, "an output slot has a level outside 3 to 7",
          "outputs lie between levels 3 and 7");
  require(levels.size() == space.output_levels.size(), "two output slots have one level", "one output for a level");
  require(*levels.rbegin() - *levels.begin() + 1 == static_cast<int>(levels.size()), "a level between outputs has none",
          "output levels have no gap");
}

void validate_parents(const SearchSpace& space) {
  if (space.parent_window < 0 || space.parent_window == 1 || space.parent_window > 1000) {
    refuse(fmt::format("parent_window is {}", space.parent_window), "use 0 for all earlier blocks, or 2 to 1000");
  }
  require(space.max_parents >= kMinParents && space.max_parents <= kMostParents, "max_parents is out of range",
          "use 2, as in the paper, to 4");
  require(space.connect || space.max_parents == kMinParents, "has max_parents, but connections are fixed",
          "leave it at 2, or search connections");
  const size_t blocks = Layout(space).blocks;
  if (space.connect) {
    require(space.fixed_parents.empty(), "has fixed_parents, but connections are searched", "leave them out");
    return;
  }
  if (space.fixed_parents.size() != blocks) {
    refuse(fmt::format("has {} fixed_parents for {} blocks", space.fixed_parents.size(), blocks),
           "give two for each block");
  }
  for (size_t k = 0; k < blocks; ++k) {
    const auto [a, b] = space.fixed_parents[k];
    const int index = static_cast<int>(k) + kStemBlocks;
    if (a != b && std::min(a, b) >= 0 && std::max(a, b) < index) continue;
    refuse(fmt::format("block {} has the fixed parents {} and {}", index, a, b),
           fmt::format("parents are two different earlier blocks, 0 to {}", index - 1));
  }
}

template <typename T>
bool ascends(const std::vector<T>& values) {
  return std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()) == values.end();
}

void validate_widths(const SearchSpace& space) {
  const std::vector<double>& widths = space.widths;
  require(!widths.empty() && ascends(widths), "widths are none or do not ascend",
          "list each once, the smallest first; [1] leaves every block the filters of its level");
  require(widths.front() >= 0.125 && widths.back() <= 8, "a width is out of range", "use factors from 0.125 to 8");
}

// Takes all decisions of one sample.
class Generation {
 public:
  Generation(const SearchSpace& space, Chooser& chooser) : space_(space), chooser_(chooser), layout_(space) {
    sample_.backbone.blocks.resize(layout_.blocks);
    sample_.choices.reserve(layout_.decisions);
  }

  Sample run() {
    permute(DecisionKind::intermediate_slot, space_.intermediate_levels, 0);
    permute(DecisionKind::output_slot, space_.output_levels, layout_.intermediates);
    for (size_t k = 0; k < layout_.blocks; ++k) connect(k);
    for (size_t k = 0; k < layout_.intermediates; ++k) {
      BlockSpec& block = sample_.backbone.blocks[k];
      block.level = shifted_level(block.level, ask(DecisionKind::level_shift, k, space_.level_shifts));
    }
    first_options(space_.kinds.size());
    for (size_t k = 0; k < layout_.blocks; ++k) {
      const int kind = ask(DecisionKind::block_kind, k, options_);
      sample_.backbone.blocks[k].kind = space_.kinds[static_cast<size_t>(kind)];
    }
    for (size_t k = 0; k < layout_.blocks; ++k) connect_further(k);
    if (space_.widths.size() > 1) choose_widths();
    return std::move(sample_);
  }

 private:
  int ask(DecisionKind kind, size_t block, std::span<const int> options) {
    const size_t answer = chooser_.choose({kind, static_cast<int>(block) + kStemBlocks, options});
    if (answer >= options.size()) {
      fail(ErrorKind::bad_data, fmt::format("option {} of {} was chosen", answer, options.size()),
           fmt::format("block {}", block + kStemBlocks));
    }
    sample_.choices.push_back(options[answer]);
    return options[answer];
  }

  // 0, 1, ... count - 1.
  void first_options(size_t count) {
    options_.resize(count);
    std::iota(options_.begin(), options_.end(), 0);
  }

  void permute(DecisionKind kind, const std::vector<int>& levels, size_t first_block) {
    first_options(levels.size());
    for (size_t i = 0; i < levels.size(); ++i) {
      const std::span<const int> left(options_);
      const int slot = ask(kind, first_block + i, space_.permute ? left : left.first(1));
      BlockSpec& block = sample_.backbone.blocks[first_block + i];
      block.level = levels[static_cast<size_t>(slot)];
      block.output = kind == DecisionKind::output_slot;
      std::erase(options_, slot);
    }
  }

  void connect(size_t block) {
    std::vector<int>& parents = sample_.backbone.blocks[block].parents;
    parents.resize(2);
    if (!space_.connect) {
      const std::array<int, 2>& fixed = space_.fixed_parents[block];
      parents[0] = ask(DecisionKind::first_parent, block, std::span(fixed).first(1));
      parents[1] = ask(DecisionKind::second_parent, block, std::span(fixed).last(1));
      return;
    }
    const Candidates candidates = parent_candidates(space_, block);
    options_.resize(static_cast<size_t>(candidates.end - candidates.begin));
    std::iota(options_.begin(), options_.end(), candidates.begin);
    parents[0] = ask(DecisionKind::first_parent, block, options_);
    std::erase(options_, parents[0]);
    parents[1] = ask(DecisionKind::second_parent, block, options_);
  }

  void connect_further(size_t block) {
    std::vector<int>& parents = sample_.backbone.blocks[block].parents;
    for (size_t i = 0; i < layout_.more_parents; ++i) {
      const Candidates candidates = parent_candidates(space_, block);
      options_.assign(1, kNoParent);
      for (int parent = candidates.begin; parent < candidates.end; ++parent) {
        if (std::find(parents.begin(), parents.end(), parent) == parents.end()) options_.push_back(parent);
      }
      const int parent = ask(DecisionKind::more_parent, block, options_);
      if (parent != kNoParent) parents.push_back(parent);
    }
  }

  void choose_widths() {
    first_options(space_.widths.size());
    for (size_t k = 0; k < layout_.blocks; ++k) {
      const int width = ask(DecisionKind::block_width, k, options_);
      sample_.backbone.blocks[k].width = space_.widths[static_cast<size_t>(width)];
    }
  }

  const SearchSpace& space_;
  Chooser& chooser_;
  Layout layout_;
  Sample sample_;
  std::vector<int> options_;
};

class UniformChooser : public Chooser {
 public:
  explicit UniformChooser(Random& random) : random_(random) {}
  size_t choose(const Decision& decision) override {
    return static_cast<size_t>(random_.below(static_cast<int64_t>(decision.options.size())));
  }

 private:
  Random& random_;
};

std::string_view words_for(DecisionKind kind) {
  switch (kind) {
    case DecisionKind::intermediate_slot:
    case DecisionKind::output_slot:
      return "slot";
    case DecisionKind::first_parent:
      return "first parent";
    case DecisionKind::second_parent:
      return "second parent";
    case DecisionKind::level_shift:
      return "level shift";
    case DecisionKind::block_kind:
      return "kind";
    case DecisionKind::more_parent:
      return "further parent";
    case DecisionKind::block_width:
      return "width";
  }
  return "";
}

// Answers with the choices of a sample that was made before.
class ReplayChooser : public Chooser {
 public:
  ReplayChooser(const Choices& choices, std::string_view place) : choices_(choices), place_(place) {}
  size_t choose(const Decision& decision) override {
    const int value = choices_[next_++];
    const auto found = std::find(decision.options.begin(), decision.options.end(), value);
    if (found == decision.options.end()) {
      fail(ErrorKind::bad_data, fmt::format("{} is {}", words_for(decision.kind), value),
           fmt::format("{}, block {}", place_, decision.block),
           fmt::format("this space has {}", fmt::join(decision.options, ", ")));
    }
    return static_cast<size_t>(found - decision.options.begin());
  }

 private:
  const Choices& choices_;
  std::string_view place_;
  size_t next_ = 0;
};

SearchSpace permutations_and_connections() {
  SearchSpace space;
  space.level_shifts = {0};
  space.kinds = {BlockKind::bottleneck};
  return space;
}

// Table 8: the order of blocks is fixed, connections are searched.
SearchSpace fixed_order(std::vector<int> intermediates, std::vector<int> outputs) {
  SearchSpace space = permutations_and_connections();
  space.intermediate_levels = std::move(intermediates);
  space.output_levels = std::move(outputs);
  space.permute = false;
  return space;
}

}  // namespace

void fields(FieldList& list, SearchSpace& space) {
  list("intermediate_levels", space.intermediate_levels, "Levels of the intermediate blocks before any shift",
       between(kStemLevel, kMaxLevel));
  list("output_levels", space.output_levels, "Levels of the output blocks, each once", between(3, kMaxLevel));
  list("permute", space.permute, "Search the order of the blocks");
  list("connect", space.connect, "Search the parents of the blocks");
  list("fixed_parents", space.fixed_parents, "Two parents of each block, when connect is false", at_least(0));
  list("level_shifts", space.level_shifts, "Shifts of an intermediate block's level, ascending; [0]: levels stay");
  list("kinds", space.kinds, "Kinds that a block can be of");
  list("parent_window", space.parent_window, "Parents of an intermediate block are among so many before it; 0: all",
       at_least(0));
  list("max_parents", space.max_parents, "Most parents that a block may have", between(kMinParents, kMostParents));
  list("widths", space.widths, "Factors on a block's filters to choose from, ascending; [1]: those of its level");
}

std::span<const std::string> search_space_names() {
  static const std::vector<std::string> names{"spinenet-49", "r0-sp53", "hourglass", "fish"};
  return names;
}

SearchSpace named_search_space(std::string_view name) {
  if (name == "spinenet-49") return {};
  if (name == "r0-sp53") return permutations_and_connections();
  if (name == "hourglass") return fixed_order({2, 3, 3, 3, 4, 4, 4, 4, 4, 5}, {7, 6, 5, 4, 3});
  if (name == "fish") return fixed_order({3, 3, 4, 4, 4, 5, 4, 4, 3, 2}, {3, 4, 5, 6, 7});
  unknown_name(ErrorKind::usage, "search space", name, search_space_names());
}

void validate(const SearchSpace& space) {
  validate_levels(space);
  validate_parents(space);
  require(!space.level_shifts.empty() && ascends(space.level_shifts), "level_shifts are none or do not ascend",
          "list each shift once, the smallest first; [0] leaves levels as they are");
  require(space.level_shifts.front() >= -5 && space.level_shifts.back() <= 5, "a level shift is out of range",
          "shifts go from -5 to 5");
  const std::set<BlockKind> kinds(space.kinds.begin(), space.kinds.end());
  require(!kinds.empty() && kinds.size() == space.kinds.size(), "kinds are none or twice the same",
          "list some of bottleneck, residual and inverted_bottleneck");
  validate_widths(space);
}

Sample generate(const SearchSpace& space, Chooser& chooser) {
  validate(space);
  return Generation(space, chooser).run();
}

size_t decision_count(const SearchSpace& space) {
  return Layout(space).decisions;
}

Sample random_sample(const SearchSpace& space, Random& random) {
  UniformChooser chooser(random);
  return generate(space, chooser);
}

Sample replay(const SearchSpace& space, const Choices& choices, std::string_view place) {
  if (choices.size() != decision_count(space)) {
    fail(ErrorKind::bad_data, fmt::format("there are {}", choices.size()), place,
         fmt::format("this space has {} decisions", decision_count(space)));
  }
  ReplayChooser chooser(choices, place);
  return generate(space, chooser);
}

std::string to_text(const SearchSpace& space) {
  return to_yaml(space);
}

uint64_t hash_of_space(const SearchSpace& space) {
  return hash_of(space);
}

}  // namespace spinenet::arch
