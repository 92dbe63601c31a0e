// CSPDarknet-53 in Darknet's files, which have no names but a fixed order. (timm's form of it has a leaky ReLU of slope
// 0.01, which no architecture here has, so its files are not known.)
#include "base/format.h"
#include "formats/import/names.h"
#include "formats/import/names_parts.h"

namespace spinenet::formats {
namespace {

struct DarknetGroup {
  DarknetLayer layer;
  std::vector<const graph::Parameter*> parameters;  // the kernel first
};

// A convolution and the vectors behind it, until the next one.
std::vector<DarknetGroup> groups_of(std::span<const graph::Parameter> parameters) {
  std::vector<DarknetGroup> groups;
  for (const graph::Parameter& parameter : parameters) {
    if (parameter.shape.size() == 4) {
      groups.push_back({{parameter.shape[0], parameter.shape[1], static_cast<int>(parameter.shape[2]), false}, {}});
    }
    if (groups.empty()) continue;
    groups.back().parameters.push_back(&parameter);
    if (parameter.role == graph::ParameterRole::running_var) groups.back().layer.batch_norm = true;
  }
  return groups;
}

std::string_view darknet_part(const graph::Parameter& parameter) {
  if (parameter.shape.size() == 4) return "weights";
  const std::string_view part = parts_of(parameter.name).back();
  if (part == "running_mean") return "rolling_mean";
  if (part == "running_var") return "rolling_variance";
  return part == "weight" ? "scales" : "biases";
}

}  // namespace

std::vector<DarknetLayer> darknet_layers(std::span<const graph::Parameter> parameters) {
  std::vector<DarknetLayer> layers;
  for (const DarknetGroup& group : groups_of(parameters)) layers.push_back(group.layer);
  return layers;
}

Naming darknet_naming(const NamingRequest& request) {
  Naming naming;
  naming.name = "Darknet";
  naming.architecture = request.architecture;
  naming.architecture.activation = arch::Activation::mish;
  naming.architecture.padding = arch::Padding::symmetric_pools;
  naming.architecture.batch_norm = {.momentum = 0.99, .epsilon = 1e-5};
  naming.pixels.mean = {0, 0, 0};
  naming.pixels.deviation = {1, 1, 1};
  naming.pixels.image_size = 256;
  const std::vector<DarknetGroup> groups = groups_of(request.parameters);
  for (size_t i = 0; i < groups.size(); ++i) {
    for (const graph::Parameter* parameter : groups[i].parameters) {
      ParameterRule rule;
      rule.parameter = parameter->name;
      rule.sources.push_back(fmt::format("{}.{}", i, darknet_part(*parameter)));
      naming.rules.push_back(std::move(rule));
    }
  }
  return naming;
}

}  // namespace spinenet::formats
