// An architecture as data: which blocks a backbone has, how they are wired and scaled, and the heads on top.
// Everything that follows (shapes, cost, weights, training, drawing) is derived from this one value by graph/lower.
//
// Invariant (checked by validate): every rule in its comment below. Values are plain and may be shared between threads.
// Source: SpineNet, sections 3 and 4.1 ("Scale-Permuted Model", "Scaling"), and its ablation of cross-scale
// connections; RetinaNet, section 4; Mask R-CNN, section 3; Cascade R-CNN, section 4; NAS-FPN, sections 3.1 and 4.2;
// VGG, Table 1, columns D; CSPNet, section 3.1, with the widths of YOLOv4's configuration; YOLOv4, section 3.4; HRNet,
// section 3; DetNet, section 3.
#pragma once

#include <array>
#include <string>
#include <variant>
#include <vector>

#include "base/enum_names.h"

namespace spinenet::arch {

// inverted_bottleneck is wide inside and narrow outside, with a gate of squeeze and excitation (see
// InvertedBottleneck).
enum class BlockKind { residual, bottleneck, inverted_bottleneck };
constexpr auto names(BlockKind) {
  using enum BlockKind;
  return named<BlockKind>(
      {{residual, "residual"}, {bottleneck, "bottleneck"}, {inverted_bottleneck, "inverted_bottleneck"}});
}
// hard_swish is x times the hard sigmoid: (x + 3) / 6 cut to 0..1; mish is x * tanh(log(1 + exp(x))); leaky_relu is
// x * kLeakySlope below 0, Darknet's, and leaky_relu_001 is PyTorch's; relu6 is x cut to 0..6.
enum class Activation { relu, swish, hard_swish, mish, leaky_relu, relu6, leaky_relu_001 };
constexpr auto names(Activation) {
  using enum Activation;
  return named<Activation>({{relu, "relu"},
                            {swish, "swish"},
                            {hard_swish, "hard_swish"},
                            {mish, "mish"},
                            {leaky_relu, "leaky_relu"},
                            {relu6, "relu6"},
                            {leaky_relu_001, "leaky_relu_001"}});
}
constexpr float kLeakySlope = 0.1F, kSmallLeakySlope = 0.01F;

// How strided convolutions and pools are padded. `same` is TensorFlow's rule (the odd pixel goes after), `symmetric`
// pads strided convolutions by (kernel - 1) / 2 on both sides and pools as `same`; `symmetric_pools`, the rule of
// PyTorch's networks, pads pools whose windows overlap as it pads convolutions, and the others not at all.
enum class Padding { same, symmetric, symmetric_pools };
constexpr auto names(Padding) {
  using enum Padding;
  return named<Padding>({{same, "same"}, {symmetric, "symmetric"}, {symmetric_pools, "symmetric_pools"}});
}

// Down-sampling by 4 and more after the stride-2 convolution: 3x3 stride-2 pools again and again, or one pool
// (3x3 up to ratio 4, else 5x5) of stride ratio / 2. The two agree up to ratio 4.
enum class LargeDownsample { repeated_pools, single_pool };
constexpr auto names(LargeDownsample) {
  using enum LargeDownsample;
  return named<LargeDownsample>({{repeated_pools, "repeated_pools"}, {single_pool, "single_pool"}});
}

// What stands before the scale-permuted blocks, its blocks 0 and 1: a 7x7 convolution, a pool and two bottlenecks of
// level 2; or, in the mobile family, a 3x3 convolution and inverted bottlenecks of levels 1 and 2.
enum class StemKind { bottlenecks, inverted_bottlenecks };
constexpr auto names(StemKind) {
  using enum StemKind;
  return named<StemKind>({{bottlenecks, "bottlenecks"}, {inverted_bottlenecks, "inverted_bottlenecks"}});
}

// How a connection changes the scale: squeezed by resample_alpha, with a whole convolution and pools; or, in the mobile
// family, with depthwise convolutions and no squeeze.
enum class Resampling { squeezed, depthwise };
constexpr auto names(Resampling) {
  using enum Resampling;
  return named<Resampling>({{squeezed, "squeezed"}, {depthwise, "depthwise"}});
}

// Whether a scale-permuted block also takes the map of the parent that is nearest to the image as it is, or those of
// all its parents: upsampled (nearest) or pooled (3x3, stride 2, again and again) to the block's level, without a
// convolution or a parameter. Not in the paper, whose maps pass a squeeze and an expansion between any two blocks.
enum class IdentityPaths { none, equal_channels, every_block, every_parent };
constexpr auto names(IdentityPaths) {
  using enum IdentityPaths;
  return named<IdentityPaths>({
      {none, "none"},                      // as published
      {equal_channels, "equal_channels"},  // where the parent has as many channels as the block works on
      {every_block, "every_block"},    // elsewhere, too: the parent's first channels, or all of them again and again
      {every_parent, "every_parent"},  // so, of every parent of every block
  });
}

// Which of its parents a scale-permuted block keeps: the paper damages its graphs so, to show what the connections are
// worth. Of two parents the one nearer in the order of blocks is the short connection, the other the long one.
enum class Edges { all, without_short, without_long, sequential };
constexpr auto names(Edges) {
  using enum Edges;
  return named<Edges>({
      {all, "all"},                      // as published
      {without_short, "without_short"},  // all but the parent nearest in the order of blocks
      {without_long, "without_long"},    // all but the parent farthest in it
      {sequential, "sequential"},        // the block before it alone, parent or not
  });
}

constexpr int kStemBlocks = 2;
constexpr int kStemLevel = 2;
constexpr int kMinParents = 2, kMaxParents = 8;
constexpr int kMaxBoxHeads = 8;

// Beside its parents, an output block also takes each earlier block that has no child so far and has its level, width
// and channels: added as it is, without a resampling connection (graph/lower_spinenet.cpp).
struct BlockSpec {
  int level = 0;  // 2..7; feature maps are image / 2^level
  BlockKind kind = BlockKind::bottleneck;
  std::vector<int> parents{};  // different earlier blocks, 2 in the paper, up to kMaxParents; 0 and 1 are the stem
  bool output = false;         // one output block for each level from min_level to max_level
  double width = 1;            // on the filters of the block's level, before they are rounded down

