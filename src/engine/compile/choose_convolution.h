// The way in which each convolution of a plan is computed: by the rule, or by what was measured to be fastest here.
//
// Invariant: what was measured before on a machine like this one is not measured again. Thread contract: one thread at
// a time; a measurement uses as many threads as the plan has.
#pragma once

#include <memory>
#include <optional>

#include "engine/compile/choice_cache.h"
#include "engine/compile/compile.h"
#include "engine/compile/conv_choice.h"
#include "engine/compile/measure_choice.h"

namespace spinenet::engine {

class ConvChooser {
 public:
  // `plan`: processor, threads, batch and the memory of its maps; it outlives the chooser.
  ConvChooser(const CompileOptions& options, const CompiledPlan& plan);

  // For a step that lacks its choice, and what follows from it, alone.
  ConvChoice choose(const ConvStep& step);
  // Writes what was measured, if anything, to the file of choices.
  void save();

 private:
  ConvChoice measured(const ConvStep& step);

  const CompiledPlan& plan_;
  ChoiceScope scope_;
  std::optional<ChoiceCache> known_;  // nothing: the rule decides
  std::unique_ptr<ChoiceTimer> timer_;
};

}  // namespace spinenet::engine
