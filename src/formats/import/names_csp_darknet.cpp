// Names of CSPDarknet-53: timm, where one convolution makes both halves of a stage; and Darknet's files, which have no
// names but a fixed order.
#include "base/format.h"
#include "formats/import/names.h"
#include "formats/import/names_parts.h"

namespace spinenet::formats {
namespace {

// "stages.c2.blocks.0.conv1.weight" to "stages.1.blocks.0.conv1.conv.weight".
std::string timm_name(std::string_view ours) {
  const std::vector<std::string_view> p = parts_of(ours);
  if (p[0] == "stem" && p.size() == 3) return fmt::format("stem.conv1.{}.{}", p[1], p[2]);
  if (p[0] == "head" && p.size() == 3 && p[1] == "dense") return fmt::format("head.fc.{}", p[2]);
  if (p[0] != "stages") return "";
  const std::string stage = fmt::format("stages.{}", number_in(p[1]) - 1);
  if (p.size() == 6 && p[2] == "blocks") {
    return fmt::format("{}.blocks.{}.conv{}.{}.{}", stage, p[3], number_in(p[4]), word_in(p[4]), p[5]);
  }
  if (p.size() != 5) return "";
  std::string_view theirs;
  if (p[2] == "down") theirs = "conv_down";
  if (p[2] == "aside" || p[2] == "main") theirs = "conv_exp";
  if (p[2] == "after") theirs = "conv_transition_b";
  if (p[2] == "join") theirs = "conv_transition";
  return theirs.empty() ? "" : fmt::format("{}.{}.{}.{}", stage, theirs, p[3], p[4]);
}

std::vector<int64_t> shape_of(const graph::Parameter& parameter) {
  return {parameter.shape.begin(), parameter.shape.end()};
}

// `aside` and `main` are the two parts of one source tensor; where both ways meet theirs has `aside` first.
void convert_parts(ParameterRule& rule, std::vector<int64_t> shape) {
  const std::vector<std::string_view> parts = parts_of(rule.parameter);
  const bool is_aside = parts[2] == "aside", is_main = parts[2] == "main";
  if (is_aside || is_main) {
    const int64_t rows = shape.front();
    shape.front() = 2 * rows;
    rule.source_shapes = {std::move(shape)};
    rule.convert = rows_of(is_main ? rows : 0, rows);
  } else if (parts[2] == "join" && parts[3] == "conv") {
    rule.source_shapes = {std::move(shape)};
    rule.convert = exchange_input_parts;
  }
}

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

std::optional<Naming> timm_csp_darknet(const NamingRequest& request) {
  if (!request.source.tensors.contains("stages.0.conv_exp.conv.weight")) return std::nullopt;
  Naming naming;
  naming.name = "timm";
  naming.architecture = request.architecture;
  naming.architecture.activation = arch::Activation::leaky_relu;
  naming.architecture.padding = arch::Padding::symmetric_pools;
  naming.architecture.batch_norm = {.momentum = 0.9, .epsilon = 1e-5};
  naming.pixels.image_size = 256;
  naming.pixels.center_crop = 0.887;
  naming.ignored = {".num_batches_tracked"};
  add_rules(naming, request.parameters, timm_name);
  size_t next = 0;
  for (ParameterRule& rule : naming.rules) {
    while (request.parameters[next].name != rule.parameter) ++next;
    if (rule.parameter.starts_with("stages.")) convert_parts(rule, shape_of(request.parameters[next]));
  }
  return naming;
}

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
