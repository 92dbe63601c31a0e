// Uniform samples, each independent of all before: the baseline that every other algorithm has to beat.
//
// Thread contract: belongs to one thread.
#pragma once

#include <string>
#include <string_view>

#include "search/algorithms/algorithm.h"

namespace spinenet::search {

class RandomSearch : public SearchAlgorithm {
 public:
  explicit RandomSearch(arch::SearchSpace space) : space_(std::move(space)) {}

  arch::Sample suggest(Random& random) override { return arch::random_sample(space_, random); }
  void update(const Trial&) override {}
  std::string state() const override;
  void restore(std::string_view state) override;

 private:
  arch::SearchSpace space_;
};

}  // namespace spinenet::search
