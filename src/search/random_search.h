// Uniform samples, each independent of all before: the baseline that every other algorithm has to beat.
//
// Thread contract: belongs to one thread.
#pragma once

#include <string>
#include <string_view>

#include "search/algorithm.h"

namespace spinenet {

class RandomSearch : public SearchAlgorithm {
 public:
  explicit RandomSearch(SearchSpace space) : space_(std::move(space)) {}

  Sample suggest(Random& random) override { return random_sample(space_, random); }
  void update(const Trial&) override {}
  std::string state() const override;
  void restore(std::string_view state) override;

 private:
  SearchSpace space_;
};

}  // namespace spinenet
