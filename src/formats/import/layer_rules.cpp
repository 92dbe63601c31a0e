#include "formats/import/layer_rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace spinenet::formats {
namespace {

constexpr std::string_view kWeight = ".weight";

// Without the outputs that we do not have; outputs are the first axis.
HostTensor kept_outputs(HostTensor tensor, const SourceOutputs& outputs) {
  if (outputs.dropped == 0) return tensor;
  const int64_t of_group = tensor.shape[0] / outputs.groups;
  const auto row = static_cast<int64_t>(tensor.data.size()) / tensor.shape[0];
  HostTensor result;
  result.shape = tensor.shape;
  result.shape[0] -= outputs.groups * outputs.dropped;
  for (int64_t group = 0; group < outputs.groups; ++group) {
    const auto begin = tensor.data.begin() + (group * of_group + outputs.dropped) * row;
    result.data.insert(result.data.end(), begin, begin + (of_group - outputs.dropped) * row);
  }
  return result;
}

// What one operation needs of a source layer, collected for all its parameters.
class RuleMaker {
 public:
  RuleMaker(const graph::Program& program, const SourceLayer& layer, std::vector<ParameterRule>& rules)
      : program_(program), layer_(layer), rules_(rules) {}

  void norm(const graph::Op& op) const {
    constexpr std::array<const char*, 4> kNames{"gamma", "beta", "moving_mean", "moving_variance"};
    for (size_t i = 0; i < kNames.size(); ++i) add(op, i, kNames[i], {shape(op, i)[0]}, nullptr);
  }

  void convolution(const graph::Op& op, int groups) const {
    const std::vector<int64_t> ours = shape(op, 0);  // [out, in / groups, height, width]
    const int64_t outputs = ours[0] + layer_.outputs.groups * layer_.outputs.dropped;
    const std::vector<int64_t> theirs{ours[2], ours[3], ours[1], outputs};
    if (groups > 1) {
      // [height, width, channel, 1]
      add(op, 0, "depthwise_kernel", {ours[2], ours[3], outputs, 1}, turned(depthwise_kernel_from_hwio));
    } else if (layer_.dense) {
      add(op, 0, "kernel", {ours[1] * ours[2] * ours[3], outputs}, [theirs, kept = layer_.outputs](auto sources) {
        const HostTensor map{theirs, sources[0].data};
        return kept_outputs(kernel_from_hwio(std::span(&map, 1)), kept);
      });
    } else {
      add(op, 0, layer_.kernel, theirs, turned(kernel_from_hwio));
    }
    if (op.parameters.size() > 1) add_bias(op, outputs);
  }

  // [height, width, out, in] in the source, [in, out, height, width] here.
  void deconvolution(const graph::Op& op) const {
    const std::vector<int64_t> ours = shape(op, 0);
    add(op, 0, "kernel", {ours[2], ours[3], ours[1], ours[0]}, turned(kernel_from_hwio));
    if (op.parameters.size() > 1) add_bias(op, ours[1]);
  }

 private:
  Conversion turned(HostTensor (*turn)(std::span<const HostTensor>)) const {
    return [turn, kept = layer_.outputs](std::span<const HostTensor> sources) {
      return kept_outputs(turn(sources), kept);
    };
  }

  void add_bias(const graph::Op& op, int64_t outputs) const {
    add(op, 1, "bias", {outputs},
        [kept = layer_.outputs](std::span<const HostTensor> sources) { return kept_outputs(sources[0], kept); });
  }

  void add(const graph::Op& op, size_t index, const std::string& theirs, std::vector<int64_t> source_shape,
           Conversion convert) const {
    const bool as_it_is = convert == nullptr;
    ParameterRule rule;
    rule.parameter = program_.parameters[static_cast<size_t>(op.parameters[index])].name;
    rule.sources = {layer_.name + "/" + theirs};
    if (!as_it_is) rule.source_shapes = {std::move(source_shape)};
    rule.convert = std::move(convert);
    rules_.push_back(std::move(rule));
  }

  std::vector<int64_t> shape(const graph::Op& op, size_t index) const {
    const graph::Extents& extents = program_.parameters[static_cast<size_t>(op.parameters[index])].shape;
    return {extents.begin(), extents.end()};
  }

  const graph::Program& program_;
  const SourceLayer& layer_;
  std::vector<ParameterRule>& rules_;
};

}  // namespace

std::string layer_of(const graph::Program& program, const graph::Op& op) {
  if (op.parameters.empty()) return {};
  const std::string& name = program.parameters[static_cast<size_t>(op.parameters[0])].name;
  return name.substr(0, name.size() - kWeight.size());
}

std::vector<ParameterRule> layer_rules(std::span<const graph::Program> programs, const LayerMap& layers) {
  std::vector<ParameterRule> rules;
  std::set<std::string> done;  // heads share their layers over the levels
  for (const graph::Program& program : programs) {
    for (const graph::Op& op : program.ops) {
      const std::string layer = layer_of(program, op);
      const auto found = layers.find(layer);
      if (layer.empty() || found == layers.end() || !done.insert(layer).second) continue;
      const RuleMaker maker(program, found->second, rules);
      if (const auto* conv = std::get_if<graph::Conv>(&op.kind)) maker.convolution(op, conv->groups);
      if (std::holds_alternative<graph::Deconv>(op.kind)) maker.deconvolution(op);
      if (std::holds_alternative<graph::BatchNorm>(op.kind)) maker.norm(op);
    }
  }
  return rules;
}

}  // namespace spinenet::formats
