// VGG: stages of 3x3 convolutions with a pool behind each, under a feature pyramid or the dense layers of its
// classifier.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {
namespace {

constexpr int kDenseMap = 7;  // side of the map under the dense layers: a 224 px image's

}  // namespace

Pyramid vgg_backbone(Builder& b, const arch::Architecture& a) {
  const auto& vgg = std::get<arch::Vgg>(a.backbone);
  ValueId x = b.input();
  std::vector<ValueId> pooled;
  for (int stage = 1; stage <= static_cast<int>(vgg.stages.size()); ++stage) {
    const std::string scope = fmt::format("stages.c{}", stage);
    for (int k = 0; k < vgg.stages[static_cast<size_t>(stage) - 1]; ++k) {
      x = b.conv(x, {.filters = arch::vgg_filters(stage, a.scaling), .kernel = 3, .bias = true},
                 fmt::format("{}.conv{}", scope, k));
      if (vgg.batch_norm) x = b.batch_norm(x, fmt::format("{}.bn{}", scope, k));
      x = b.activate(x, fmt::format("{}.act{}", scope, k));
    }
    x = b.max_pool(x, 2, 2, scope + ".pool");
    pooled.push_back(x);
  }
  if (!vgg.pyramid) return {5, {x}};
  return feature_pyramid(b, {3, {pooled[2], pooled[3], pooled[4]}}, a);
}

// A dense layer over the 7x7 map is a convolution of that kernel. On a larger map it is computed in every window, and
// the scores of all windows are averaged (section 3.2 of the paper); a smaller map is surrounded by zeros.
void vgg_head(Builder& b, const Pyramid& pyramid, const arch::Vgg& vgg, int classes) {
  ValueId x = pyramid.levels.back();
  const bool small = b.shape(x).height < kDenseMap || b.shape(x).width < kDenseMap;
  const Builder::ConvOptions first{.filters = vgg.dense, .kernel = kDenseMap, .bias = true, .padded = small};
  x = b.activate(b.conv(x, first, "head.dense0"), "head.act0");
  x = b.activate(b.conv(x, {.filters = vgg.dense, .bias = true}, "head.dense1"), "head.act1");
  x = b.conv(x, {.filters = classes, .bias = true}, "head.dense");
  const bool many = b.shape(x).height > 1 || b.shape(x).width > 1;
  b.output("class", many ? b.global_pool(x, PoolKind::average, "head.pool") : x);
}

}  // namespace spinenet::graph
