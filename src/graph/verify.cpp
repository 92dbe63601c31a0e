#include "graph/verify.h"

#include <algorithm>
#include <initializer_list>
#include <span>

#include "base/error.h"
#include "base/format.h"
#include "graph/names.h"
#include "graph/shapes.h"

namespace spinenet::graph {
namespace {

[[noreturn]] void refuse(const Op& op, std::string_view what) {
  fail(ErrorKind::bad_data, what, fmt::format("operation {}", op.name));
}

void require(bool holds, const Op& op, std::string_view what) {
  if (!holds) refuse(op, what);
}

bool has_shape(const Program& program, ParameterId id, std::initializer_list<int64_t> shape) {
  const Extents& found = program.parameters[static_cast<size_t>(id)].shape;
  return std::equal(found.begin(), found.end(), shape.begin(), shape.end());
}

void verify_weight_and_bias(const Program& program, const Op& op, std::initializer_list<int64_t> weight) {
  const int64_t out = program.values[static_cast<size_t>(op.output)].channels;
  require(op.parameters.size() == 1 || op.parameters.size() == 2, op, "a convolution has a weight and maybe a bias");
  require(has_shape(program, op.parameters[0], weight), op, "the weight has another shape");
  require(op.parameters.size() == 1 || has_shape(program, op.parameters[1], {out}), op, "the bias has another shape");
}

void verify_batch_norm(const Program& program, const Op& op, int64_t channels) {
  require(op.parameters.size() == 4, op, "a batch norm has four parameters");
  for (const ParameterId id : op.parameters) {
    require(has_shape(program, id, {channels}), op, "a parameter has another shape");
  }
}

void verify_parameters(const Program& program, const Op& op) {
  for (const ParameterId id : op.parameters) {
    require(id >= 0 && static_cast<size_t>(id) < program.parameters.size(), op,
            "names a parameter that does not exist");
  }
  const int64_t in = program.values[static_cast<size_t>(op.inputs.front())].channels;
  const int64_t out = program.values[static_cast<size_t>(op.output)].channels;
  std::visit(Overloaded{
                 [&](const Conv& conv) {
                   require(conv.groups == 1 || (conv.groups == in && in == out), op,
                           "has groups other than one, or one for each channel");
                   verify_weight_and_bias(program, op, {out, in / conv.groups, conv.kernel, conv.kernel});
                 },
                 [&](const Deconv& deconv) {
                   verify_weight_and_bias(program, op, {in, out, deconv.kernel, deconv.kernel});
                 },
                 [&](const BatchNorm&) { verify_batch_norm(program, op, in); },
                 [&](const OneOf<Activate, MaxPool, AveragePool, GlobalPool, Upsample, BilinearUpsample, Add, Mean,
                                 Concat, Slice, Scale, Sigmoid, DropPath> auto&) {
                   require(op.parameters.empty(), op, "has parameters but needs none");
                 },
             },
             op.kind);
}

// The inputs of the others, any number of them or two, are checked with their shapes.
bool takes_one_input(const OpKind& kind) {
  return std::visit(Overloaded{
                        [](const OneOf<Conv, Deconv, BatchNorm, Activate, MaxPool, AveragePool, GlobalPool, Upsample,
                                       BilinearUpsample, Slice, Sigmoid, DropPath> auto&) { return true; },
                        [](const OneOf<Add, Mean, Concat, Scale> auto&) { return false; },
                    },
                    kind);
}

// Goes through the operations in their order.
class Verification {
 public:
  explicit Verification(const Program& program) : program_(program), written_(program.values.size(), 0) {
    written_[0] = 1;
  }

  bool is_written(ValueId value) const {
    return value >= 0 && static_cast<size_t>(value) < written_.size() && written_[static_cast<size_t>(value)] != 0;
  }

  void next(const Op& op) {
    require(!op.inputs.empty(), op, "has no input");
    for (const ValueId input : op.inputs) {
      if (!is_written(input)) refuse(op, fmt::format("reads value {} before it is written", input));
    }
    require(!takes_one_input(op.kind) || op.inputs.size() == 1, op, "takes one input");
    require(op.output > 0 && static_cast<size_t>(op.output) < written_.size(), op,
            "writes a value that does not exist");
    if (is_written(op.output)) refuse(op, fmt::format("writes value {} again", op.output));
    const Shape& out = program_.values[static_cast<size_t>(op.output)];
    require(output_shape(op.kind, input_shapes(op), out.channels, op.name) == out, op,
            "gives another shape than its value has");
    verify_parameters(program_, op);
    written_[static_cast<size_t>(op.output)] = 1;
  }

 private:
  std::span<const Shape> input_shapes(const Op& op) {
    if (op.inputs.size() == 1) return {&program_.values[static_cast<size_t>(op.inputs[0])], 1};
    shapes_.clear();
    for (const ValueId input : op.inputs) shapes_.push_back(program_.values[static_cast<size_t>(input)]);
    return shapes_;
  }

  const Program& program_;
  std::vector<char> written_;
  std::vector<Shape> shapes_;
};

// The first item whose name an earlier one has, or null.
template <class T>
const T* second_of_a_name(const std::vector<T>& items) {
  NameIndex names(items.size());
  const auto name_of = [&items](int number) -> std::string_view { return items[static_cast<size_t>(number)].name; };
  for (size_t i = 0; i < items.size(); ++i) {
    if (names.find_or_add(items[i].name, static_cast<int>(i), name_of) >= 0) return &items[i];
  }
  return nullptr;
}

}  // namespace

void verify(const Program& program) {
  if (program.values.empty()) fail(ErrorKind::bad_data, "has no input", "program");
  if (const Op* second = second_of_a_name(program.ops)) refuse(*second, "is the second of this name");
  Verification verification(program);
  for (const Op& op : program.ops) verification.next(op);
  if (const Parameter* second = second_of_a_name(program.parameters)) {
    fail(ErrorKind::bad_data, "is the second of this name", "parameter " + second->name);
  }
  for (const Parameter& parameter : program.parameters) {
    if (element_count(parameter.shape) <= 0) fail(ErrorKind::bad_data, "is empty", "parameter " + parameter.name);
  }
  for (const Output& output : program.outputs) {
    if (!verification.is_written(output.value)) {
      fail(ErrorKind::bad_data, "is never written", "output " + output.name);
    }
  }
}

}  // namespace spinenet::graph
