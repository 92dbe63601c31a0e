// Names of CSPDarknet-53 in timm: one convolution gives both ways of a stage, the one aside first, and the two are
// joined in that order; ours has the blocks' way first.
#include <algorithm>

#include "base/format.h"
#include "formats/import/names.h"
#include "formats/import/names_parts.h"

namespace spinenet::formats {
namespace {

struct TimmPart {
  std::string name;  // of the source's layer
  enum { whole, first_half, second_half } share = whole;
  bool joins = false;  // the convolution behind both ways
};

// "stages.c2.blocks.0.conv1" as "stages.1.blocks.0.conv1.conv", ".bn1" as "....bn".
std::string timm_block(const std::vector<std::string_view>& parts, int stage) {
  return fmt::format("stages.{}.blocks.{}.conv{}.{}", stage, parts[3], number_in(parts[4]), word_in(parts[4]));
}

// Of "stages.c2.aside.conv" and so on, without the last part of the parameter; no name where timm has none.
TimmPart timm_part(std::string_view layer) {
  if (layer == "head.dense") return {"head.fc"};
  if (layer == "stem.conv" || layer == "stem.bn") return {fmt::format("stem.conv1.{}", layer.substr(5))};
  const std::vector<std::string_view> parts = parts_of(layer);
  if (parts.size() < 4 || parts[0] != "stages") return {};
  const int stage = number_in(parts[1]) - 1;
  const auto named = [&](std::string_view own) { return fmt::format("stages.{}.{}.{}", stage, own, parts[3]); };
  if (parts[2] == "blocks" && parts.size() == 5) return {timm_block(parts, stage)};
  if (parts[2] == "down") return {named("conv_down")};
  if (parts[2] == "aside") return {named("conv_exp"), TimmPart::first_half};
  if (parts[2] == "main") return {named("conv_exp"), TimmPart::second_half};
  if (parts[2] == "after") return {named("conv_transition_b")};
  if (parts[2] == "join") return {named("conv_transition"), TimmPart::whole, parts[3] == "conv"};
  return {};
}

// One half of the filters.
Conversion half_of(std::vector<int64_t> shape, bool second) {
  return [shape = std::move(shape), second](std::span<const HostTensor> sources) {
    HostTensor half = make_tensor(shape);
    const std::vector<float>& data = sources.front().data;
    std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(second ? half.data.size() : 0), half.data.size(),
                half.data.begin());
    return half;
  };
}

// The second half of the input channels before the first.
HostTensor with_swapped_inputs(std::span<const HostTensor> sources) {
  HostTensor swapped = sources.front();
  const auto inputs = static_cast<std::ptrdiff_t>(swapped.shape[1]);
  for (auto filter = swapped.data.begin(); filter != swapped.data.end(); filter += inputs) {
    std::rotate(filter, filter + inputs / 2, filter + inputs);
  }
  return swapped;
}

void set_conversion(ParameterRule& rule, const TimmPart& part, const graph::Parameter& parameter) {
  std::vector<int64_t> shape(parameter.shape.begin(), parameter.shape.end());
  if (part.joins) {
    rule.source_shapes = {shape};
    rule.convert = with_swapped_inputs;
  } else if (part.share != TimmPart::whole) {
    rule.convert = half_of(shape, part.share == TimmPart::second_half);
    shape.front() *= 2;
    rule.source_shapes = {shape};
  }
}

}  // namespace

std::optional<Naming> timm_csp_darknet(const NamingRequest& request) {
  if (!request.source.tensors.contains("stages.0.conv_exp.conv.weight")) return std::nullopt;
  Naming naming;
  naming.name = "timm";
  naming.architecture = request.architecture;
  naming.architecture.activation = arch::Activation::leaky_relu_001;
  naming.architecture.padding = arch::Padding::symmetric_pools;
  naming.architecture.batch_norm = {.momentum = 0.9, .epsilon = 1e-5};
  naming.pixels.image_size = 256;
  naming.pixels.center_crop = 0.887;
  naming.ignored = {".num_batches_tracked"};
  naming.backbone = {"stem.", "stages."};
  for (const graph::Parameter& parameter : request.parameters) {
    const size_t dot = parameter.name.rfind('.');
    const TimmPart part = timm_part(std::string_view(parameter.name).substr(0, dot));
    if (part.name.empty()) continue;
    ParameterRule rule;
    rule.parameter = parameter.name;
    rule.sources.push_back(part.name + parameter.name.substr(dot));
    set_conversion(rule, part, parameter);
    naming.rules.push_back(std::move(rule));
  }
  return naming;
}

}  // namespace spinenet::formats
