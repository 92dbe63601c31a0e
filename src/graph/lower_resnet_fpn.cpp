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
  const int64_t filters = a.scaling.endpoints_num_filters;
  std::vector<ValueId> merged(3);
  for (int i = 2; i >= 0; --i) {
    const size_t k = static_cast<size_t>(i);
    merged[k] = b.conv(features[k + 1], {.filters = filters, .bias = true}, fmt::format("fpn.lateral.c{}", i + 3));
    if (i == 2) continue;
    const auto [channels, height, width] = b.shape(merged[k]);
    const ValueId up = b.upsample(merged[k + 1], 2, height, width, fmt::format("fpn.up.p{}", i + 3));
    merged[k] = b.add({merged[k], up}, fmt::format("fpn.add.p{}", i + 3));
  }
  Pyramid pyramid{3, {}};
  for (int i = 0; i < 3; ++i) {
    pyramid.levels.push_back(b.conv(merged[static_cast<size_t>(i)], {.filters = filters, .kernel = 3, .bias = true},
                                    fmt::format("fpn.post.p{}", i + 3)));
  }
  const Builder::ConvOptions coarser{.filters = filters, .kernel = 3, .stride = 2, .bias = true};
  pyramid.levels.push_back(b.conv(pyramid.levels[2], coarser, "fpn.post.p6"));
  pyramid.levels.push_back(b.conv(b.activate(pyramid.levels[3], "fpn.act.p6"), coarser, "fpn.post.p7"));
  for (size_t i = 0; i < pyramid.levels.size(); ++i) {
    pyramid.levels[i] = b.batch_norm(pyramid.levels[i], fmt::format("fpn.bn.p{}", i + 3));
  }
  return pyramid;
}

}  // namespace spinenet::graph