  bool operator==(const BlockSpec&) const = default;
};

// The scale-permuted blocks after the stem; blocks[k] has index k + kStemBlocks.
struct ScalePermuted {
  std::vector<BlockSpec> blocks;

  bool operator==(const ScalePermuted&) const = default;
};

// ResNet with a feature pyramid: bottlenecks per stage C2..C5.
struct ResNetFpn {
  std::array<int, 4> stages{3, 4, 6, 3};

  bool operator==(const ResNetFpn&) const = default;
};

// ResNet alone: a classifier.
struct ResNet {
  std::array<int, 4> stages{3, 4, 6, 3};

  bool operator==(const ResNet&) const = default;
};

// How a merging cell joins two maps once both have the merge's level: their sum; or the coarser of the two plus the
// finer one, each of whose channels is weighed by a sigmoid of the greatest value of the coarser one's.
enum class MergeKind { sum, attention };
constexpr auto names(MergeKind) {
  using enum MergeKind;
  return named<MergeKind>({{sum, "sum"}, {attention, "attention"}});
}

// Under an activation, a 3x3 convolution and a batch norm.
struct MergeSpec {
  int level = 3;
  MergeKind kind = MergeKind::sum;
  std::array<int, 2> inputs{};  // two different ones: 0..4 are P3..P7 as they enter, kPyramidLevels + k is merge k
  bool output = false;          // one output for each level: what leaves the cell

  bool operator==(const MergeSpec&) const = default;
};

constexpr int kPyramidLevels = 5;

// The cell of NAS-FPN, found by its search.
std::vector<MergeSpec> nas_fpn_cell();

// ResNet under a pyramid of searched cells, each the next one's input. An output merge also takes what has its level
// and has no reader so far (see joined_unused_inputs).
struct ResNetNasFpn {
  std::array<int, 4> stages{3, 4, 6, 3};
  std::vector<MergeSpec> cell = nas_fpn_cell();
  int repeats = 7;

