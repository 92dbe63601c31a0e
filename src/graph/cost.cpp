#include "graph/cost.h"

namespace spinenet::graph {

int64_t multiply_adds(const Program& program, const Op& op) {
  // Each pixel of a convolution's output, or of a transposed one's input, meets the whole kernel.
  const auto at_each_pixel_of = [&](ValueId value) {
    const Shape& map = program.values[static_cast<size_t>(value)];
    const Parameter& weight = program.parameters[static_cast<size_t>(op.parameters.front())];
    return map.height * map.width * element_count(weight.shape);
  };
  return std::visit(
      Overloaded{
          [&](const Conv&) { return at_each_pixel_of(op.output); },
          [&](const Deconv&) { return at_each_pixel_of(op.inputs.front()); },
          [](const OneOf<BatchNorm, Activate, MaxPool, AveragePool, GlobalPool, Upsample, BilinearUpsample, Add, Mean,
                         Concat, Slice, Scale, Sigmoid, DropPath> auto&) { return int64_t{0}; },
      },
      op.kind);
}

Cost cost_of(const Program& program, std::string_view prefix) {
  Cost sum;
  std::vector<char> counted(program.parameters.size(), 0);
  for (const Op& op : program.ops) {
    const bool wanted = std::string_view(op.name).starts_with(prefix);
    if (wanted) sum.multiply_adds += multiply_adds(program, op);
    for (const ParameterId id : op.parameters) {
      char& seen = counted[static_cast<size_t>(id)];
      const Parameter& parameter = program.parameters[static_cast<size_t>(id)];
      if (wanted && seen == 0 && is_trainable(parameter.role)) sum.parameters += element_count(parameter.shape);
      seen = 1;
    }
  }
  return sum;
}

Cost cost(const Program& program) {
  return cost_of(program, "");
}

}  // namespace spinenet::graph
