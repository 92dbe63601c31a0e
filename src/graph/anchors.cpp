#include "graph/anchors.h"

namespace spinenet::graph {

int input_size(int image_size, int coarsest_stride) {
  return (image_size + coarsest_stride - 1) / coarsest_stride * coarsest_stride;
}

detect::AnchorOptions anchor_options(const arch::Architecture& architecture) {
  detect::AnchorOptions options;
  options.min_level = architecture.min_level;
  options.max_level = architecture.max_level;
  options.coarsest_stride = arch::coarsest_stride(architecture);
  options.scales = architecture.head.scales;
  options.aspect_ratios = architecture.head.aspect_ratios;
  options.size = architecture.head.anchor_size;
  options.whole_pixels = architecture.head.anchor_grid == arch::AnchorGrid::whole_pixels;
  return options;
}

detect::AnchorOptions proposal_anchors(const arch::Architecture& architecture) {
  detect::AnchorOptions options;
  options.min_level = architecture.min_level;
  options.max_level = architecture.max_level;
  options.coarsest_stride = arch::coarsest_stride(architecture);
  options.scales = architecture.two_stage.scales;
  options.aspect_ratios = architecture.two_stage.aspect_ratios;
  options.size = architecture.two_stage.anchor_size;
  return options;
}

}  // namespace spinenet::graph
