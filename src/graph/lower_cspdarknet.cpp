// CSPDarknet-53, the backbone of YOLOv4. The convolutions stand in the order in which Darknet's files have them.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {
namespace {

struct CspWidths {
  int outside = 64;  // of the stage's first and last convolution
  int half = 64;     // of each of the two ways
  int inside = 32;   // of a block
};

// The first stage has two whole ways in place of halves, and narrower blocks.
CspWidths widths_of(int stage, const arch::Scaling& scaling) {
  const int outside = arch::scaled(32 << stage, scaling), half = arch::scaled(16 << stage, scaling);
  return stage == 1 ? CspWidths{outside, outside, half} : CspWidths{outside, half, half};
}

ValueId csp_stage(Builder& b, ValueId x, const CspWidths& widths, int blocks, double drop_rate,
                  const std::string& scope) {
  x = active_conv(b, x, {.filters = widths.outside, .kernel = 3, .stride = 2}, scope + ".down");
  const ValueId aside = active_conv(b, x, {.filters = widths.half}, scope + ".aside");
  x = active_conv(b, x, {.filters = widths.half}, scope + ".main");
  for (int r = 0; r < blocks; ++r) {
    const std::string block = fmt::format("{}.blocks.{}", scope, r);
    ValueId branch = active_conv(b, x, {.filters = widths.inside}, block, "1");
    branch = active_conv(b, branch, {.filters = widths.half, .kernel = 3}, block, "2");
    branch = b.drop_path(branch, drop_rate, block + ".drop_path");
    x = b.add({branch, x}, block + ".add");
  }
  x = active_conv(b, x, {.filters = widths.half}, scope + ".after");
  x = b.concat({x, aside}, scope + ".concat");
  return active_conv(b, x, {.filters = widths.outside}, scope + ".join");
}

}  // namespace

Pyramid csp_darknet_backbone(Builder& b, const arch::Architecture& a, double stochastic_depth) {
  const auto& net = std::get<arch::CspDarknet>(a.backbone);
  ValueId x = active_conv(b, b.input(), {.filters = a.scaling.stem_filters, .kernel = 3}, "stem");
  std::vector<ValueId> features;
  const auto count = static_cast<int>(net.stages.size());
  for (int stage = 1; stage <= count; ++stage) {
    x = csp_stage(b, x, widths_of(stage, a.scaling), net.stages[static_cast<size_t>(stage) - 1],
                  stochastic_depth * stage / count, fmt::format("stages.c{}", stage));
    features.push_back(x);
  }
  if (!net.pyramid) return {5, {x}};
  if (net.neck == arch::CspNeck::pan) return pan_neck(b, {features[2], features[3], features[4]}, a);
  return feature_pyramid(b, {3, {features[2], features[3], features[4]}}, a);
}

}  // namespace spinenet::graph
