// The backbone of YOLOv4-tiny. The convolutions stand in the order in which Darknet's files have them.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {
namespace {

constexpr int kTinyStages = 3, kFirstTinyLevel = 3, kFirstTinyFilters = 64;

struct TinyStage {
  ValueId inside;   // both small convolutions, joined
  ValueId outside;  // all of the stage, at half the size
};

// The second half of the channels goes through two convolutions, and all that came about is joined.
TinyStage tiny_stage(Builder& b, ValueId x, int filters, const std::string& scope) {
  const ValueId whole = active_conv(b, x, {.filters = filters, .kernel = 3}, scope + ".main");
  const int half = filters - filters / 2;
  const ValueId part = b.slice(whole, filters / 2, half, scope + ".first.half");
  const ValueId first = active_conv(b, part, {.filters = half, .kernel = 3}, scope + ".first");
  const ValueId second = active_conv(b, first, {.filters = half, .kernel = 3}, scope + ".second");
  const ValueId both = b.concat({second, first}, scope + ".inner_concat");
  const ValueId inside = active_conv(b, both, {.filters = filters}, scope + ".join");
  return {inside, b.max_pool(b.concat({whole, inside}, scope + ".concat"), 2, 2, scope + ".pool")};
}

}  // namespace

Pyramid csp_darknet_tiny_backbone(Builder& b, const arch::Architecture& a) {
  const auto& net = std::get<arch::CspDarknetTiny>(a.backbone);
  ValueId x = active_conv(b, b.input(), {.filters = a.scaling.stem_filters, .kernel = 3, .stride = 2}, "stem", "0");
  x = active_conv(b, x, {.filters = arch::scaled(kFirstTinyFilters, a.scaling), .kernel = 3, .stride = 2}, "stem", "1");
  ValueId finer = x;
  for (int stage = 0; stage < kTinyStages; ++stage) {
    const TinyStage maps = tiny_stage(b, x, arch::scaled(kFirstTinyFilters << stage, a.scaling),
                                      fmt::format("stages.c{}", stage + kFirstTinyLevel));
    finer = maps.inside;
    x = maps.outside;
  }
  x = active_conv(b, x, {.filters = arch::scaled(512, a.scaling), .kernel = 3}, "stages.last");
  if (!net.pyramid) return {5, {x}};
  return yolo_tiny_neck(b, finer, x, a);
}

}  // namespace spinenet::graph