  bool operator==(const ResNetNasFpn&) const = default;
};

// The backbones from here on classify alone, or stand under a pyramid (see FpnSettings): `pyramid` says which.

// Five stages of 3x3 convolutions with biases, a 2x2 pool behind each. The classifier has two dense layers of width
// `dense` on the 7x7 map of a 224 px image; of a larger image it averages the scores of all 7x7 windows, and the map of
// a smaller one is surrounded by zeros.
struct Vgg {
  std::array<int, 5> stages{2, 2, 3, 3, 3};  // convolutions of each
  bool batch_norm = false;                   // one under each convolution
  int dense = 4096;
  bool pyramid = false;

  bool operator==(const Vgg&) const = default;
};

// What stands on a CSPDarknet-53 that has a pyramid: FPN on levels 3 to 7; or YOLOv4's neck on levels 3 to 5, which
// pools the coarsest map over three windows (SPP) and joins neighbouring levels from the coarsest to the finest and
// back (PAN). The levels of the latter have 128, 256 and 512 channels.
enum class CspNeck { fpn, pan };
constexpr auto names(CspNeck) {
  using enum CspNeck;
  return named<CspNeck>({{fpn, "fpn"}, {pan, "pan"}});
}

constexpr int kPanLevels = 3;

// Darknet-53 whose five stages are split in two: blocks of a 1x1 and a 3x3 convolution work on one half of the
// channels, and both ways meet behind them.
struct CspDarknet {
  std::array<int, 5> stages{1, 2, 8, 8, 4};  // blocks of levels 1 to 5
  bool pyramid = false;
  CspNeck neck = CspNeck::fpn;
  Activation neck_activation = Activation::leaky_relu;  // of the PAN

  bool operator==(const CspDarknet&) const = default;
};

// The backbone of YOLOv4-tiny: two strided convolutions and three stages of levels 2 to 4, in each of which two 3x3
// convolutions work on the second half of the channels. Its pyramid has the levels 4 and 5.
struct CspDarknetTiny {
  bool pyramid = false;

  bool operator==(const CspDarknetTiny&) const = default;
};

// Inverted bottlenecks one behind the other; the first has the stride.
struct MobileStage {
  int filters = 16, repeats = 1, kernel = 3, stride = 1, expand_ratio = 6;

  bool operator==(const MobileStage&) const = default;
};

constexpr int kLastMobileLevel = 5;

std::vector<MobileStage> efficientnet_lite0_stages();

// EfficientNet without gates. The widths of its stem and of the classifier's last convolution are not scaled.
struct EfficientNetLite {
  std::vector<MobileStage> stages = efficientnet_lite0_stages();  // the stem is level 1, the last stage level 5
  int last_filters = 1280;                                        // of the classifier's convolution
  bool pyramid = false;

  bool operator==(const EfficientNetLite&) const = default;
};

constexpr int kHrNetBranches = 4;

// Branches of levels 2 to 5 and widths W, 2 W, 4 W, 8 W side by side, whose maps are summed into each other at the end
// of every module. Its pyramid is HRFPN: all branches at the finest one's size, pooled, of levels 3 to 7 (or 2 to 6).
struct HrNet {
  int width = 18;                                        // W
  int first_blocks = 4, first_filters = 64;              // bottlenecks of the first stage
  std::array<int, kHrNetBranches - 1> modules{1, 4, 3};  // of the stages with two, three and four branches
  int branch_blocks = 4;                                 // residual blocks in each branch of a module
  bool pyramid = false;

  bool operator==(const HrNet&) const = default;
};

// Which convolution of a bottleneck has the stride of its stage.
enum class StridePlace { conv1x1, conv3x3 };
constexpr auto names(StridePlace) {
  using enum StridePlace;
  return named<StridePlace>({{conv1x1, "conv1x1"}, {conv3x3, "conv3x3"}});
}

constexpr int kDetNetStages = 5, kDetNetLevel = 6, kDetNetStride = 16;

// A ResNet whose levels 5 and 6 keep the stride of level 4, 16, with dilated 3x3 convolutions.
struct DetNet {
  std::array<int, kDetNetStages> stages{3, 4, 6, 3, 3};  // bottlenecks of levels 2 to 6
  StridePlace stride_place = StridePlace::conv3x3;       // the published 4.8 G are those of conv1x1
  bool pyramid = false;

