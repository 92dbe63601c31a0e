#include "engine/compile/network.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/format.h"
#include "graph/shapes.h"

namespace spinenet::engine {
namespace {

kernels::EpilogueActivation activation_of(arch::Activation activation) {
  switch (activation) {
    case arch::Activation::relu:
      return kernels::EpilogueActivation::relu;
    case arch::Activation::swish:
      return kernels::EpilogueActivation::swish;
    case arch::Activation::hard_swish:
      return kernels::EpilogueActivation::hard_swish;
    case arch::Activation::mish:
      return kernels::EpilogueActivation::mish;
    case arch::Activation::leaky_relu:
      return kernels::EpilogueActivation::leaky_relu;
    case arch::Activation::relu6:
      return kernels::EpilogueActivation::relu6;
    case arch::Activation::leaky_relu_001:
      return kernels::EpilogueActivation::leaky_relu_001;
  }
  return kernels::EpilogueActivation::none;
}

// Writes one node for each operation.
class Translation {
 public:
  Translation(const graph::Program& program, const WeightViews& weights) : program_(program), weights_(weights) {}

  Network translate() {
    network_.values = program_.values;
    same_as_.resize(program_.values.size());
    for (size_t i = 0; i < same_as_.size(); ++i) same_as_[i] = static_cast<int>(i);
    for (const graph::Op& op : program_.ops) {
      std::visit([&](const auto& kind) { add(kind, op); }, op.kind);
    }
    for (const graph::Output& output : program_.outputs) {
      network_.outputs.push_back({output.name, same_as_[static_cast<size_t>(output.value)]});
    }
    return std::move(network_);
  }

 private:
  Node& append(const graph::Op& op, Work work) {
    Node node{op.name, work, {}, {}, {}, kernels::EpilogueActivation::none, op.output};
    for (const graph::ValueId input : op.inputs) node.inputs.push_back({same_as_[static_cast<size_t>(input)], 1});
    network_.nodes.push_back(std::move(node));
    return network_.nodes.back();
  }

  std::span<const float> parameter(const graph::Op& op, size_t index) const {
    return weights_.at(program_.parameters[static_cast<size_t>(op.parameters[index])].name).data;
  }

  void add(const graph::Conv& conv, const graph::Op& op) { add_bias(op, append(op, ConvWork{conv, op.parameters[0]})); }
  void add(const graph::Deconv& deconv, const graph::Op& op) {
    add_bias(op, append(op, DeconvWork{deconv, op.parameters[0]}));
  }

  void add_bias(const graph::Op& op, Node& node) const {
    if (op.parameters.size() < 2) return;
    const std::span<const float> bias = parameter(op, 1);
    node.shift.assign(bias.begin(), bias.end());
    node.scale.assign(node.shift.size(), 1.0F);
  }

  void add(const graph::BatchNorm& norm, const graph::Op& op) {
    Node& node = append(op, SumWork{});
    for (size_t c = 0; c < parameter(op, 0).size(); ++c) {
      const double deviation = std::sqrt(static_cast<double>(parameter(op, 3)[c]) + norm.epsilon);
      const double scale = static_cast<double>(parameter(op, 0)[c]) / deviation;
      node.scale.push_back(static_cast<float>(scale));
      node.shift.push_back(static_cast<float>(parameter(op, 1)[c] - parameter(op, 2)[c] * scale));
    }
  }

