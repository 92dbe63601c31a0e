#include "graph/cost.h"

namespace spinenet {

int64_t multiply_adds(const Program& program, const Op& op) {
  if (!std::holds_alternative<Conv>(op.kind)) return 0;
  const Shape& out = program.values[static_cast<size_t>(op.output)];
  const Parameter& weight = program.parameters[static_cast<size_t>(op.parameters.front())];
  return out.height * out.width * element_count(weight.shape);
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

}  // namespace spinenet