  bool operator==(const DetNet&) const = default;
};

using Backbone = std::variant<ScalePermuted, ResNetFpn, ResNetNasFpn, ResNet, Vgg, CspDarknet, EfficientNetLite, HrNet,
                              DetNet, CspDarknetTiny>;

// What the first level of a pyramid that is coarser than the backbone is made of.
enum class CoarserFrom { pyramid, backbone };
constexpr auto names(CoarserFrom) {
  using enum CoarserFrom;
  return named<CoarserFrom>({{pyramid, "pyramid"}, {backbone, "backbone"}});
}

// Of FPN and HRFPN.
struct FpnSettings {
  bool batch_norm = true;                           // one under the last convolution of each level
  CoarserFrom coarser_from = CoarserFrom::pyramid;  // P6 from P5, or from C5; not of HRFPN

  bool operator==(const FpnSettings&) const = default;
};

struct Scaling {
  int endpoints_num_filters = 256;  // channels of P3..P7 as the head sees them
  double filter_size_scale = 1.0;   // on the filters of every level, rounded down
  double resample_alpha = 0.5;      // width of the squeeze in a resampling connection
  int block_repeats = 1;            // blocks in a group
  int stem_filters = 64;            // of the 7x7 convolution; not scaled, as those of the 3x3 one are
  std::array<int, 7> level_filters{32, 64, 128, 256, 256, 256, 256};  // of levels 1..7 before filter_size_scale

  bool operator==(const Scaling&) const = default;
};

// Where the anchors of a cell stand and what sides they have: round the cell's middle, of any length; or, which is
// torchvision's rule, round the cell's first corner, of whole pixels (see detect/anchors.h).
enum class AnchorGrid { centred, whole_pixels };
constexpr auto names(AnchorGrid) {
  using enum AnchorGrid;
  return named<AnchorGrid>({{centred, "centred"}, {whole_pixels, "whole_pixels"}});
}

struct RetinaHead {
  int convs = 4;
  int filters = 256;
  int scales = 3;  // anchors per octave
  std::vector<double> aspect_ratios{1.0, 2.0, 0.5};
  double anchor_size = 3.0;  // times the stride
  bool separable = false;    // each convolution is a depthwise one and a 1x1
  bool batch_norm = true;    // under each convolution but the last, one for each level
  AnchorGrid anchor_grid = AnchorGrid::centred;

  bool operator==(const RetinaHead&) const = default;
};

// The head of a detector: RetinaNet's two towers, whose convolutions all levels share, or YOLO's, where each level has
// its own.
enum class HeadKind { retina, yolo };
constexpr auto names(HeadKind) {
  using enum HeadKind;
  return named<HeadKind>({{retina, "retina"}, {yolo, "yolo"}});
}

// YOLOv4's head. On each level 3x3 convolutions of twice the level's channels, under batch norms, and a 1x1 convolution
// that gives each anchor of a cell its box, its objectness and its classes. The lists may be empty; what they then hold
// is what complete_yolo_head (arch/yolo_head.h) gives.
struct YoloHead {
  std::vector<std::array<double, 2>> anchors{};      // width and height in pixels of the input
  std::vector<std::vector<int>> anchors_of_level{};  // of each level from min_level: which of the anchors it has
  std::vector<double> scale_xy{};                    // of each level: how far the centre of a box moves, in cells
  // In training: further anchors that overlap an object by more have it, too; 1: the best anchor alone.
  double iou_threshold = 0.213;
  int convs = 1;  // 3x3 ones of each level
  Activation activation = Activation::leaky_relu;

  bool operator==(const YoloHead&) const = default;
};

// How a head reads the features of a ROI: the mean of 2 x 2 points in each bin, where a cell's value stands at its
// middle; or, as SpineNet's published programs do, one point in each bin, where it stands at the cell's corner (see
// detect/roi_align.h).
enum class RoiSampling { aligned, single_point };
constexpr auto names(RoiSampling) {
  using enum RoiSampling;
  return named<RoiSampling>({{aligned, "aligned"}, {single_point, "single_point"}});
}

// Mask R-CNN: proposals, their boxes and classes, and masks. Every convolution is 3x3 under a batch norm. With several
// box_thresholds its box heads are a cascade: each looks at the boxes that the one before it gives.
struct TwoStageHead {
  int rpn_convs = 1, rpn_filters = 256;  // of the region proposal network
  int scales = 1;                        // anchors per octave
  std::vector<double> aspect_ratios{1.0, 2.0, 0.5};
  double anchor_size = 3.0;                // times the stride
  int box_convs = 4, box_filters = 256;    // on 7x7 crops of the proposals
  int box_dense = 1024;                    // width of the dense layer behind them
  int mask_convs = 4, mask_filters = 256;  // on 14x14 crops of the detections
  // Of each box head in turn: the overlap with an object from which a ROI counts as one in training.
  std::vector<double> box_thresholds{0.5};
  RoiSampling roi_sampling = RoiSampling::aligned;

