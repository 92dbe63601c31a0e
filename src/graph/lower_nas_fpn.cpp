// ResNet under NAS-FPN: 1x1 convolutions bring C3..C5 to the width of the pyramid, pools give P6 and P7, and the same
// cell of merges, with weights of its own each time, follows again and again.
#include <algorithm>

#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {
namespace {

class CellLowering {
 public:
  CellLowering(Builder& b, const std::vector<arch::MergeSpec>& cell)
      : b_(b), cell_(cell), joined_(arch::joined_unused_inputs(cell)) {}

  // P3..P7 to P3..P7.
  std::vector<ValueId> lower(const std::vector<ValueId>& levels, const std::string& scope) {
    nodes_ = levels;
    std::vector<ValueId> out(arch::kPyramidLevels);
    for (size_t k = 0; k < cell_.size(); ++k) {
      const ValueId merged = merge(k, fmt::format("{}.merge{}", scope, k));
      nodes_.push_back(merged);
      if (cell_[k].output) out[static_cast<size_t>(cell_[k].level - 3)] = merged;
    }
    return out;
  }

 private:
  ValueId merge(size_t k, const std::string& scope) {
    const arch::MergeSpec& spec = cell_[k];
    std::vector<ValueId> terms;
    for (size_t i = 0; i < 2; ++i)
      terms.push_back(resample(spec.inputs[i], spec.level, fmt::format("{}.{}", scope, i)));
    if (spec.kind == arch::MergeKind::attention) {
      if (arch::input_level(cell_, spec.inputs[0]) < arch::input_level(cell_, spec.inputs[1]))
        std::swap(terms[0], terms[1]);
      terms[1] = attend(terms[0], terms[1], scope);
    }
    for (const int unused : joined_[k]) terms.push_back(nodes_[static_cast<size_t>(unused)]);
    ValueId x = b_.activate(b_.add(terms, scope + ".fuse"), scope + ".act");
    const int64_t channels = b_.shape(x).channels;
    x = b_.conv(x, {.filters = channels, .kernel = 3, .bias = true, .role = ParameterRole::merge_kernel},
                scope + ".conv");
    return b_.batch_norm(x, scope + ".bn", ParameterRole::norm_weight, ParameterRole::merge_norm_bias);
  }

  // The finer map, its channels weighed by what is greatest in the coarser map's.
  ValueId attend(ValueId coarser, ValueId finer, const std::string& scope) {
    const ValueId most = b_.global_pool(coarser, PoolKind::maximum, scope + ".gate_pool");
    return b_.scale(finer, b_.sigmoid(most, false, scope + ".gate"), scope + ".scale");
  }

  // Down by one pool whose windows do not overlap, up by copies.
  ValueId resample(int input, int level, const std::string& scope) {
    const ValueId x = nodes_[static_cast<size_t>(input)];
    const int down = level - arch::input_level(cell_, input);
    if (down == 0) return x;
    if (down > 0) return b_.max_pool(x, 1 << down, 1 << down, scope + ".pool");
    const Shape& image = b_.shape(b_.input());
    return b_.upsample(x, 1 << -down, level_size(image.height, level), level_size(image.width, level), scope + ".up");
  }

  Builder& b_;
  const std::vector<arch::MergeSpec>& cell_;
  std::vector<std::vector<int>> joined_;
  std::vector<ValueId> nodes_;  // as merges name their inputs
};

}  // namespace

Pyramid resnet_nas_fpn_backbone(Builder& b, const arch::Architecture& a, double stochastic_depth) {
  const auto& backbone = std::get<arch::ResNetNasFpn>(a.backbone);
  const std::vector<ValueId> features = resnet_stages(b, backbone.stages, a.scaling, stochastic_depth);
  Pyramid pyramid{3, {}};
  for (size_t i = 0; i < 3; ++i) {
    const ValueId x = b.conv(features[i + 1], {.filters = a.scaling.endpoints_num_filters, .bias = true},
                             fmt::format("fpn.lateral.c{}", i + 3));
    pyramid.levels.push_back(b.batch_norm(x, fmt::format("fpn.lateral_bn.c{}", i + 3)));
  }
  for (int level = 6; level <= 7; ++level) {
    pyramid.levels.push_back(b.max_pool(pyramid.levels.back(), 2, 2, fmt::format("fpn.pool.p{}", level)));
  }
  for (int i = 0; i < backbone.repeats; ++i) {
    pyramid.levels = CellLowering(b, backbone.cell).lower(pyramid.levels, fmt::format("fpn.cell{}", i));
  }
  return pyramid;
}

}  // namespace spinenet::graph
