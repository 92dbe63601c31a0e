#include "graph/builder.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "graph/shapes.h"
#include "graph/verify.h"

namespace spinenet::graph {
namespace {

// Of a SpineNet-49; larger programs grow.
constexpr size_t kExpectedOps = 512, kExpectedParameters = 768;

struct Pads {
  int before = 0, after = 0;

  bool operator==(const Pads&) const = default;
};

// TensorFlow's SAME: as many windows as the extent has strides, begun or whole; the odd pixel after.
Pads same_padding(int kernel, int stride, int64_t extent) {
  const int64_t windows = (extent + stride - 1) / stride;
  const auto total = static_cast<int>(std::max<int64_t>((windows - 1) * stride + kernel - extent, 0));
  return {total / 2, total - total / 2};
}

Pads same_padding(int kernel, int stride, const Shape& x, std::string_view op) {
  const Pads pads = same_padding(kernel, stride, x.height);
  if (pads == same_padding(kernel, stride, x.width)) return pads;
  fail(ErrorKind::usage, fmt::format("a map of {}x{} would be padded differently along its sides", x.height, x.width),
       fmt::format("operation {}", op), "use a square image, or sides that are multiples of 128");
}

// Of a kernel that spans this many pixels.
Pads conv_padding(arch::Padding rule, int extent, int stride, const Shape& x, std::string_view op) {
  if (stride == 1 || rule == arch::Padding::same) return same_padding(extent, stride, x, op);
  return {(extent - 1) / 2, extent - 1 - (extent - 1) / 2};
}

Pads pool_padding(arch::Padding rule, int kernel, int stride, const Shape& x, std::string_view op) {
  if (stride == 1 || rule != arch::Padding::symmetric_pools) return same_padding(kernel, stride, x, op);
  return kernel > stride ? Pads{(kernel - 1) / 2, (kernel - 1) / 2} : Pads{};
}

// How much of an upsampled map of this shape is dropped for it to have this height and width.
template <class Kind>
Kind upsampling(const Shape& x, int factor, int64_t height, int64_t width) {
  return {factor, static_cast<int>(x.height * factor - height), static_cast<int>(x.width * factor - width)};
}

}  // namespace

Builder::Builder(Shape input, Rules rules) : rules_(rules), parameter_names_(kExpectedParameters) {
  program_.values.reserve(kExpectedOps + 1);
  program_.ops.reserve(kExpectedOps);
  program_.parameters.reserve(kExpectedParameters);
  program_.values.push_back(input);
}

ValueId Builder::conv(ValueId x, const ConvOptions& options, std::string name, const std::string& parameters) {
  const std::string& prefix = parameters.empty() ? name : parameters;
  Conv kind{options.kernel, options.stride, 0, 0, options.groups, options.dilation};
  if (options.padded) {
    const Pads pads = conv_padding(rules_.padding, extent_of(kind), options.stride, shape(x), name);
    kind.pad_before = pads.before;
    kind.pad_after = pads.after;
  }
  ShortList<ParameterId, 4> ids{
      parameter(joined(prefix, ".weight"),
                {options.filters, shape(x).channels / options.groups, options.kernel, options.kernel}, options.role)};
  if (options.bias) {
    const ParameterId bias = parameter(joined(prefix, ".bias"), {options.filters}, options.bias_role);
    program_.parameters[static_cast<size_t>(bias)].anchor_channels = options.anchor_channels;
    ids.push_back(bias);
  }
  const Shape out = output_shape(kind, std::span(&shape(x), 1), options.filters, name);
  return append(std::move(name), kind, {x}, std::move(ids), out);
}

ValueId Builder::deconv(ValueId x, int64_t filters, bool bias, std::string name) {
  const Deconv kind;
  ShortList<ParameterId, 4> ids{parameter(
      joined(name, ".weight"), {shape(x).channels, filters, kind.kernel, kind.kernel}, ParameterRole::kernel)};
  if (bias) ids.push_back(parameter(joined(name, ".bias"), {filters}, ParameterRole::bias));
  const Shape out = output_shape(kind, std::span(&shape(x), 1), filters, name);
  return append(std::move(name), kind, {x}, std::move(ids), out);
}

ValueId Builder::batch_norm(ValueId x, std::string name, ParameterRole weight_role, ParameterRole bias_role) {
  const int64_t channels = shape(x).channels;
  ShortList<ParameterId, 4> ids{parameter(joined(name, ".weight"), {channels}, weight_role),
                                parameter(joined(name, ".bias"), {channels}, bias_role),
                                parameter(joined(name, ".running_mean"), {channels}, ParameterRole::running_mean),
                                parameter(joined(name, ".running_var"), {channels}, ParameterRole::running_var)};
  const BatchNorm kind{rules_.batch_norm.momentum, rules_.batch_norm.epsilon};
  return append(std::move(name), kind, {x}, std::move(ids), shape(x));
}

ValueId Builder::activate(ValueId x, std::string name) {
  return activate(x, rules_.activation, std::move(name));
}

ValueId Builder::activate(ValueId x, arch::Activation kind, std::string name) {
  return append(std::move(name), Activate{kind}, {x}, {}, shape(x));
}

ValueId Builder::max_pool(ValueId x, int kernel, int stride, std::string name) {
  const Pads pads = pool_padding(rules_.padding, kernel, stride, shape(x), name);
  return append_one(MaxPool{kernel, stride, pads.before, pads.after}, x, std::move(name));
}

ValueId Builder::unpadded_max_pool(ValueId x, int kernel, int stride, std::string name) {
  return append_one(MaxPool{kernel, stride, 0, 0}, x, std::move(name));
}

ValueId Builder::average_pool(ValueId x, int kernel, int stride, std::string name) {
  return append_one(AveragePool{kernel, stride}, x, std::move(name));
}

ValueId Builder::global_pool(ValueId x, PoolKind pool, std::string name) {
  return append_one(GlobalPool{pool}, x, std::move(name));
}

ValueId Builder::upsample(ValueId x, int factor, std::string name) {
  return upsample(x, factor, shape(x).height * factor, shape(x).width * factor, std::move(name));
}

ValueId Builder::upsample(ValueId x, int factor, int64_t height, int64_t width, std::string name) {
  return append_one(upsampling<Upsample>(shape(x), factor, height, width), x, std::move(name));
}

ValueId Builder::bilinear_upsample(ValueId x, int factor, std::string name) {
  return bilinear_upsample(x, factor, shape(x).height * factor, shape(x).width * factor, std::move(name));
}

ValueId Builder::bilinear_upsample(ValueId x, int factor, int64_t height, int64_t width, std::string name) {
  return append_one(upsampling<BilinearUpsample>(shape(x), factor, height, width), x, std::move(name));
}

ValueId Builder::add(const std::vector<ValueId>& values, std::string name) {
  return join(Add{}, values, std::move(name));
}

ValueId Builder::mean(const std::vector<ValueId>& values, std::string name) {
  return join(Mean{}, values, std::move(name));
}

ValueId Builder::concat(const std::vector<ValueId>& values, std::string name) {
  return join(Concat{}, values, std::move(name));
}

ValueId Builder::slice(ValueId x, int64_t first, int64_t count, std::string name) {
  return append_one(Slice{first, count}, x, std::move(name));
}

ValueId Builder::scale(ValueId x, ValueId gate, std::string name) {
  return join(Scale{}, {x, gate}, std::move(name));
}

ValueId Builder::sigmoid(ValueId x, bool hard, std::string name) {
  return append(std::move(name), Sigmoid{hard}, {x}, {}, shape(x));
}

ValueId Builder::drop_path(ValueId x, double rate, std::string name) {
  return rate > 0 ? append(std::move(name), DropPath{rate}, {x}, {}, shape(x)) : x;
}

void Builder::output(std::string name, ValueId value) {
  program_.outputs.push_back({std::move(name), value});
}

Program Builder::finish() {
  verify(program_);
  return std::move(program_);
}

ValueId Builder::append(std::string name, OpKind kind, ShortList<ValueId, 4> inputs,
                        ShortList<ParameterId, 4> parameters, Shape shape) {
  const auto id = static_cast<ValueId>(program_.values.size());
  program_.values.push_back(shape);
  program_.ops.push_back({std::move(name), kind, std::move(inputs), std::move(parameters), id});
  return id;
}

ValueId Builder::append_one(OpKind kind, ValueId x, std::string name) {
  const Shape out = output_shape(kind, std::span(&shape(x), 1), 0, name);
  return append(std::move(name), kind, {x}, {}, out);
}

ValueId Builder::join(OpKind kind, const std::vector<ValueId>& values, std::string name) {
  std::vector<Shape> shapes;
  shapes.reserve(values.size());
  for (const ValueId value : values) shapes.push_back(shape(value));
  const Shape out = output_shape(kind, shapes, 0, name);
  return append(std::move(name), kind, values, {}, out);
}

ParameterId Builder::parameter(std::string name, Extents shape, ParameterRole role) {
  std::vector<Parameter>& all = program_.parameters;
  const auto name_of = [&all](int id) -> std::string_view { return all[static_cast<size_t>(id)].name; };
  const int found = parameter_names_.find_or_add(name, static_cast<int>(all.size()), name_of);
  if (found < 0) {
    all.push_back({std::move(name), std::move(shape), role});
    return static_cast<ParameterId>(all.size() - 1);
  }
  if (all[static_cast<size_t>(found)].shape != shape) {
    fail(ErrorKind::bad_data, "is shared by operations that need different shapes", "parameter " + name);
  }
  return found;
}

}  // namespace spinenet::graph
