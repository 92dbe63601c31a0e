#include "formats/onnx/export/network.h"

#include "base/format.h"
#include "graph/weights.h"

namespace spinenet::formats {
namespace {

class Network {
 public:
  Network(OnnxGraph& graph, const graph::Program& program, const Weights& weights)
      : graph_(graph), program_(program), weights_(weights), names_(program.values.size()) {}

  void add(const std::string& image) {
    names_[0] = image;
    for (const graph::Op& op : program_.ops) {
      std::string& name = names_[static_cast<size_t>(op.output)];
      name = std::visit([&](const auto& kind) { return node(kind, op, name_of(op)); }, op.kind);
    }
    for (const graph::Output& output : program_.outputs) {
      const std::string& name = names_[static_cast<size_t>(output.value)];
      if (name != output.name) graph_.node("Identity", output.name, {name});
    }
  }

 private:
  using Ints = std::vector<int64_t>;

  // An output of the program has its name from the start, unless another output is the same value.
  std::string name_of(const graph::Op& op) const {
    for (const graph::Output& output : program_.outputs) {
      if (output.value == op.output) return output.name;
    }
    return op.name;
  }

  const std::string& input(const graph::Op& op, size_t i = 0) const {
    return names_[static_cast<size_t>(op.inputs[i])];
  }

  std::string parameter(const graph::Op& op, size_t i) {
    const std::string& name = program_.parameters[static_cast<size_t>(op.parameters[i])].name;
    const HostTensor& tensor = weights_.at(name);
    return graph_.constant(name, {OnnxType::f32, tensor.shape, tensor.data, {}});
  }

  static OnnxGraph::Attributes window(int64_t kernel, int64_t stride, int64_t before, int64_t after) {
    return {{"kernel_shape", Ints{kernel, kernel}},
            {"strides", Ints{stride, stride}},
            {"pads", Ints{before, before, after, after}}};
  }

  std::string node(const graph::Conv& conv, const graph::Op& op, const std::string& name) {
    std::vector<std::string> inputs{input(op), parameter(op, 0)};
    if (op.parameters.size() > 1) inputs.push_back(parameter(op, 1));
    OnnxGraph::Attributes attributes = window(conv.kernel, conv.stride, conv.pad_before, conv.pad_after);
    if (conv.groups > 1) attributes["group"] = int64_t{conv.groups};
    if (conv.dilation > 1) attributes["dilations"] = Ints{conv.dilation, conv.dilation};
    return graph_.node("Conv", name, std::move(inputs), std::move(attributes));
  }

  std::string node(const graph::Deconv& deconv, const graph::Op& op, const std::string& name) {
    std::vector<std::string> inputs{input(op), parameter(op, 0)};
    if (op.parameters.size() > 1) inputs.push_back(parameter(op, 1));
    return graph_.node("ConvTranspose", name, std::move(inputs), window(deconv.kernel, deconv.stride, 0, 0));
  }

  std::string node(const graph::BatchNorm& norm, const graph::Op& op, const std::string& name) {
    return graph_.node("BatchNormalization", name,
                       {input(op), parameter(op, 0), parameter(op, 1), parameter(op, 2), parameter(op, 3)},
                       {{"epsilon", static_cast<float>(norm.epsilon)}});
  }

  std::string node(const graph::Activate& activate, const graph::Op& op, const std::string& name) {
    switch (activate.kind) {
      case arch::Activation::relu:
        return graph_.node("Relu", name, {input(op)});
      case arch::Activation::swish:
        return graph_.node("Mul", name, {input(op), gate(name + ".gate", op, false)});
      case arch::Activation::hard_swish:
        return graph_.node("Mul", name, {input(op), gate(name + ".gate", op, true)});
      case arch::Activation::mish:
        return graph_.node("Mul", name, {input(op), mish_gate(name, op)});
      case arch::Activation::leaky_relu:
        return graph_.node("LeakyRelu", name, {input(op)}, {{"alpha", arch::kLeakySlope}});
      case arch::Activation::relu6:
        return graph_.node("Clip", name, {input(op), graph_.number("relu6.least", 0), graph_.number("relu6.most", 6)});
      case arch::Activation::leaky_relu_001:
        return graph_.node("LeakyRelu", name, {input(op)}, {{"alpha", arch::kSmallLeakySlope}});
    }
    return name;
  }

  // Operator set 13 has no Mish.
  std::string mish_gate(const std::string& name, const graph::Op& op) {
    return graph_.node("Tanh", name + ".gate", {graph_.node("Softplus", name + ".softplus", {input(op)})});
  }