  bool operator==(const TwoStageHead&) const = default;
};

// The settings of all inverted bottlenecks: 1x1 to expand_ratio times the channels, depthwise 3x3, gate, 1x1 back.
struct InvertedBottleneck {
  int expand_ratio = 6;
  double squeeze_excite = 0.2;  // channels of the gate's inside, as a share of the block's input; 0: no gate
  bool hard_gate = false;       // a hard sigmoid in place of the sigmoid

  bool operator==(const InvertedBottleneck&) const = default;
};

struct BatchNormSettings {
  double momentum = 0.99;  // share of the running value that is kept at each step
  double epsilon = 1e-3;

  bool operator==(const BatchNormSettings&) const = default;
};

struct Architecture {
  std::string name;
  Backbone backbone;
  Scaling scaling;
  FpnSettings fpn;
  HeadKind head_kind = HeadKind::retina;
  RetinaHead head;
  YoloHead yolo;
  TwoStageHead two_stage;
  StemKind stem = StemKind::bottlenecks;
  Resampling resampling = Resampling::squeezed;
  IdentityPaths identity_paths = IdentityPaths::none;
  Edges edges = Edges::all;
  InvertedBottleneck inverted;
  Activation activation = Activation::relu;
  Padding padding = Padding::symmetric;
  LargeDownsample large_downsample = LargeDownsample::single_pool;
  BatchNormSettings batch_norm;
  int min_level = 3;
  int max_level = 7;

  bool operator==(const Architecture&) const = default;
};

// The stem's blocks 0 and 1, as its children see them.
std::array<BlockSpec, kStemBlocks> stem_blocks(StemKind stem);

// The scale-permuted blocks with the parents that `edges` leaves them. The architecture itself keeps its blocks as they
// are listed; whoever wires, draws or describes a network takes them from here.
std::vector<BlockSpec> connected_blocks(const ScalePermuted& backbone, Edges edges);

// For each merge, the inputs that join its own two as they are: those of an output merge's level that nothing has read.
std::vector<std::vector<int>> joined_unused_inputs(const std::vector<MergeSpec>& cell);
// Of the input of a merge: a level of the pyramid, or that of an earlier merge.
int input_level(const std::vector<MergeSpec>& cell, int input);

// Filters of a level, rounded down: int(level_filters * scale).
int scaled_filters(int level, const Scaling& scaling);
// Those of a block: int(level_filters * scale * width).
int filters_of(const BlockSpec& block, const Scaling& scaling);
// Channels that leave a block: filters, or 4 times as many for a bottleneck.
int output_channels(const BlockSpec& block, const Scaling& scaling);

// Of the stages C2..C5 of a ResNet, with or without a pyramid.
int resnet_filters(int level, const Scaling& scaling);
// The rule of every width but those of a stem, a classifier and a head: int(filters * filter_size_scale), rounded down.
int scaled(int filters, const Scaling& scaling);
// Of the stages of a VGG, 1 to 5.
int vgg_filters(int stage, const Scaling& scaling);

// Pixels of the image between neighbouring cells of a level: 2^level, but 16 of all coarser levels of a DetNet.
int level_stride(const Architecture& architecture, int level);
// That of the coarsest level: all levels meet where both sides of the image are multiples of it.
int coarsest_stride(const Architecture& architecture);
// Whether the backbone has levels for a detecting head.
bool has_pyramid(const Architecture& architecture);

// ErrorKind::bad_data, naming the block and the rule that it breaks.
void validate(const Architecture& architecture);

}  // namespace spinenet::arch
