#include "graph/anchors.h"

#include "arch/yolo_head.h"

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

std::vector<detect::YoloLevel> yolo_levels(const arch::Architecture& architecture) {
  const arch::YoloHead head = arch::complete_yolo_head(architecture);
  std::vector<detect::YoloLevel> levels;
  for (size_t i = 0; i < head.anchors_of_level.size(); ++i) {
    detect::YoloLevel& level = levels.emplace_back();
    for (const int anchor : head.anchors_of_level[i]) {
      const auto [width, height] = head.anchors[static_cast<size_t>(anchor)];
      level.anchors.push_back({static_cast<float>(width), static_cast<float>(height)});
    }
    level.scale_xy = static_cast<float>(head.scale_xy[i]);
    level.stride = arch::level_stride(architecture, architecture.min_level + static_cast<int>(i));
  }
  return levels;
}

detect::YoloAnchors yolo_anchors(const arch::Architecture& architecture) {
  const arch::YoloHead head = arch::complete_yolo_head(architecture);
  detect::YoloAnchors anchors;
  for (const auto& [width, height] : head.anchors) {
    anchors.sizes.push_back({static_cast<float>(width), static_cast<float>(height)});
  }
  anchors.of_level = head.anchors_of_level;
  for (int level = architecture.min_level; level <= architecture.max_level; ++level) {
    anchors.strides.push_back(arch::level_stride(architecture, level));
  }
  anchors.iou_threshold = static_cast<float>(head.iou_threshold);
  return anchors;
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
