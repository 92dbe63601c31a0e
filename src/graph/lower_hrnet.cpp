// HRNet: branches of levels 2 to 5 side by side that exchange their maps at the end of every module; the classifier's
// layers that bring them together, and the pyramid HRFPN.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {
namespace {

constexpr int kFirstHeadFilters = 32, kFirstDownFilters = 256, kLastHeadFilters = 2048;

class HrNetLowering {
 public:
  HrNetLowering(Builder& b, const arch::Architecture& a, double stochastic_depth)
      : b_(b), a_(a), net_(std::get<arch::HrNet>(a.backbone)), stochastic_depth_(stochastic_depth) {}

  // The maps of the four branches.
  std::vector<ValueId> lower() {
    const Builder::ConvOptions half{.filters = a_.scaling.stem_filters, .kernel = 3, .stride = 2};
    ValueId x = active_conv(b_, active_conv(b_, b_.input(), half, "stem", "0"), half, "stem", "1");
    const GroupOptions first{.filters = arch::scaled(net_.first_filters, a_.scaling),
                             .repeats = net_.first_blocks,
                             .drop_rate = drop_rate(1)};
    branches_ = {block_group(b_, x, first, "stages.1")};
    for (size_t s = 0; s < net_.modules.size(); ++s) {
      const int stage = static_cast<int>(s) + 2;
      add_branch(stage);
      for (int m = 0; m < net_.modules[s]; ++m) lower_module(stage, fmt::format("stages.{}.{}", stage, m));
    }
    return branches_;
  }

 private:
  double drop_rate(int stage) const { return stochastic_depth_ * stage / arch::kHrNetBranches; }
  int64_t filters(size_t branch) const { return arch::scaled(net_.width << branch, a_.scaling); }

  // The new branch comes from the last one. In front of the second stage the first branch gets its width, too.
  void add_branch(int stage) {
    const std::string scope = fmt::format("stages.{}.transition", stage);
    const ValueId last = branches_.back();
    if (branches_.size() == 1) {
      branches_[0] = active_conv(b_, last, {.filters = filters(0), .kernel = 3}, scope + ".0");
    }
    const Builder::ConvOptions down{.filters = filters(branches_.size()), .kernel = 3, .stride = 2};
    branches_.push_back(active_conv(b_, last, down, fmt::format("{}.{}", scope, branches_.size())));
  }

  void lower_module(int stage, const std::string& scope) {
    for (size_t i = 0; i < branches_.size(); ++i) {
      const GroupOptions group{.kind = arch::BlockKind::residual,
                               .filters = static_cast<int>(filters(i)),
                               .repeats = net_.branch_blocks,
                               .drop_rate = drop_rate(stage)};
      branches_[i] = block_group(b_, branches_[i], group, fmt::format("{}.branches.{}", scope, i));
    }
    std::vector<ValueId> fused;
    for (size_t i = 0; i < branches_.size(); ++i) {
      const std::string place = fmt::format("{}.fuse.{}", scope, i);
      std::vector<ValueId> terms;
      for (size_t j = 0; j < branches_.size(); ++j) terms.push_back(at_branch(j, i, fmt::format("{}.{}", place, j)));
      fused.push_back(b_.activate(b_.add(terms, place + ".add"), place + ".act"));
    }
    branches_ = std::move(fused);
  }

  // The map of one branch as it is summed into another: projected and copied up, or down by strided convolutions.
  ValueId at_branch(size_t from, size_t to, const std::string& scope) {
    ValueId x = branches_[from];
    if (from > to) {
      x = normed_conv(b_, x, {.filters = filters(to)}, scope);
      const Shape target = b_.shape(branches_[to]);
      return b_.upsample(x, 1 << (from - to), target.height, target.width, scope + ".up");
    }
    for (size_t k = 0; from + k + 1 < to; ++k) {
      x = active_conv(b_, x, {.filters = filters(from), .kernel = 3, .stride = 2}, scope, std::to_string(k));
    }
    if (from == to) return x;
    return normed_conv(b_, x, {.filters = filters(to), .kernel = 3, .stride = 2}, scope, std::to_string(to - from - 1));
  }

  Builder& b_;
  const arch::Architecture& a_;
  const arch::HrNet& net_;
  double stochastic_depth_;
  std::vector<ValueId> branches_;
};

// All branches widened by a bottleneck each and summed from the finest down.
ValueId bring_together(Builder& b, const std::vector<ValueId>& branches) {
  ValueId x = 0;
  for (size_t i = 0; i < branches.size(); ++i) {
    const ValueId wide =
        block_group(b, branches[i], {.filters = kFirstHeadFilters << i}, fmt::format("head.widen.{}", i));
    if (i == 0) {
      x = wide;
      continue;
    }
    const std::string scope = fmt::format("head.down.{}", i - 1);
    x = active_conv(b, x, {.filters = kFirstDownFilters << (i - 1), .kernel = 3, .stride = 2, .bias = true}, scope);
    x = b.add({wide, x}, scope + ".add");
  }
  return active_conv(b, x, {.filters = kLastHeadFilters, .bias = true}, "head.last");
}

// All branches at the size of the finest one, linearly; then averages of 1, 2, 4, 8 and 16 pixels a side. The last
// convolutions have a stride of 2 where the pyramid begins at level 3.
Pyramid hrfpn(Builder& b, std::vector<ValueId> branches, const arch::Architecture& a) {
  const int64_t filters = a.scaling.endpoints_num_filters;
  const Shape finest = b.shape(branches.front());
  for (size_t i = 1; i < branches.size(); ++i) {
    branches[i] =
        b.bilinear_upsample(branches[i], 1 << i, finest.height, finest.width, fmt::format("fpn.up.c{}", i + 2));
  }
  const ValueId all = b.conv(b.concat(branches, "fpn.concat"), {.filters = filters, .bias = true}, "fpn.reduce");
  Pyramid pyramid{a.min_level, {}};
  for (int i = 0; i < arch::kPyramidLevels; ++i) {
    const int level = a.min_level + i;
    const ValueId x = i == 0 ? all : b.average_pool(all, 1 << i, 1 << i, fmt::format("fpn.pool.p{}", level));
    pyramid.levels.push_back(
        b.conv(x, {.filters = filters, .kernel = 3, .stride = 1 << (a.min_level - arch::kStemLevel), .bias = true},
               fmt::format("fpn.post.p{}", level)));
  }
  return with_batch_norms(b, std::move(pyramid), a);
}

}  // namespace

Pyramid hrnet_backbone(Builder& b, const arch::Architecture& a, double stochastic_depth) {
  std::vector<ValueId> branches = HrNetLowering(b, a, stochastic_depth).lower();
  if (std::get<arch::HrNet>(a.backbone).pyramid) return hrfpn(b, std::move(branches), a);
  return {5, {bring_together(b, branches)}};
}

}  // namespace spinenet::graph
