// The classification head of the SpineNet paper: the mean of all levels at the size of the finest, its global average,
// one dense layer. Up-sampling by copies does not change an average, so the levels are averaged first. Averages of
// levels that have different widths stand beside each other in place of their mean.
#include <algorithm>

#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {
namespace {

ValueId joined_averages(Builder& b, const std::vector<ValueId>& averages) {
  if (averages.size() == 1) return averages.front();
  const bool same_width =
      std::all_of(averages.begin(), averages.end(), [&](ValueId x) { return b.shape(x) == b.shape(averages.front()); });
  return same_width ? b.mean(averages, "head.mean") : b.concat(averages, "head.concat");
}

}  // namespace

void classification_head(Builder& b, const Pyramid& pyramid, int classes) {
  std::vector<ValueId> averages;
  for (size_t i = 0; i < pyramid.levels.size(); ++i) {
    averages.push_back(b.global_pool(pyramid.levels[i], PoolKind::average,
                                     fmt::format("head.pool.p{}", pyramid.min_level + static_cast<int>(i))));
  }
  b.output("class", b.conv(joined_averages(b, averages), {.filters = classes, .bias = true}, "head.dense"));
}

}  // namespace spinenet::graph
