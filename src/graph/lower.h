// The wiring of every network, written once: an Architecture becomes a Program.
//
// Source: SpineNet, sections 3.1 (scale-permuted network, cross-scale resampling) and 4.1; RetinaNet, section 4; FPN.
#pragma once

#include "arch/architecture.h"
#include "graph/builder.h"
#include "graph/program.h"

namespace spinenet {

struct LowerOptions {
  int height = 640, width = 640;  // multiples of 2^max_level (128), so that all levels meet
  int classes = 91;               // class outputs of each anchor
  double stochastic_depth = 0;    // drop rate of the last block; earlier ones have proportionally less
};

// Outputs p3..p7: [endpoints_num_filters, height / 2^level, width / 2^level].
Program lower_backbone(const Architecture& architecture, const LowerOptions& options);

// The backbone under a RetinaNet head. Outputs class.p3..class.p7 and box.p3..box.p7.
Program lower_detector(const Architecture& architecture, const LowerOptions& options);

// Building blocks shared by the lowerings.

// One group: `repeats` residual or bottleneck blocks; the first one projects its shortcut where channels or stride
// differ. Parameters are called scope.{repeat}.conv1 and so on.
struct GroupOptions {
  BlockKind kind = BlockKind::bottleneck;
  int filters = 64;
  int repeats = 1;
  int stride = 1;
  double drop_rate = 0;
};
ValueId block_group(Builder& b, ValueId x, const GroupOptions& options, const std::string& scope);

// 7x7 stride-2 convolution and 3x3 stride-2 pool: level 2.
ValueId stem(Builder& b, ValueId image, int filters);

// Feature maps of levels min_level.. in order.
struct Pyramid {
  int min_level = 3;
  std::vector<ValueId> levels;
};
Pyramid scale_permuted_backbone(Builder& b, const Architecture& architecture, double stochastic_depth);
Pyramid resnet_fpn_backbone(Builder& b, const Architecture& architecture, double stochastic_depth);
void retina_head(Builder& b, const Pyramid& pyramid, const RetinaHead& head, int classes);

}  // namespace spinenet
