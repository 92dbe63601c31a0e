#include "graph/network_cost.h"

#include "graph/lower_two_stage.h"

namespace spinenet::graph {
namespace {

std::vector<CountedProgram> one_program(Program program) {
  std::vector<CountedProgram> programs;
  programs.push_back({std::move(program)});
  return programs;
}

}  // namespace

std::vector<CountedProgram> counted_programs(const arch::Architecture& architecture, arch::Task task,
                                             const LowerOptions& options) {
  switch (task) {
    case arch::Task::detect:
      return one_program(lower_detector(architecture, options));
    case arch::Task::classify:
      return one_program(lower_classifier(architecture, options));
    case arch::Task::segment: {
      TwoStageProgram network = lower_two_stage(architecture, options);
      std::vector<CountedProgram> programs = one_program(std::move(network.trunk));
      for (Program& head : network.box_heads) programs.push_back({std::move(head), kCountedProposals});
      programs.push_back({std::move(network.mask_head), kCountedDetections});
      return programs;
    }
  }
  return {};
}

Cost cost_of(const std::vector<CountedProgram>& programs, std::string_view prefix) {
  Cost sum;
  for (const CountedProgram& counted : programs) {
    const Cost once = cost_of(counted.program, prefix);
    sum.parameters += once.parameters;
    sum.multiply_adds += counted.times * once.multiply_adds;
  }
  return sum;
}

Cost network_cost(const arch::Architecture& architecture, arch::Task task, const LowerOptions& options) {
  return cost_of(counted_programs(architecture, task, options), "");
}

}  // namespace spinenet::graph