  void add(const graph::Activate& activate, const graph::Op& op) {
    append(op, SumWork{}).activation = activation_of(activate.kind);
  }
  void add(const graph::Sigmoid& sigmoid, const graph::Op& op) {
    append(op, SumWork{}).activation =
        sigmoid.hard ? kernels::EpilogueActivation::hard_sigmoid : kernels::EpilogueActivation::sigmoid;
  }
  void add(const graph::MaxPool& pool, const graph::Op& op) { append(op, PoolWork{pool}); }
  void add(const graph::AveragePool& pool, const graph::Op& op) { append(op, AveragePoolWork{pool}); }
  void add(const graph::GlobalPool& pool, const graph::Op& op) { append(op, GlobalPoolWork{pool.kind}); }
  void add(const graph::Scale&, const graph::Op& op) { append(op, GateWork{}); }
  void add(const graph::Mean&, const graph::Op& op) {
    Node& node = append(op, SumWork{});
    const auto channels = static_cast<size_t>(shape_of(network_, op.output).channels);
    node.scale.assign(channels, 1.0F / static_cast<float>(op.inputs.size()));
    node.shift.assign(channels, 0.0F);
  }
  void add(const graph::Upsample& upsample, const graph::Op& op) {
    append(op, SumWork{}).inputs[0].factor = upsample.factor;
  }
  void add(const graph::BilinearUpsample& upsample, const graph::Op& op) { append(op, BilinearWork{upsample}); }
  void add(const graph::Add&, const graph::Op& op) { append(op, SumWork{}); }
  void add(const graph::Concat&, const graph::Op& op) { append(op, ConcatWork{}); }
  void add(const graph::Slice& slice, const graph::Op& op) { append(op, SliceWork{slice}); }
  void add(const graph::DropPath&, const graph::Op& op) {
    same_as_[static_cast<size_t>(op.output)] = same_as_[static_cast<size_t>(op.inputs[0])];
  }

