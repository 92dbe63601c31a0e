// The feature pyramid network: 1x1 convolutions bring all maps of a backbone to one width, each is summed with the
// coarser ones, a 3x3 convolution smooths every sum, and strided convolutions give the levels beyond the backbone.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {
namespace {

// The sum of a level's map and the coarser sum, which is copied up where its map is smaller.
ValueId top_down(Builder& b, ValueId lateral, ValueId coarser, int level) {
  const Shape shape = b.shape(lateral);
  if (b.shape(coarser) != shape) {
    coarser = b.upsample(coarser, 2, shape.height, shape.width, fmt::format("fpn.up.p{}", level));
  }
  return b.add({lateral, coarser}, fmt::format("fpn.add.p{}", level));
}

}  // namespace

Pyramid feature_pyramid(Builder& b, const Pyramid& features, const arch::Architecture& a) {
  const int64_t filters = a.scaling.endpoints_num_filters;
  const size_t count = features.levels.size();
  const auto level_of = [&](size_t i) { return features.min_level + static_cast<int>(i); };
  std::vector<ValueId> sums(count);
  for (size_t i = count; i-- > 0;) {
    sums[i] =
        b.conv(features.levels[i], {.filters = filters, .bias = true}, fmt::format("fpn.lateral.c{}", level_of(i)));
    if (i + 1 < count) sums[i] = top_down(b, sums[i], sums[i + 1], level_of(i));
  }
  Pyramid pyramid{features.min_level, {}};
  for (size_t i = 0; i < count; ++i) {
    pyramid.levels.push_back(
        b.conv(sums[i], {.filters = filters, .kernel = 3, .bias = true}, fmt::format("fpn.post.p{}", level_of(i))));
  }
  const int coarsest = level_of(count - 1);
  for (int level = coarsest + 1; level <= a.max_level; ++level) {
    ValueId x = pyramid.levels.back();
    if (level > coarsest + 1) {
      x = b.activate(x, fmt::format("fpn.act.p{}", level - 1));
    } else if (a.fpn.coarser_from == arch::CoarserFrom::backbone) {
      x = features.levels.back();
    }
    pyramid.levels.push_back(
        b.conv(x, {.filters = filters, .kernel = 3, .stride = 2, .bias = true}, fmt::format("fpn.post.p{}", level)));
  }
  return with_batch_norms(b, std::move(pyramid), a);
}

Pyramid with_batch_norms(Builder& b, Pyramid pyramid, const arch::Architecture& a) {
  for (size_t i = 0; a.fpn.batch_norm && i < pyramid.levels.size(); ++i) {
    pyramid.levels[i] =
        b.batch_norm(pyramid.levels[i], fmt::format("fpn.bn.p{}", pyramid.min_level + static_cast<int>(i)));
  }
  return pyramid;
}

}  // namespace spinenet::graph
