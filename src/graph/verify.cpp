#include "graph/verify.h"

#include <set>

#include "base/error.h"
#include "base/format.h"
#include "base/host_tensor.h"
#include "graph/shapes.h"

namespace spinenet {
namespace {

void require(bool holds, const Op& op, std::string_view what) {
  if (!holds) fail(ErrorKind::bad_data, what, fmt::format("operation {}", op.name));
}

const Parameter& parameter_of(const Program& program, const Op& op, size_t i) {
  return program.parameters[static_cast<size_t>(op.parameters[i])];
}

void verify_parameters(const Program& program, const Op& op) {
  for (const ParameterId id : op.parameters) {
    require(id >= 0 && static_cast<size_t>(id) < program.parameters.size(), op,
            "names a parameter that does not exist");
  }
  const int64_t in = program.values[static_cast<size_t>(op.inputs.front())].channels;
  const int64_t out = program.values[static_cast<size_t>(op.output)].channels;
  if (const auto* conv = std::get_if<Conv>(&op.kind)) {
    require(op.parameters.size() == 1 || op.parameters.size() == 2, op, "a convolution has a weight and maybe a bias");
    const std::vector<int64_t> weight{out, in, conv->kernel, conv->kernel};
    require(parameter_of(program, op, 0).shape == weight, op, "the weight has another shape");
    require(op.parameters.size() == 1 || parameter_of(program, op, 1).shape == std::vector<int64_t>{out}, op,
            "the bias has another shape");
  } else if (std::holds_alternative<BatchNorm>(op.kind)) {
    require(op.parameters.size() == 4, op, "a batch norm has four parameters");
    for (size_t i = 0; i < 4; ++i) {
      require(parameter_of(program, op, i).shape == std::vector<int64_t>{in}, op, "a parameter has another shape");
    }
  } else {
    require(op.parameters.empty(), op, "has parameters but needs none");
  }
}

void verify_op(const Program& program, const Op& op, std::vector<bool>& written) {
  require(!op.inputs.empty(), op, "has no input");
  std::vector<Shape> shapes;
  for (const ValueId input : op.inputs) {
    require(input >= 0 && static_cast<size_t>(input) < written.size() && written[static_cast<size_t>(input)], op,
            fmt::format("reads value {} before it is written", input));
    shapes.push_back(program.values[static_cast<size_t>(input)]);
  }
  require(std::holds_alternative<Add>(op.kind) || op.inputs.size() == 1, op, "takes one input");
  require(op.output > 0 && static_cast<size_t>(op.output) < written.size(), op, "writes a value that does not exist");
  require(!written[static_cast<size_t>(op.output)], op, fmt::format("writes value {} again", op.output));
  const Shape& out = program.values[static_cast<size_t>(op.output)];
  require(output_shape(op.kind, shapes, out.channels, op.name) == out, op, "gives another shape than its value has");
  verify_parameters(program, op);
  written[static_cast<size_t>(op.output)] = true;
}

}  // namespace

void verify(const Program& program) {
  if (program.values.empty()) fail(ErrorKind::bad_data, "has no input", "program");
  std::vector<bool> written(program.values.size(), false);
  written[0] = true;
  std::set<std::string> names;
  for (const Op& op : program.ops) {
    require(names.insert(op.name).second, op, "is the second of this name");
    verify_op(program, op, written);
  }
  std::set<std::string> parameters;
  for (const Parameter& parameter : program.parameters) {
    if (!parameters.insert(parameter.name).second) {
      fail(ErrorKind::bad_data, "is the second of this name", "parameter " + parameter.name);
    }
    if (element_count(parameter.shape) <= 0) fail(ErrorKind::bad_data, "is empty", "parameter " + parameter.name);
  }
  for (const Output& output : program.outputs) {
    if (output.value < 0 || static_cast<size_t>(output.value) >= written.size() ||
        !written[static_cast<size_t>(output.value)]) {
      fail(ErrorKind::bad_data, "is never written", "output " + output.name);
    }
  }
}

}  // namespace spinenet
