#include "search/algorithms/controller_episodes.h"

#include <algorithm>

namespace spinenet::search {
namespace {

using Visit = std::function<void(const arch::Decision& decision, size_t option)>;

class Follow : public arch::Chooser {
 public:
  Follow(const arch::Choices& choices, const Visit& visit) : choices_(choices), visit_(visit) {}

  size_t choose(const arch::Decision& decision) override {
    const auto found = std::ranges::find(decision.options, choices_[position_++]);
    const auto option = static_cast<size_t>(found - decision.options.begin());
    visit_(decision, option);
    return option;
  }

 private:
  const arch::Choices& choices_;
  const Visit& visit_;
  size_t position_ = 0;
};

}  // namespace

void follow(const arch::SearchSpace& space, const arch::Choices& choices, const Visit& visit) {
  Follow chooser(choices, visit);
  arch::generate(space, chooser);
}

Episodes episodes_of(const arch::SearchSpace& space, const PolicyLayout& layout, std::span<const Rewarded> batch) {
  Episodes episodes{static_cast<size_t>(layout.steps), batch.size(), {}, {}};
  episodes.decisions.resize(episodes.steps * episodes.samples);
  for (size_t b = 0; b < batch.size(); ++b) {
    size_t step = 0, choice_row = 0;
    follow(space, batch[b].choices, [&](const arch::Decision& decision, size_t option) {
      EpisodeStep& at = episodes.decisions[step++ * episodes.samples + b];
      at.input = {choice_row, static_cast<size_t>(decision.kind), static_cast<size_t>(decision.block)};
      at.first = episodes.columns.size();
      at.count = decision.options.size();
      at.chosen = option;
      for (const int value : decision.options) {
        episodes.columns.push_back(static_cast<size_t>(layout.column(decision, value)));
      }
      choice_row = 1 + episodes.columns[at.first + option];
    });
  }
  return episodes;
}

}  // namespace spinenet::search
