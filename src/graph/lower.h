// The wiring of every network, written once: an Architecture becomes a Program.
//
// Source: SpineNet, sections 3.1 (scale-permuted network, cross-scale resampling), 4.1 and 6 (classification);
// RetinaNet, section 4; FPN; NAS-FPN, section 3.1; VGG; CSPNet; YOLOv4; EfficientNet; HRNet; DetNet (see
// arch/architecture.h).
#pragma once

#include "arch/architecture.h"
#include "graph/builder.h"
#include "graph/program.h"

namespace spinenet::graph {

struct LowerOptions {
  int height = 640, width = 640;  // of a detector multiples of its coarsest stride, so that all levels meet
  int classes = 91;               // class outputs, of each anchor in a detector
  double stochastic_depth = 0;    // drop rate of the last block; earlier ones have proportionally less, a VGG has none
};

// Outputs p3..p7: [endpoints_num_filters, height / stride, width / stride] (see arch::level_stride), of YOLOv4's necks
// with the widths of their own; of a backbone without a pyramid its last map alone, p5 say.
Program lower_backbone(const arch::Architecture& architecture, const LowerOptions& options);

// The backbone under its head. Outputs of RetinaNet's: class.p3..class.p7 and box.p3..box.p7; of YOLO's: yolo.p3...
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
  int depthwise_kernel = 3;                                     // of inverted bottlenecks
  arch::StridePlace stride_place = arch::StridePlace::conv3x3;  // of bottlenecks
  int dilation = 1;                                             // of their 3x3 convolutions
  bool projects = false;                                        // the first shortcut, even where nothing differs
};
ValueId block_group(Builder& b, ValueId x, const GroupOptions& options, const std::string& scope);

// 7x7 stride-2 convolution and 3x3 stride-2 pool: level 2.
ValueId stem(Builder& b, ValueId image, int filters);
// 3x3 stride-2 convolution: level 1.
ValueId mobile_stem(Builder& b, ValueId image, int filters);

// A convolution and its batch norm, scope.conv and scope.bn with the number behind both; then also the network's
// activation, scope.act.
ValueId normed_conv(Builder& b, ValueId x, const Builder::ConvOptions& options, const std::string& scope,
                    std::string_view number = {});
ValueId active_conv(Builder& b, ValueId x, const Builder::ConvOptions& options, const std::string& scope,
                    std::string_view number = {});

// Feature maps of levels min_level.. in order.
struct Pyramid {
  int min_level = 3;
  std::vector<ValueId> levels;
};

// The beginning of every lowering. ErrorKind::bad_data or usage, naming what cannot be lowered.
Builder::Rules rules_of(const arch::Architecture& architecture);
Builder begin_network(const arch::Architecture& architecture, const LowerOptions& options);
void check_classes(const arch::Architecture& architecture, const LowerOptions& options);
// Anchors need levels whose cells all cover level_stride pixels of the image, the last ones too.
void check_levels_meet(const arch::Architecture& architecture, const LowerOptions& options);

// What a head stands on: the levels of a pyramid, or the last map of a backbone without one.
Pyramid backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
void output_levels(Builder& b, const Pyramid& pyramid);

Pyramid scale_permuted_backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
Pyramid resnet_fpn_backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
Pyramid resnet_nas_fpn_backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
Pyramid vgg_backbone(Builder& b, const arch::Architecture& architecture);
Pyramid csp_darknet_backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
// Without stochastic depth: it has no residual blocks.
Pyramid csp_darknet_tiny_backbone(Builder& b, const arch::Architecture& architecture);
Pyramid efficientnet_lite_backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
Pyramid hrnet_backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
Pyramid detnet_backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth);
// FPN over maps that halve from level to level, or keep their size; from there on up to max_level.
Pyramid feature_pyramid(Builder& b, const Pyramid& features, const arch::Architecture& architecture);
// SPP and PAN over C3, C4 and C5.
Pyramid pan_neck(Builder& b, const std::vector<ValueId>& features, const arch::Architecture& architecture);
// The levels 4 and 5 of YOLOv4-tiny, from a map of each.
Pyramid yolo_tiny_neck(Builder& b, ValueId finer, ValueId coarser, const arch::Architecture& architecture);
// The batch norms under a pyramid, where the architecture has them.
Pyramid with_batch_norms(Builder& b, Pyramid pyramid, const arch::Architecture& architecture);
// Stem and stages: C2..C5.
std::vector<ValueId> resnet_stages(Builder& b, const std::array<int, 4>& stages, const arch::Scaling& scaling,
                                   double stochastic_depth);
void retina_head(Builder& b, const Pyramid& pyramid, const arch::RetinaHead& head, int classes);
// Outputs yolo.p3.. of the levels: see detect/yolo_head.h.
void yolo_head(Builder& b, const Pyramid& pyramid, const arch::Architecture& architecture, int classes);
void classification_head(Builder& b, const Pyramid& pyramid, int classes);
// Three dense layers on the last map.
void vgg_head(Builder& b, const Pyramid& pyramid, const arch::Vgg& vgg, int classes);

}  // namespace spinenet::graph