  // The hard one is x / 6 + 1 / 2 cut to 0..1.
  std::string gate(const std::string& name, const graph::Op& op, bool hard) {
    if (!hard) return graph_.node("Sigmoid", name, {input(op)});
    return graph_.node("HardSigmoid", name, {input(op)}, {{"alpha", 1.0F / 6}, {"beta", 0.5F}});
  }

  std::string node(const graph::Sigmoid& sigmoid, const graph::Op& op, const std::string& name) {
    return gate(name, op, sigmoid.hard);
  }

  std::string node(const graph::GlobalPool& pool, const graph::Op& op, const std::string& name) {
    const bool average = pool.kind == graph::PoolKind::average;
    return graph_.node(average ? "GlobalAveragePool" : "GlobalMaxPool", name, {input(op)});
  }

  std::string node(const graph::Scale&, const graph::Op& op, const std::string& name) {
    return graph_.node("Mul", name, {input(op), input(op, 1)});
  }

  std::string node(const graph::MaxPool& pool, const graph::Op& op, const std::string& name) {
    return graph_.node("MaxPool", name, {input(op)}, window(pool.kernel, pool.stride, pool.pad_before, pool.pad_after));
  }

  std::string node(const graph::AveragePool& pool, const graph::Op& op, const std::string& name) {
    return graph_.node("AveragePool", name, {input(op)}, window(pool.kernel, pool.stride, 0, 0));
  }

  std::string node(const graph::Upsample& up, const graph::Op& op, const std::string& name) {
    return resized(up, op, name,
                   {{"mode", std::string("nearest")},
                    {"coordinate_transformation_mode", std::string("asymmetric")},
                    {"nearest_mode", std::string("floor")}});
  }

  std::string node(const graph::BilinearUpsample& up, const graph::Op& op, const std::string& name) {
    return resized(up, op, name,
                   {{"mode", std::string("linear")}, {"coordinate_transformation_mode", std::string("half_pixel")}});
  }

  // By a whole factor, and without the rows and columns that are dropped.
  std::string resized(const auto& up, const graph::Op& op, const std::string& name, OnnxGraph::Attributes way) {
    const auto factor = static_cast<float>(up.factor);
    const std::string scales =
        graph_.constant(fmt::format("upsample.by{}", up.factor), {OnnxType::f32, {4}, {1, 1, factor, factor}, {}});
    const bool drops = up.drop_rows > 0 || up.drop_columns > 0;
    const std::string whole =
        graph_.node("Resize", drops ? name + ".whole" : name, {input(op), "", scales}, std::move(way));
    if (!drops) return whole;
    const graph::Shape& shape = program_.values[static_cast<size_t>(op.output)];
    return graph_.node(
        "Slice", name,
        {whole, graph_.numbers("upsample.from", {0, 0}), graph_.numbers(name + ".to", {shape.height, shape.width}),
         graph_.numbers("upsample.axes", {2, 3})});
  }

  std::string node(const graph::Add&, const graph::Op& op, const std::string& name) { return sum_of(op, name); }

  std::string node(const graph::Mean&, const graph::Op& op, const std::string& name) {
    const size_t count = op.inputs.size();
    const std::string divisor = graph_.number(fmt::format("mean.of{}", count), static_cast<float>(count));
    return graph_.node("Div", name, {sum_of(op, name + ".sum"), divisor});
  }

  // Two at a time, in the order in which the reference adds.
  std::string sum_of(const graph::Op& op, const std::string& name) {
    std::string sum = input(op);
    for (size_t i = 1; i < op.inputs.size(); ++i) {
      const bool last = i + 1 == op.inputs.size();
      sum = graph_.node("Add", last ? name : fmt::format("{}.{}", name, i), {sum, input(op, i)});
    }
    return sum;
  }

  std::string node(const graph::Concat&, const graph::Op& op, const std::string& name) {
    std::vector<std::string> parts;
    for (size_t i = 0; i < op.inputs.size(); ++i) parts.push_back(input(op, i));
    return graph_.concat(name, std::move(parts), 1);
  }

  std::string node(const graph::Slice& slice, const graph::Op& op, const std::string& name) {
    return graph_.node("Slice", name,
                       {input(op), graph_.numbers(name + ".from", {slice.first}),
                        graph_.numbers(name + ".to", {slice.first + slice.count}), graph_.numbers("slice.axis", {1})});
  }

  std::string node(const graph::DropPath&, const graph::Op& op, const std::string&) { return input(op); }

  OnnxGraph& graph_;
  const graph::Program& program_;
  const Weights& weights_;
  std::vector<std::string> names_;  // of the values
};

}  // namespace

void add_network(OnnxGraph& graph, const graph::Program& program, const Weights& weights, const std::string& image) {
  graph::check_weights(program, weights, "export");
  Network(graph, program, weights).add(image);
}

}  // namespace spinenet::formats
