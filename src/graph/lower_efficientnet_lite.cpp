// EfficientNet-Lite: a stem and stages of inverted bottlenecks without gates.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {

Pyramid efficientnet_lite_backbone(Builder& b, const arch::Architecture& a, double stochastic_depth) {
  const auto& net = std::get<arch::EfficientNetLite>(a.backbone);
  ValueId x = mobile_stem(b, b.input(), a.scaling.stem_filters);
  int level = 1;
  std::array<ValueId, arch::kLastMobileLevel + 1> of_level{};  // the last map of each level
  for (size_t s = 0; s < net.stages.size(); ++s) {
    const arch::MobileStage& stage = net.stages[s];
    const GroupOptions group{
        .kind = arch::BlockKind::inverted_bottleneck,
        .filters = arch::scaled(stage.filters, a.scaling),
        .repeats = stage.repeats,
        .stride = stage.stride,
        .drop_rate = stochastic_depth * static_cast<double>(s + 1) / static_cast<double>(net.stages.size()),
        .inverted = {.expand_ratio = stage.expand_ratio, .squeeze_excite = 0},
        .depthwise_kernel = stage.kernel};
    x = block_group(b, x, group, fmt::format("stages.{}", s));
    level += stage.stride - 1;
    of_level[static_cast<size_t>(level)] = x;
  }
  if (!net.pyramid) return {level, {active_conv(b, x, {.filters = net.last_filters}, "head")}};
  return feature_pyramid(b, {3, {of_level[3], of_level[4], of_level[5]}}, a);
}

}  // namespace spinenet::graph
