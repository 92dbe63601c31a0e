// The wiring of every network, written once: an Architecture becomes a Program.
//
// Source: SpineNet, sections 3.1 (scale-permuted network, cross-scale resampling), 4.1 and 6 (classification);
// RetinaNet, section 4; FPN; NAS-FPN, section 3.1.
#pragma once

#include "arch/architecture.h"
#include "graph/builder.h"
#include "graph/program.h"

namespace spinenet::graph {

struct LowerOptions {
  int height = 640, width = 640;  // of a detector multiples of 2^max_level (128), so that all levels meet
  int classes = 91;               // class outputs, of each anchor in a detector
  double stochastic_depth = 0;    // drop rate of the last block; earlier ones have proportionally less
};

// Outputs p3..p7: [endpoints_num_filters, height / 2^level, width / 2^level];
// of a ResNet p5 alone, its last stage.
Program lower_backbone(const arch::Architecture& architecture, const LowerOptions& options);

// The backbone under a RetinaNet head. Outputs class.p3..class.p7 and box.p3..box.p7.
Program lower_detector(const arch::Architecture& architecture, const LowerOptions& options);

// The backbone under one dense layer. Output class: [classes, 1, 1] logits. Takes images of any size.
Program lower_classifier(const arch::Architecture& architecture, const LowerOptions& options);

// Extent of a level's maps: rounded up where the image's is no multiple.
inline int64_t level_size(int64_t image, int level) {
  return (image + (int64_t{1} << level) - 1) >> level;
}

// Building blocks shared by the lowerings.

// One group: `repeats` blocks of one kind. The first one projects its shortcut where channels or stride differ; an
// inverted bottleneck has no shortcut there. Parameters are called scope.{repeat}.conv1 and so on.
struct GroupOptions {
  arch::BlockKind kind = arch::BlockKind::bottleneck;
  int filters = 64;
  int repeats = 1;
  int stride = 1;
  double drop_rate = 0;
  arch::InvertedBottleneck inverted{};
};
ValueId block_group(Builder& b, ValueId x, const GroupOptions& options, const std::string& scope);

// 7x7 stride-2 convolution and 3x3 stride-2 pool: level 2.
ValueId stem(Builder& b, ValueId image, int filters);
// 3x3 stride-2 convolution: level 1.
ValueId mobile_stem(Builder& b, ValueId image, int filters);

// Feature maps of levels min_level.. in order.
struct Pyramid {
  int min_level = 3;
  std::vector<ValueId> levels;
};

// The beginning of every lowering. ErrorKind::bad_data or usage, naming what cannot be lowered.
Builder::Rules rules_of(const arch::Architecture& architecture);
Builder begin_network(const arch::Architecture& architecture, const LowerOptions& options);
void check_classes(const arch::Architecture& architecture, const LowerOptions& options);
// Anchors need levels whose pixels stand for 2^level pixels of the image, the last ones too.
void check_levels_meet(const arch::Architecture& architecture, const LowerOptions& options);

// What a head stands on: the levels of a pyramid, or the last stage of a ResNet.
Pyramid backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
void output_levels(Builder& b, const Pyramid& pyramid);

Pyramid scale_permuted_backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
Pyramid resnet_fpn_backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
Pyramid resnet_nas_fpn_backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
// Stem and stages: C2..C5.
std::vector<ValueId> resnet_stages(Builder& b, const std::array<int, 4>& stages, const arch::Scaling& scaling,
                                   double stochastic_depth);
void retina_head(Builder& b, const Pyramid& pyramid, const arch::RetinaHead& head, int classes);
void classification_head(Builder& b, const Pyramid& pyramid, int classes);

}  // namespace spinenet::graph
