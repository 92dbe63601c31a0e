// The fields of an architecture, each listed once with its key, meaning and range. The lists are templates: of a
// JsonReader or JsonWriter they give the JSON form (text.h), of a FieldList the keys that a recipe changes.
//
// What came to the JSON form later is written only where it is not the default (if_changed), so that older texts stay
// as they are. The ranges are those of recipes, none wider than what validate accepts; validate also has the rules
// between fields.
// Thread contract: pure functions.
#pragma once

#include "arch/architecture.h"
#include "arch/yolo_head.h"
#include "base/fields.h"
#include "base/json_fields.h"

namespace spinenet::arch {

constexpr size_t kMaxBlocks = 1000, kMaxMerges = 100, kMaxMobileStages = 100;

inline Range positive_up_to(double high) {
  return {.low = 0, .high = high, .above_low = true};
}

template <class List>
void fields(List& list, BlockSpec& b) {
  list.needed("level", b.level, "Level of the block's feature map, 2 to 7");
  list("block", b.kind, "Kind of the block");
  list.list_of("parents", b.parents, {"block numbers", kMinParents, kMaxParents});
  list("output", b.output, "Whether it is the output of its level");
  list.if_changed("width", b.width, "Factor on the filters of its level", above(0));
}

template <class List>
void fields(List& list, ScalePermuted& b) {
  list.list_of("blocks", b.blocks, {"blocks", 0, kMaxBlocks});
}

template <class List>
void fields(List& list, ResNetFpn& b) {
  list.needed("stages", b.stages, "the number of blocks of the four stages");
}

template <class List>
void fields(List& list, MergeSpec& m) {
  list.needed("level", m.level, "Level of the merged map, 3 to 7");
  list("merge", m.kind, "How the two inputs are joined");
  list.needed("inputs", m.inputs, "the numbers of its two inputs");
  list("output", m.output, "Whether it is the output of its level");
}

template <class List>
void fields(List& list, ResNetNasFpn& b) {
  list.needed("stages", b.stages, "the number of blocks of the four stages");
  list.list_of("cell", b.cell, {"merges", 0, kMaxMerges, false});
  list("repeats", b.repeats, "How often the cell is repeated", between(1, 64));
}

template <class List>
void fields(List& list, ResNet& b) {
  list.needed("stages", b.stages, "the number of blocks of the four stages");
}

template <class List>
void fields(List& list, Vgg& b) {
  list.needed("stages", b.stages, "the number of convolutions of the five stages");
  list("batch_norm", b.batch_norm, "A batch norm under each convolution");
  list("dense", b.dense, "Width of the classifier's dense layers", between(1, 65536));
  list("pyramid", b.pyramid, "Whether a feature pyramid stands on it");
}

template <class List>
void fields(List& list, CspDarknet& b) {
  list.needed("stages", b.stages, "the number of blocks of the five stages");
  list("pyramid", b.pyramid, "Whether a feature pyramid stands on it");
  list.if_changed("neck", b.neck, "The pyramid: FPN, or the SPP and PAN of YOLOv4");
  list.if_changed("neck_activation", b.neck_activation, "Non-linearity of the PAN");
}

template <class List>
void fields(List& list, CspDarknetTiny& b) {
  list("pyramid", b.pyramid, "Whether the neck of YOLOv4-tiny stands on it");
}

template <class List>
void fields(List& list, MobileStage& s) {
  list.needed("filters", s.filters, "Channels that leave the stage");
  list("repeats", s.repeats, "Inverted bottlenecks", between(1, 100));
  list("kernel", s.kernel, "Side of the depthwise convolutions, an odd number", between(1, 15));
  list("stride", s.stride, "1, or 2 where the stage begins a level", between(1, 2));
  list("expand_ratio", s.expand_ratio, "Channels inside the block, times those outside", between(1, 64));
}

template <class List>
void fields(List& list, EfficientNetLite& b) {
  list.list_of("stages", b.stages, {"stages", 1, kMaxMobileStages, false});
  list("last_filters", b.last_filters, "Filters of the classifier's convolution", between(1, 65536));
  list("pyramid", b.pyramid, "Whether a feature pyramid stands on it");
}

template <class List>
void fields(List& list, HrNet& b) {
  list.needed("width", b.width, "Channels of the finest branch");
  list("first_blocks", b.first_blocks, "Bottlenecks of the first stage", between(1, 100));
  list("first_filters", b.first_filters, "Their filters", between(1, 4096));
  list("modules", b.modules, "the number of modules of the stages with two, three and four branches");
  list("branch_blocks", b.branch_blocks, "Residual blocks in each branch of a module", between(1, 100));
  list("pyramid", b.pyramid, "Whether HRFPN stands on it");
}

template <class List>
void fields(List& list, DetNet& b) {
  list.needed("stages", b.stages, "the number of blocks of the five stages");
  list("stride_place", b.stride_place, "Which convolution of a bottleneck has the stride of its stage");
  list("pyramid", b.pyramid, "Whether a feature pyramid stands on it");
}

template <class List>
void fields(List& list, FpnSettings& f) {
  list("batch_norm", f.batch_norm, "A batch norm under the last convolution of each level");
  list("coarser_from", f.coarser_from, "What P6 is made of: P5 of the pyramid, or C5 of the backbone");
}

template <class List>
void fields(List& list, Scaling& s) {
  list("endpoints_num_filters", s.endpoints_num_filters, "Channels of P3 to P7", between(1, 4096));
  list("filter_size_scale", s.filter_size_scale, "Width of all blocks", positive_up_to(16));
  list("resample_alpha", s.resample_alpha, "Width of the squeeze in resampling connections", positive_up_to(4));
  list("block_repeats", s.block_repeats, "Blocks in a group", between(1, 64));
  list("stem_filters", s.stem_filters, "Filters of the first convolution", between(1, 4096));
  list.if_changed("level_filters", s.level_filters, "the filters of the seven levels 1 to 7", between(1, 4096));
}

template <class List>
void fields(List& list, RetinaHead& h) {
  list("convs", h.convs, "Convolutions in each tower of the head", between(0, 64));
  list("filters", h.filters, "Filters of the towers", between(1, 4096));
  list("scales", h.scales,
       "Anchor sizes in an octave; unless set, 3 of the RetinaNet head and 1 of the region proposal network",
       between(1, 16));
  list("aspect_ratios", h.aspect_ratios, "Width to height of the anchors", positive_up_to(100));
  list("anchor_size", h.anchor_size, "Side of the smallest anchor of a level, in strides", positive_up_to(100));
  list.if_changed("separable", h.separable, "Each convolution is a depthwise one and a 1x1");
  list.if_changed("batch_norm", h.batch_norm, "A batch norm under each convolution but the last");
  list.if_changed("anchor_grid", h.anchor_grid,
                  "Where anchors stand: in the middle of their cells, or as torchvision's at the corner");
}

template <class List>
void fields(List& list, YoloHead& h) {
  list.if_changed("anchors", h.anchors,
                  "Width and height of the anchors, in pixels of the input; none: three for each level",
                  positive_up_to(kMaxAnchorSide));
  list.if_changed("anchors_of_level", h.anchors_of_level,
                  "Numbers of the anchors that each level has, from the finest; none: as many for each, in their order",
                  between(0, kMaxYoloAnchors - 1));
  list.if_changed("scale_xy", h.scale_xy, "Of each level, how far the centre of a box moves, in cells; none: 1.05",
                  between(1, 2));
  list.if_changed("iou_threshold", h.iou_threshold,
                  "In training, overlap from which further anchors have an object; 1: the best one alone",
                  positive_up_to(1));
  list.if_changed("convs", h.convs, "3x3 convolutions of the YOLO head on each level", between(0, 64));
  list.if_changed("activation", h.activation, "Their non-linearity");
}

template <class List>
void fields(List& list, TwoStageHead& h) {
  list("rpn_convs", h.rpn_convs, "segment: convolutions of the region proposal network", between(0, 64));
  list("rpn_filters", h.rpn_filters, "segment: filters of the region proposal network", between(1, 4096));
  list("scales", h.scales, "Anchor sizes in an octave", between(1, 16));
  list("aspect_ratios", h.aspect_ratios, "Width to height of the anchors", positive_up_to(100));
  list("anchor_size", h.anchor_size, "Side of the smallest anchor of a level, in strides", positive_up_to(100));
  list("box_convs", h.box_convs, "segment: convolutions of the box head", between(0, 64));
  list("box_filters", h.box_filters, "segment: their filters", between(1, 4096));
  list("box_dense", h.box_dense, "segment: width of the dense layer behind them", between(1, 65536));
  list("mask_convs", h.mask_convs, "segment: convolutions of the mask head", between(0, 64));
  list("mask_filters", h.mask_filters, "segment: their filters", between(1, 4096));
  list.if_changed("box_thresholds", h.box_thresholds,
                  "segment: overlap from which a ROI holds an object, of each box head; several are a cascade",
                  above(0));
  list.if_changed("roi_sampling", h.roi_sampling, "segment: which points of the features the heads read");
}

template <class List>
void fields(List& list, InvertedBottleneck& i) {
  list("expand_ratio", i.expand_ratio, "Channels inside the block, times those outside", between(1, 64));
  list("squeeze_excite", i.squeeze_excite, "Channels inside the gate, as a share of the block's input; 0: no gate",
       between(0, 1));
  list("hard_gate", i.hard_gate, "A hard sigmoid in place of the sigmoid");
}

template <class List>
void fields(List& list, BatchNormSettings& n) {
  list("momentum", n.momentum, "Share of the running statistics kept at each step", between(0, 0.99999));
  list("epsilon", n.epsilon, "Added to the variance; 0 in some published detectors", at_least(0));
}

// What an architecture has beside its name and its backbone.
template <class List>
void settings(List& list, Architecture& a) {
  list.group("scaling", a.scaling, "Widths and repeats of the blocks");
  list.group_if_changed("fpn", a.fpn, "The feature pyramid");
  list.if_changed("head_kind", a.head_kind, "Head of a detector: that of RetinaNet or of YOLOv4");
  list.group("head", a.head, "The RetinaNet head");
  list.group_if_changed("yolo", a.yolo, "The YOLO head");
  list.if_changed("stem", a.stem, "What stands before the scale-permuted blocks");
  list.if_changed("resampling", a.resampling, "How a connection changes the scale");
  list.if_changed("identity_paths", a.identity_paths,
                  "Scale-permuted blocks that also take the parent nearest to the image, or every parent, as it is");
  list.if_changed("edges", a.edges,
                  "Parents that scale-permuted blocks keep: all, or for ablations all but the nearest or the farthest "
                  "one in the order of blocks, or the block before alone");
  list.group_if_changed("inverted_bottleneck", a.inverted, "Of all inverted bottlenecks");
  list.group_if_changed("two_stage", a.two_stage, "The heads of Mask R-CNN");
  list("activation", a.activation, "Non-linearity of the whole network");
  list("padding", a.padding, "How strided convolutions and pools are padded");
  list("large_downsample", a.large_downsample, "Pools that down-sample by 4 and more");
  list.group("batch_norm", a.batch_norm, "Of every batch norm");
  list("min_level", a.min_level, "Level of the finest output", between(2, 7));
  list("max_level", a.max_level, "Level of the coarsest output", between(3, 7));
}

template <class List>
void fields(List& list, Architecture& a) {
  list("name", a.name, "Name of the architecture");
  list.one_of("backbone", a.backbone,
              {"scale_permuted", "resnet_fpn", "resnet_nas_fpn", "resnet", "vgg", "csp_darknet", "efficientnet_lite",
               "hrnet", "detnet", "csp_darknet_tiny"});
  settings(list, a);
}

}  // namespace spinenet::arch
