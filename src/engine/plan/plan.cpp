#include "engine/plan/plan.h"

#include <sys/mman.h>

namespace spinenet::engine {

AlignedFloats aligned_floats(int64_t count) {
  constexpr size_t kLine = 64, kLargePage = size_t{2} << 20;
  const size_t bytes = static_cast<size_t>(count) * sizeof(float);
  const std::align_val_t alignment{bytes < kLargePage ? kLine : kLargePage};
  AlignedFloats data(static_cast<float*>(::operator new[](bytes, alignment)), AlignedDelete{alignment});
  if (bytes >= kLargePage) ::madvise(data.get(), bytes, MADV_HUGEPAGE);  // advice: no matter if the system has none
  return data;
}

const ConvStep* as_convolution(const Step& step) {
  using Found = const ConvStep*;
  return std::visit(
      graph::Overloaded{[](const ConvStep& conv) { return Found(&conv); },
                        [](const graph::OneOf<DepthwiseStep, DeconvStep, SumStep, GateStep, ConcatStep, PoolStep,
                                              GlobalPoolStep> auto&) { return Found(nullptr); }},
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
