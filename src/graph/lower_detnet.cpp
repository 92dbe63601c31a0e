// DetNet: a ResNet whose last two stages stay at stride 16 and look further by dilation. Each of them begins with a
// projection, although its shapes do not change.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {

Pyramid detnet_backbone(Builder& b, const arch::Architecture& a, double stochastic_depth) {
  const auto& net = std::get<arch::DetNet>(a.backbone);
  constexpr int kFinest = arch::kStemLevel, kLastOrdinary = 4;
  ValueId x = stem(b, b.input(), a.scaling.stem_filters);
  Pyramid features{a.min_level, {}};
  for (int level = kFinest; level <= arch::kDetNetLevel; ++level) {
    const bool dilated = level > kLastOrdinary;
    const GroupOptions group{.filters = arch::resnet_filters(dilated ? kLastOrdinary : level, a.scaling),
                             .repeats = net.stages[static_cast<size_t>(level - kFinest)],
                             .stride = level == kFinest || dilated ? 1 : 2,
                             .drop_rate = stochastic_depth * (level - kFinest + 1) / arch::kDetNetStages,
                             .stride_place = net.stride_place,
                             .dilation = dilated ? 2 : 1,
                             .projects = dilated};
    x = block_group(b, x, group, fmt::format("stages.c{}", level));
    if (level >= a.min_level) features.levels.push_back(x);
  }
  if (!net.pyramid) return {arch::kDetNetLevel, {x}};
  return feature_pyramid(b, features, a);
}

}  // namespace spinenet::graph
