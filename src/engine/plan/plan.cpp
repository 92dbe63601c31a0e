#include "engine/plan/plan.h"

namespace spinenet::engine {

const ConvStep* as_convolution(const Step& step) {
  using Found = const ConvStep*;
  return std::visit(
      graph::Overloaded{
          [](const ConvStep& conv) { return Found(&conv); },
          [](const graph::OneOf<DepthwiseStep, DeconvStep, SumStep, GateStep, ConcatStep, SliceStep, PoolStep,
                                AveragePoolStep, GlobalPoolStep, BilinearStep> auto&) { return Found(nullptr); }},
      step);
}

int64_t memory_bytes(const CompiledPlan& plan) {
  int64_t floats = plan.weight_floats + plan.memory + plan.threads * plan.scratch;
  for (const PlanOutput& output : plan.outputs) {
    floats += plan.batch * output.map.shape.channels * output.map.shape.height * output.map.shape.width;
  }
  return floats * static_cast<int64_t>(sizeof(float));
}

}  // namespace spinenet::engine
