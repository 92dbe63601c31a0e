// Regularised evolution: a population in which the oldest dies, however good it is; each suggestion is a mutation of
// the best of some members drawn at random.
//
// Several suggestions may be in flight: a member enters when its measurement comes, whenever that is. A trial without a
// measurement never enters.
//
// Source: Real et al., Regularized Evolution for Image Classifier Architecture Search (2019), algorithm 1.
// Thread contract: belongs to one thread.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "search/algorithms/algorithm.h"

namespace spinenet::search {

struct EvolutionOptions {
  int population = 100;
  int tournament = 25;

  bool operator==(const EvolutionOptions&) const = default;
};

void fields(FieldList& list, EvolutionOptions& options);

class Evolution : public SearchAlgorithm {
 public:
  Evolution(arch::SearchSpace space, const EvolutionOptions& options) : space_(std::move(space)), options_(options) {}

  arch::Sample suggest(Random& random) override;
  void skip() override { ++suggested_; }
  void update(const Trial& trial) override;
  std::string state() const override;
  void restore(std::string_view state) override;

 private:
  struct Member {
    arch::Choices choices;
    double score = 0;
  };

  arch::SearchSpace space_;
  EvolutionOptions options_;
  int64_t suggested_ = 0;
  std::deque<Member> population_;  // the oldest first
};

}  // namespace spinenet::search
