#include "engine/plan/plan.h"

#include <memory>

#include <sys/mman.h>

namespace spinenet::engine {
namespace {

constexpr size_t kLargePage = size_t{2} << 20;

}  // namespace

AlignedFloats aligned_floats(int64_t count) {
  constexpr size_t kLine = 64;
  const size_t bytes = static_cast<size_t>(count) * sizeof(float);
  const std::align_val_t alignment{bytes < kLargePage ? kLine : kLargePage};
  AlignedFloats data(static_cast<float*>(::operator new[](bytes, alignment)), AlignedDelete{alignment});
  advise_large_pages(data.get(), static_cast<int64_t>(bytes));
  return data;
}

void advise_large_pages(void* memory, int64_t bytes) {
  auto size = static_cast<size_t>(bytes);
  if (std::align(kLargePage, kLargePage, memory, size) == nullptr) return;
  ::madvise(memory, size / kLargePage * kLargePage, MADV_HUGEPAGE);  // advice: no matter if the system has none
}

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
