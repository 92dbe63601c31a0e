// The necks of YOLOv4 and of YOLOv4-tiny, which join neighbouring levels by the concatenation of their channels.
#include <array>

#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {
namespace {

constexpr int kFinestLevel = 3;
constexpr std::array<int, 3> kSppWindows{13, 9, 5};

class PanLowering {
 public:
  PanLowering(Builder& b, const arch::Architecture& a)
      : b_(b), a_(a), activation_(std::get<arch::CspDarknet>(a.backbone).neck_activation) {}

  // Of C3, C4 and C5: from the coarsest map, with its pools, up to the finest, and back.
  Pyramid lower(const std::vector<ValueId>& features) {
    std::vector<ValueId> maps(features.size());
    maps.back() = spatial_pyramid(features.back());
    for (size_t i = features.size() - 1; i-- > 0;) maps[i] = join_coarser(features[i], maps[i + 1], level_of(i));
    for (size_t i = 1; i < features.size(); ++i) maps[i] = join_finer(maps[i], maps[i - 1], level_of(i));
    return {kFinestLevel, maps};
  }

 private:
  static int level_of(size_t i) { return kFinestLevel + static_cast<int>(i); }
  int filters(int level) const { return arch::scaled(128 << (level - kFinestLevel), a_.scaling); }

  ValueId conv(ValueId x, const Builder::ConvOptions& options, const std::string& scope, std::string_view number = {}) {
    return b_.activate(normed_conv(b_, x, options, scope, number), activation_, joined(scope, ".act", number));
  }

  // 1x1 to the level's filters and 3x3 to twice as many, in turn, `count` of them.
  ValueId narrow_and_wide(ValueId x, int level, int count, const std::string& scope) {
    for (int k = 0; k < count; ++k) {
      const bool wide = k % 2 == 1;
      x = conv(x, {.filters = filters(level) * (wide ? 2 : 1), .kernel = wide ? 3 : 1}, scope, std::to_string(k));
    }
    return x;
  }

  // The greatest values of three windows around each pixel, beside the map itself.
  ValueId spatial_pyramid(ValueId x) {
    const int level = a_.max_level;
    x = narrow_and_wide(x, level, 3, "neck.spp.before");
    std::vector<ValueId> maps;
    for (const int window : kSppWindows)
      maps.push_back(b_.max_pool(x, window, 1, fmt::format("neck.spp.pool{}", window)));
    maps.push_back(x);
    return narrow_and_wide(b_.concat(maps, "neck.spp.concat"), level, 3, "neck.spp.after");
  }

  ValueId join_coarser(ValueId feature, ValueId coarser, int level) {
    const std::string scope = fmt::format("neck.up.p{}", level);
    ValueId up = conv(coarser, {.filters = filters(level)}, scope + ".coarser");
    const ValueId lateral = conv(feature, {.filters = filters(level)}, scope + ".lateral");
    const Shape shape = b_.shape(lateral);
    up = b_.upsample(up, 2, shape.height, shape.width, scope + ".upsample");
    return narrow_and_wide(b_.concat({lateral, up}, scope + ".concat"), level, 5, scope + ".convs");
  }

  ValueId join_finer(ValueId map, ValueId finer, int level) {
    const std::string scope = fmt::format("neck.down.p{}", level);
    const ValueId down = conv(finer, {.filters = filters(level), .kernel = 3, .stride = 2}, scope + ".finer");
    return narrow_and_wide(b_.concat({down, map}, scope + ".concat"), level, 5, scope + ".convs");
  }

  Builder& b_;
  const arch::Architecture& a_;
  arch::Activation activation_;
};

}  // namespace

Pyramid pan_neck(Builder& b, const std::vector<ValueId>& features, const arch::Architecture& a) {
  return PanLowering(b, a).lower(features);
}

Pyramid yolo_tiny_neck(Builder& b, ValueId finer, ValueId coarser, const arch::Architecture& a) {
  const auto filters = [&](int count) { return arch::scaled(count, a.scaling); };
  const ValueId narrow = active_conv(b, coarser, {.filters = filters(256)}, "neck.reduce");
  const ValueId p5 = active_conv(b, narrow, {.filters = filters(512), .kernel = 3}, "neck.p5");
  ValueId up = active_conv(b, narrow, {.filters = filters(128)}, "neck.up.p4.coarser");
  const Shape shape = b.shape(finer);
  up = b.upsample(up, 2, shape.height, shape.width, "neck.up.p4.upsample");
  const ValueId both = b.concat({up, finer}, "neck.up.p4.concat");
  return {4, {active_conv(b, both, {.filters = filters(256), .kernel = 3}, "neck.p4"), p5}};
}

}  // namespace spinenet::graph
