#include "graph/builder.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "graph/shapes.h"
#include "graph/verify.h"

namespace spinenet {
namespace {

struct Pads {
  int before = 0, after = 0;
};

// TensorFlow's SAME for an extent that the stride divides: kernel - stride in all, the odd pixel after.
Pads same_padding(int kernel, int stride) {
  const int total = std::max(kernel - stride, 0);
  return {total / 2, total - total / 2};
}

Pads conv_padding(Padding rule, int kernel, int stride) {
  if (stride == 1 || rule == Padding::same) return same_padding(kernel, stride);
  return {(kernel - 1) / 2, kernel - 1 - (kernel - 1) / 2};
}

}  // namespace

Builder::Builder(Shape input, Rules rules) : rules_(rules) {
  program_.values.push_back(input);
}

ValueId Builder::conv(ValueId x, const ConvOptions& options, const std::string& name, const std::string& parameters) {
  const std::string& prefix = parameters.empty() ? name : parameters;
  const Pads pads = conv_padding(rules_.padding, options.kernel, options.stride);
  const Conv kind{options.kernel, options.stride, pads.before, pads.after};
  std::vector<ParameterId> ids{parameter(
      prefix + ".weight", {options.filters, shape(x).channels, options.kernel, options.kernel}, options.role)};
  if (options.bias) ids.push_back(parameter(prefix + ".bias", {options.filters}, options.bias_role));
  const Shape out = output_shape(kind, std::span(&shape(x), 1), options.filters, name);
  return append(name, kind, {x}, std::move(ids), out);
}

ValueId Builder::batch_norm(ValueId x, const std::string& name, ParameterRole weight_role) {
  const std::vector<int64_t> extent{shape(x).channels};
  std::vector<ParameterId> ids{parameter(name + ".weight", extent, weight_role),
                               parameter(name + ".bias", extent, ParameterRole::norm_bias),
                               parameter(name + ".running_mean", extent, ParameterRole::running_mean),
                               parameter(name + ".running_var", extent, ParameterRole::running_var)};
  const BatchNorm kind{rules_.batch_norm.momentum, rules_.batch_norm.epsilon};
  return append(name, kind, {x}, std::move(ids), shape(x));
}

ValueId Builder::activate(ValueId x, const std::string& name) {
  return append(name, Activate{rules_.activation}, {x}, {}, shape(x));
}

ValueId Builder::max_pool(ValueId x, int kernel, int stride, const std::string& name) {
  const Pads pads = same_padding(kernel, stride);
  const MaxPool kind{kernel, stride, pads.before, pads.after};
  return append(name, kind, {x}, {}, output_shape(kind, std::span(&shape(x), 1), 0, name));
}

ValueId Builder::upsample(ValueId x, int factor, const std::string& name) {
  const Upsample kind{factor};
  return append(name, kind, {x}, {}, output_shape(kind, std::span(&shape(x), 1), 0, name));
}

ValueId Builder::add(std::vector<ValueId> values, const std::string& name) {
  std::vector<Shape> shapes;
  for (const ValueId value : values) shapes.push_back(shape(value));
  const Shape out = output_shape(Add{}, shapes, 0, name);
  return append(name, Add{}, std::move(values), {}, out);
}

ValueId Builder::drop_path(ValueId x, double rate, const std::string& name) {
  return rate > 0 ? append(name, DropPath{rate}, {x}, {}, shape(x)) : x;
}

void Builder::output(std::string name, ValueId value) {
  program_.outputs.push_back({std::move(name), value});
}

Program Builder::finish() {
  verify(program_);
  return std::move(program_);
}

ValueId Builder::append(std::string name, OpKind kind, std::vector<ValueId> inputs, std::vector<ParameterId> parameters,
                        Shape shape) {
  const auto id = static_cast<ValueId>(program_.values.size());
  program_.values.push_back(shape);
  program_.ops.push_back({std::move(name), kind, std::move(inputs), std::move(parameters), id});
  return id;
}

ParameterId Builder::parameter(const std::string& name, std::vector<int64_t> shape, ParameterRole role) {
  for (size_t i = 0; i < program_.parameters.size(); ++i) {
    if (program_.parameters[i].name != name) continue;
    if (program_.parameters[i].shape != shape) {
      fail(ErrorKind::bad_data, "is shared by operations that need different shapes", "parameter " + name);
    }
    return static_cast<ParameterId>(i);
  }
  program_.parameters.push_back({name, std::move(shape), role});
  return static_cast<ParameterId>(program_.parameters.size() - 1);
}

}  // namespace spinenet
