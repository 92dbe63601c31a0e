// The decisions of a batch of samples as training reads them: numbers of rows and columns in the controller's weights,
// which do not change while the weights do.
//
// Thread contract: plain values and pure functions.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "search/algorithms/controller_policy.h"
#include "search/algorithms/controller_state.h"

namespace spinenet::search {

struct EpisodeStep {
  InputRows input;
  size_t first = 0, count = 0;  // of its options, in Episodes::columns
  size_t chosen = 0;            // which of them was taken
};

struct Episodes {
  size_t steps = 0, samples = 0;
  std::vector<EpisodeStep> decisions;  // [T, B]
  std::vector<size_t> columns;         // of the options of all decisions

  std::span<const size_t> options(const EpisodeStep& step) const {
    return std::span(columns).subspan(step.first, step.count);
  }
};

// The choices must be of this space.
Episodes episodes_of(const arch::SearchSpace& space, const PolicyLayout& layout, std::span<const Rewarded> batch);

// Goes through the decisions of choices of this space and hands each on, with the option that was taken.
void follow(const arch::SearchSpace& space, const arch::Choices& choices,
            const std::function<void(const arch::Decision& decision, size_t option)>& visit);

}  // namespace spinenet::search