  const graph::Program& program_;
  const WeightViews& weights_;
  Network network_;
  std::vector<int> same_as_;  // value -> the one that holds it
};

[[noreturn]] void refuse(const Node& node, std::string_view what) {
  fail(ErrorKind::failed, what, fmt::format("engine: node {}", node.name), "this is a fault of the program: report it");
}

// The shape of a term as the node sees it. Enlarged maps may reach over the edge of what is written, by less than the
// factor: the last rows and columns are dropped.
graph::Shape seen(const Network& network, const Term& term, const graph::Shape& written) {
  const auto enlarged = [&](int64_t extent, int64_t needed) {
    const int64_t whole = extent * term.factor;
    return whole > needed && whole - needed < term.factor ? needed : whole;
  };
  const graph::Shape shape = shape_of(network, term.value);
  return {shape.channels, enlarged(shape.height, written.height), enlarged(shape.width, written.width)};
}

// What the first inputs give by the node's own work.
graph::Shape worked(const Network& network, const Node& node) {
  std::vector<graph::Shape> inputs;
  const graph::Shape& written = shape_of(network, node.output);
  for (const Term& term : node.inputs) inputs.push_back(seen(network, term, written));
  const int64_t filters = written.channels;
  const std::span<const graph::Shape> all(inputs), first = all.first(1);
  return std::visit(
      graph::Overloaded{
          [&](const ConvWork& work) { return graph::output_shape(work.conv, first, filters, node.name); },
          [&](const DeconvWork& work) { return graph::output_shape(work.deconv, first, filters, node.name); },
          [&](const PoolWork& work) { return graph::output_shape(work.pool, first, filters, node.name); },
          [&](const AveragePoolWork& work) { return graph::output_shape(work.pool, first, filters, node.name); },
          [&](const BilinearWork& work) { return graph::output_shape(work.upsample, first, filters, node.name); },
          [&](const SliceWork& work) { return graph::output_shape(work.slice, first, filters, node.name); },
          [&](const GlobalPoolWork& work) {
            return graph::output_shape(graph::GlobalPool{work.kind}, first, filters, node.name);
          },
          [&](const GateWork&) { return graph::output_shape(graph::Scale{}, all, filters, node.name); },
          [&](const SumWork&) { return inputs.front(); },
          [&](const ConcatWork&) { return graph::output_shape(graph::Concat{}, all, filters, node.name); }},
      node.work);
}

void verify_shapes(const Network& network, const Node& node) {
  const graph::Shape& out = shape_of(network, node.output);
  if (worked(network, node) != out) refuse(node, "gives another shape than its value has");
  const WorkRules rules = rules_of(node.work);
  const bool activates = node.activation != kernels::EpilogueActivation::none;
  if (!rules.enlarges && node.inputs[0].factor != 1) refuse(node, "upsamples what only a sum can");
  if (node.inputs.size() > rules.max_inputs) refuse(node, "has too many inputs");
  if (!rules.activates && activates) refuse(node, "has an activation, but no place for it");
  if (!rules.scales && !node.scale.empty()) refuse(node, "has a scale, but no place for it");
  for (size_t i = 1; i < node.inputs.size() && rules.adds_inputs; ++i) {
    if (seen(network, node.inputs[i], out) != out) refuse(node, "adds a term of another shape");
  }
  const auto channels = static_cast<size_t>(out.channels);
  const bool bare = node.scale.empty() && node.shift.empty();
  if (!bare && (node.scale.size() != channels || node.shift.size() != channels)) {
    refuse(node, "has scales of another number of channels");
  }
}

}  // namespace

WorkRules rules_of(const Work& work) {
  constexpr size_t kAny = std::numeric_limits<size_t>::max();
  return std::visit(
      graph::Overloaded{
          [](const ConvWork&) {
            return WorkRules{
                .max_inputs = 2, .scales = true, .activates = true, .adds_inputs = true, .takes_residual = true};
          },
          [](const DeconvWork&) { return WorkRules{.scales = true, .activates = true}; },
          [](const graph::OneOf<PoolWork, AveragePoolWork, GlobalPoolWork, BilinearWork, SliceWork> auto&) {
            return WorkRules{};
          },
          [](const GateWork&) { return WorkRules{.max_inputs = 2, .activates = true}; },
          [](const SumWork&) {
            return WorkRules{
                .max_inputs = kAny, .scales = true, .activates = true, .enlarges = true, .adds_inputs = true};
          },
          [](const ConcatWork&) { return WorkRules{.max_inputs = kAny}; }},
      work);
}

const ConvWork* as_convolution(const Node& node) {
  using Found = const ConvWork*;
  return std::visit(
      graph::Overloaded{
          [](const ConvWork& work) { return Found(&work); },
          [](const graph::OneOf<DeconvWork, PoolWork, AveragePoolWork, GlobalPoolWork, BilinearWork, GateWork, SumWork,
                                ConcatWork, SliceWork> auto&) { return Found(nullptr); }},
      node.work);
}

bool is_sum(const Node& node) {
  return std::visit(
      graph::Overloaded{[](const SumWork&) { return true; },
                        [](const graph::OneOf<ConvWork, DeconvWork, PoolWork, AveragePoolWork, GlobalPoolWork,
                                              BilinearWork, GateWork, ConcatWork, SliceWork> auto&) { return false; }},
      node.work);
}

Network make_network(const graph::Program& program, const WeightViews& weights) {
  return Translation(program, weights).translate();
}

void verify_network(const Network& network) {
  std::vector<char> written(network.values.size(), 0);
  written[0] = 1;
  for (const Node& node : network.nodes) {
    if (node.inputs.empty()) refuse(node, "has no input");
    for (const Term& term : node.inputs) {
      if (written[static_cast<size_t>(term.value)] == 0) refuse(node, "reads a value before it is written");
    }
    char& output = written[static_cast<size_t>(node.output)];
    if (output != 0) refuse(node, "writes a value again");
    output = 1;
    verify_shapes(network, node);
  }
  for (const graph::Output& output : network.outputs) {
    if (written[static_cast<size_t>(output.value)] == 0) {
      fail(ErrorKind::failed, "is never written", "engine: output " + output.name);
    }
  }
}

std::vector<int> count_uses(const Network& network) {
  std::vector<int> uses(network.values.size(), 0);
  for (const Node& node : network.nodes) {
    for (const Term& term : node.inputs) ++uses[static_cast<size_t>(term.value)];
  }
  for (const graph::Output& output : network.outputs) ++uses[static_cast<size_t>(output.value)];
  return uses;
}

}  // namespace spinenet::engine
