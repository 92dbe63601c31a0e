// ResNet (stride in the 3x3 convolution), and the feature pyramid network on top: the scale-decreasing baseline with
// its decoder.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {

std::vector<ValueId> resnet_stages(Builder& b, const std::array<int, 4>& stages, const arch::Scaling& scaling,
                                   double stochastic_depth) {
  ValueId x = stem(b, b.input(), scaling.stem_filters);
  std::vector<ValueId> features;
  for (int s = 0; s < 4; ++s) {
    const GroupOptions group{arch::BlockKind::bottleneck, arch::resnet_filters(s + 2, scaling),
                             stages[static_cast<size_t>(s)], s == 0 ? 1 : 2, stochastic_depth * (s + 1) / 4};
    x = block_group(b, x, group, fmt::format("stages.c{}", s + 2));
    features.push_back(x);
  }
  return features;
}

Pyramid resnet_fpn_backbone(Builder& b, const arch::Architecture& a, double stochastic_depth) {
  const std::vector<ValueId> features =
      resnet_stages(b, std::get<arch::ResNetFpn>(a.backbone).stages, a.scaling, stochastic_depth);
  return feature_pyramid(b, {3, {features[1], features[2], features[3]}}, a);
}

}  // namespace spinenet::graph
