#include "engine/compile/choose_convolution.h"

#include <algorithm>

#include "engine/compile/check_options.h"

namespace spinenet::engine {

ConvChooser::ConvChooser(const CompileOptions& options, const CompiledPlan& plan)
    : plan_(plan), scope_{!skips(options, "winograd"), plan.batch, plan.threads, plan.kernels->tiles != nullptr} {
  if (!options.autotune) return;
  const std::string machine = machine_text(plan.kernels->name);
  if (options.choice_file) {
    known_.emplace(*options.choice_file, machine);
  } else {
    known_.emplace(default_choice_file(), machine, ChoiceFile::own);
  }
}

ConvChoice ConvChooser::choose(const ConvStep& step) {
  return known_ ? measured(step) : rule_choice(step, scope_);
}

ConvChoice ConvChooser::measured(const ConvStep& step) {
  const std::string shape = shape_text(step, scope_);
  const std::vector<ConvChoice> candidates = candidate_choices(step, scope_);
  const auto found = known_->find(shape);
  if (found && std::find(candidates.begin(), candidates.end(), *found) != candidates.end()) return *found;
  if (!timer_) timer_ = std::make_unique<ChoiceTimer>(plan_);
  const ConvChoice fastest = timer_->fastest(step, candidates);
  known_->add(shape, fastest);
  return fastest;
}

void ConvChooser::save() {
  if (known_) known_->save();
}

}  // namespace spinenet::engine
