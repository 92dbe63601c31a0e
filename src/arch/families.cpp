#include "arch/families.h"

#include <filesystem>
#include <vector>

#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"

namespace spinenet::arch {
namespace {

constexpr BlockKind R = BlockKind::residual;
constexpr BlockKind B = BlockKind::bottleneck;

// SpineNet-49, found by the architecture search (Figure 4). Block 11 is the parent of none: it is the third input of
// the output block of its level, block 14 (see BlockSpec).
ScalePermuted spinenet_49_blocks() {
  return {{
      {2, B, {0, 1}, false},   // 2
      {4, R, {0, 1}, false},   // 3
      {3, B, {2, 3}, false},   // 4
      {4, B, {2, 4}, false},   // 5
      {6, R, {3, 5}, false},   // 6
      {4, B, {3, 5}, false},   // 7
      {5, R, {6, 7}, false},   // 8
      {7, R, {6, 8}, false},   // 9
      {5, B, {8, 9}, false},   // 10
      {5, B, {8, 10}, false},  // 11
      {4, B, {5, 10}, true},   // 12: P4
      {3, B, {4, 10}, true},   // 13: P3
      {5, B, {7, 12}, true},   // 14: P5
      {7, B, {5, 14}, true},   // 15: P7
      {6, B, {12, 14}, true},  // 16: P6
  }};
}

// R0-SP53: the blocks of a ResNet-50, permuted. Block 11 is the parent of none and the third input of block 13.
ScalePermuted r0_sp53_blocks() {
  return {{
      {2, B, {0, 1}, false},   // 2
      {3, B, {0, 1}, false},   // 3
      {3, B, {2, 3}, false},   // 4
      {4, B, {2, 4}, false},   // 5
      {4, B, {3, 5}, false},   // 6
      {3, B, {5, 6}, false},   // 7
      {5, B, {4, 7}, false},   // 8
      {4, B, {4, 8}, false},   // 9
      {4, B, {8, 9}, false},   // 10
      {4, B, {8, 10}, false},  // 11
      {3, B, {4, 10}, true},   // 12: P3
      {4, B, {6, 7}, true},    // 13: P4
      {5, B, {8, 13}, true},   // 14: P5
      {7, B, {6, 9}, true},    // 15: P7
      {6, B, {7, 9}, true},    // 16: P6
  }};
}

constexpr BlockKind I = BlockKind::inverted_bottleneck;

// SpineNet-Mobile: the graph of SpineNet-49 behind a finer stem, with one more block of level 2. Its
// block 12 is the parent of none and the third input of block 15.
ScalePermuted mobile_blocks() {
  return {{
      {2, I, {0, 1}, false},   // 2
      {2, I, {1, 2}, false},   // 3
      {4, I, {1, 2}, false},   // 4
      {3, I, {3, 4}, false},   // 5
      {4, I, {3, 5}, false},   // 6
      {6, I, {4, 6}, false},   // 7
      {4, I, {4, 6}, false},   // 8
      {5, I, {7, 8}, false},   // 9
      {7, I, {7, 9}, false},   // 10
      {5, I, {9, 10}, false},  // 11
      {5, I, {9, 11}, false},  // 12
      {4, I, {6, 11}, true},   // 13: P4
      {3, I, {5, 11}, true},   // 14: P3
      {5, I, {8, 13}, true},   // 15: P5
      {7, I, {6, 15}, true},   // 16: P7
      {6, I, {13, 15}, true},  // 17: P6
  }};
}

Architecture make(std::string_view name, Backbone backbone, Scaling scaling = {}, RetinaHead head = {}) {
  Architecture a;
  a.name = name;
  a.backbone = std::move(backbone);
  a.scaling = scaling;
  a.head = std::move(head);
  return a;
}

Architecture resnet(std::string_view name, const ResNet& backbone) {
  Architecture a = make(name, backbone);
  a.max_level = 5;
  return a;
}

RetinaHead head(int convs, int filters, double anchor_size) {
  RetinaHead h;
  h.convs = convs;
  h.filters = filters;
  h.anchor_size = anchor_size;
  return h;
}

// The published Mask R-CNN settings; what the others have is the default.
Architecture with_two_stage(Architecture a, const TwoStageHead& head) {
  a.two_stage = head;
  return a;
}

TwoStageHead small_two_stage() {
  TwoStageHead head;
  head.rpn_filters = head.box_filters = head.mask_filters = 128;
  head.box_dense = 512;
  return head;
}

TwoStageHead large_two_stage() {
  TwoStageHead head;
  head.anchor_size = 5;
  head.rpn_filters = head.box_filters = head.mask_filters = 384;
  head.box_convs = head.mask_convs = 7;
  return head;
}

Architecture mobile(std::string_view name, double filter_size_scale, int filters) {
  Architecture a = make(name, mobile_blocks(), {filters, filter_size_scale, 0.5, 1, 8}, head(4, filters, 3));
  a.scaling.level_filters = {16, 24, 40, 80, 112, 112, 112};
  a.head.separable = true;
  a.stem = StemKind::inverted_bottlenecks;
  a.resampling = Resampling::depthwise;
  a.activation = Activation::swish;
  return a;
}

// Of a backbone whose `pyramid` says what it is: the last level of a classifier, or those of the pyramid.
Architecture convolutional(std::string_view name, Backbone backbone, int stem_filters) {
  Architecture a = make(name, std::move(backbone));
  a.scaling.stem_filters = stem_filters;
  if (!has_pyramid(a)) a.max_level = 5;
  return a;
}

// The pyramid as keras-retinanet has it on VGG.
Architecture vgg(std::string_view name, bool batch_norm, bool pyramid) {
  Architecture a = convolutional(name, Vgg{.batch_norm = batch_norm, .pyramid = pyramid}, 64);
  a.padding = pyramid ? Padding::symmetric : Padding::symmetric_pools;
  a.batch_norm.epsilon = 1e-5;
  a.fpn = {.batch_norm = false, .coarser_from = CoarserFrom::backbone};
  return a;
}

Architecture csp_darknet(std::string_view name, bool pyramid) {
  Architecture a = convolutional(name, CspDarknet{.pyramid = pyramid}, 32);
  a.activation = Activation::mish;
  a.batch_norm.epsilon = 1e-5;
  return a;
}

// YOLOv4's configuration; its anchors are for images of about 512 pixels.
Architecture yolov4() {
  Architecture a = csp_darknet("yolov4", true);
  a.backbone = CspDarknet{.pyramid = true, .neck = CspNeck::pan};
  a.max_level = 5;
  a.head_kind = HeadKind::yolo;
  a.yolo.anchors = {{12, 16}, {19, 36}, {40, 28}, {36, 75}, {76, 55}, {72, 146}, {142, 110}, {192, 243}, {459, 401}};
  a.yolo.anchors_of_level = {{0, 1, 2}, {3, 4, 5}, {6, 7, 8}};
  a.yolo.scale_xy = {1.2, 1.1, 1.05};
  return a;
}

// No level has the first anchor, and both have the fourth. An object has one anchor.
Architecture yolov4_tiny() {
  Architecture a = convolutional("yolov4-tiny", CspDarknetTiny{.pyramid = true}, 32);
  a.activation = Activation::leaky_relu;
  a.batch_norm.epsilon = 1e-5;
  a.min_level = 4;
  a.max_level = 5;
  a.head_kind = HeadKind::yolo;
  a.yolo.anchors = {{10, 14}, {23, 27}, {37, 58}, {81, 82}, {135, 169}, {344, 319}};
  a.yolo.anchors_of_level = {{1, 2, 3}, {3, 4, 5}};
  a.yolo.scale_xy = {1.05, 1.05};
  a.yolo.iou_threshold = 1;
  a.yolo.convs = 0;
  return a;
}

Architecture efficientnet_lite(std::string_view name, bool pyramid) {
  Architecture a = convolutional(name, EfficientNetLite{.pyramid = pyramid}, 32);
  a.activation = Activation::relu6;
  a.padding = Padding::same;
  return a;
}

Architecture hrnet(std::string_view name, HrNet backbone, bool pyramid = false) {
  backbone.pyramid = pyramid;
  Architecture a = convolutional(name, backbone, 64);
  a.batch_norm.epsilon = 1e-5;
  a.fpn.batch_norm = false;
  return a;
}

Architecture detnet(std::string_view name, bool pyramid) {
  Architecture a = convolutional(name, DetNet{.pyramid = pyramid}, 64);
  a.max_level = kDetNetLevel;
  a.padding = Padding::symmetric_pools;
  a.batch_norm.epsilon = 1e-5;
  a.fpn.batch_norm = false;
  return a;
}

std::vector<Architecture> all_architectures() {
  return {
      with_two_stage(make("spinenet-49s", spinenet_49_blocks(), {256, 0.65, 0.5, 1, 64}, head(4, 128, 3)),
                     small_two_stage()),
      with_two_stage(make("spinenet-49s-e128", spinenet_49_blocks(), {128, 0.65, 0.5, 1, 64}, head(4, 128, 3)),
                     small_two_stage()),
      make("spinenet-49", spinenet_49_blocks()),
      make("spinenet-96", spinenet_49_blocks(), {256, 1.0, 0.5, 2, 64}),
      make("spinenet-143", spinenet_49_blocks(), {256, 1.0, 1.0, 3, 64}, head(4, 256, 4)),
      make("spinenet-143l", spinenet_49_blocks(), {256, 1.3, 1.0, 3, 64}, head(4, 256, 4)),
      with_two_stage(make("spinenet-190", spinenet_49_blocks(), {512, 1.3, 1.0, 4, 64}, head(7, 512, 4)),
                     large_two_stage()),
      mobile("spinenet-mobile-49xs", 0.6, 24),
      mobile("spinenet-mobile-49s", 0.65, 40),
      mobile("spinenet-mobile-49", 1.0, 48),
      make("r0-sp53", r0_sp53_blocks()),
      make("resnet-50-fpn", ResNetFpn{{3, 4, 6, 3}}),
      make("resnet-101-fpn", ResNetFpn{{3, 4, 23, 3}}),
      make("resnet-152-fpn", ResNetFpn{{3, 8, 36, 3}}),
      make("resnet-50-nas-fpn", ResNetNasFpn{.stages = {3, 4, 6, 3}}),
      make("resnet-101-nas-fpn", ResNetNasFpn{.stages = {3, 4, 23, 3}}),
      make("resnet-152-nas-fpn", ResNetNasFpn{.stages = {3, 8, 36, 3}}),
      resnet("resnet-50", {{3, 4, 6, 3}}),
      resnet("resnet-101", {{3, 4, 23, 3}}),
      resnet("resnet-152", {{3, 8, 36, 3}}),
      vgg("vgg-16", false, false),
      vgg("vgg-16-bn", true, false),
      vgg("vgg-16-fpn", false, true),
      vgg("vgg-16-bn-fpn", true, true),
      csp_darknet("cspdarknet-53", false),
      csp_darknet("cspdarknet-53-fpn", true),
      yolov4(),
      yolov4_tiny(),
      efficientnet_lite("efficientnet-lite0", false),
      efficientnet_lite("efficientnet-lite0-fpn", true),
      hrnet("hrnet-w18-small-v1",
            {.width = 16, .first_blocks = 1, .first_filters = 32, .modules = {1, 1, 1}, .branch_blocks = 2}),
      hrnet("hrnet-w18-small-v2", {.width = 18, .first_blocks = 2, .modules = {1, 3, 2}, .branch_blocks = 2}),
      hrnet("hrnet-w18", {.width = 18}),
      hrnet("hrnet-w30", {.width = 30}),
      hrnet("hrnet-w32", {.width = 32}),
      hrnet("hrnet-w40", {.width = 40}),
      hrnet("hrnet-w44", {.width = 44}),
      hrnet("hrnet-w48", {.width = 48}),
      hrnet("hrnet-w64", {.width = 64}),
      hrnet("hrnet-w18-fpn", {.width = 18}, true),
      hrnet("hrnet-w32-fpn", {.width = 32}, true),
      hrnet("hrnet-w40-fpn", {.width = 40}, true),
      hrnet("hrnet-w48-fpn", {.width = 48}, true),
      detnet("detnet-59", false),
      detnet("detnet-59-fpn", true),
  };
}

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> all = all_architectures();
  return all;
}

}  // namespace

std::span<const std::string> architecture_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Architecture& a : architectures()) list.push_back(a.name);
    return list;
  }();
  return names;
}

Architecture named_architecture(std::string_view name) {
  for (const Architecture& a : architectures()) {
    if (a.name == name) return a;
  }
  unknown_name(ErrorKind::usage, "architecture", name, architecture_names());
}

Architecture find_architecture(std::string_view name_or_path) {
  const bool is_path = name_or_path.ends_with(".json") || name_or_path.find('/') != std::string_view::npos;
  return is_path ? read_architecture(name_or_path) : named_architecture(name_or_path);
}

}  // namespace spinenet::arch
