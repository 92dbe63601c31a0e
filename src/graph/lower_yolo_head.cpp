// The YOLO head: each level has its own convolutions, and one output for boxes, objectness and classes together.
#include "arch/yolo_head.h"
#include "base/format.h"
#include "detect/yolo_head.h"
#include "graph/lower.h"

namespace spinenet::graph {

void yolo_head(Builder& b, const Pyramid& pyramid, const arch::Architecture& a, int classes) {
  const arch::YoloHead head = arch::complete_yolo_head(a);
  for (size_t i = 0; i < pyramid.levels.size(); ++i) {
    const std::string level = fmt::format("p{}", pyramid.min_level + static_cast<int>(i)), scope = "head." + level;
    ValueId x = pyramid.levels[i];
    const int64_t filters = 2 * b.shape(x).channels;
    for (int k = 0; k < head.convs; ++k) {
      const std::string number = std::to_string(k);
      x = normed_conv(b, x, {.filters = filters, .kernel = 3}, scope, number);
      x = b.activate(x, head.activation, joined(scope, ".act", number));
    }
    const auto anchors = static_cast<int64_t>(head.anchors_of_level[i].size());
    const int64_t channels = detect::kYoloBoxChannels + classes;
    x = b.conv(x,
               {.filters = anchors * channels,
                .bias = true,
                .role = ParameterRole::predictor_kernel,
                .bias_role = ParameterRole::yolo_bias,
                .anchor_channels = channels},
               scope + ".predict");
    b.output("yolo." + level, x);
  }
}

}  // namespace spinenet::graph
