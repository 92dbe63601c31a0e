// The classification head of the SpineNet paper: the mean of all levels at the size of the finest, its global average,
// one dense layer. Up-sampling by copies does not change an average, so the levels are averaged first.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {

void classification_head(Builder& b, const Pyramid& pyramid, int classes) {
  std::vector<ValueId> averages;
  for (size_t i = 0; i < pyramid.levels.size(); ++i) {
    averages.push_back(b.global_pool(pyramid.levels[i], PoolKind::average,
                                     fmt::format("head.pool.p{}", pyramid.min_level + static_cast<int>(i))));
  }
  const ValueId mean = averages.size() > 1 ? b.mean(averages, "head.mean") : averages.front();
  b.output("class", b.conv(mean, {.filters = classes, .bias = true}, "head.dense"));
}

}  // namespace spinenet::graph
