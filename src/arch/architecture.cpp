#include "arch/architecture.h"

#include <algorithm>
#include <set>
#include <span>

#include "arch/yolo_head.h"
#include "base/error.h"
#include "base/format.h"

namespace spinenet::arch {
namespace {

void require(bool holds, const Architecture& architecture, std::string_view what, std::string_view remedy) {
  if (!holds) fail(ErrorKind::bad_data, what, fmt::format("architecture {}", architecture.name), remedy);
}

[[noreturn]] void refuse(const Architecture& a, std::string_view what, std::string_view remedy) {
  fail(ErrorKind::bad_data, what, fmt::format("architecture {}", a.name), remedy);
}

// A search validates thousands of architectures a second, so nothing is put into words before it is wrong.
void validate_block(const Architecture& a, const BlockSpec& block, int index) {
  if (block.level < kStemLevel || block.level > 7) {
    refuse(a, fmt::format("block {} has level {}", index, block.level), "levels go from 2 to 7");
  }
  for (const int parent : block.parents) {
    if (parent >= 0 && parent < index) continue;
    refuse(a, fmt::format("block {} has parent {}", index, parent),
           fmt::format("a parent is an earlier block, 0 to {}", index - 1));
  }
  const auto count = static_cast<int>(block.parents.size());
  if (count < kMinParents || count > kMaxParents) {
    refuse(a, fmt::format("block {} has {} parents", index, count),
           fmt::format("name {} to {} different earlier blocks", kMinParents, kMaxParents));
  }
  for (auto parent = block.parents.begin(); parent != block.parents.end(); ++parent) {
    if (std::find(block.parents.begin(), parent, *parent) == parent) continue;
    refuse(a, fmt::format("block {} has block {} twice as parent", index, *parent), "name different parents");
  }
}

// The squeeze of a connection must keep something of every block.
void validate_width(const Architecture& a, const BlockSpec& block, int index) {
  if (!(block.width > 0 && block.width <= 8)) {
    refuse(a, fmt::format("block {} has width {}", index, block.width), "use a factor above 0 and up to 8");
  }
  const double squeeze = a.resampling == Resampling::squeezed ? a.scaling.resample_alpha : 1;
  if (filters_of(block, a.scaling) * squeeze >= 1) return;
  refuse(a, fmt::format("width {} leaves no filters in block {}", block.width, index), "use a larger one");
}

void validate_backbone(const Architecture& a, const ScalePermuted& backbone) {
  if (a.min_level < 3) {
    refuse(a, fmt::format("levels {} to {}", a.min_level, a.max_level), "outputs lie between levels 3 and 7");
  }
  require(!backbone.blocks.empty(), a, "there are no blocks", "list the scale-permuted blocks");
  std::set<int> output_levels;
  for (size_t k = 0; k < backbone.blocks.size(); ++k) {
    const BlockSpec& block = backbone.blocks[k];
    const int index = static_cast<int>(k) + kStemBlocks;
    validate_block(a, block, index);
    if (block.width != 1) validate_width(a, block, index);
    if (!block.output) continue;
    if (block.level < a.min_level || block.level > a.max_level) {
      refuse(a, fmt::format("output block {} has level {}", index, block.level),
             fmt::format("outputs lie between levels {} and {}", a.min_level, a.max_level));
    }
    if (!output_levels.insert(block.level).second) {
      refuse(a, fmt::format("block {} is a second output of level {}", index, block.level),
             "one output block for a level");
    }
  }
  for (int level = a.min_level; level <= a.max_level; ++level) {
    if (output_levels.contains(level)) continue;
    refuse(a, fmt::format("no output block of level {}", level),
           fmt::format("give one block of level {} \"output\": true", level));
  }
}

void validate_stages(const Architecture& a, std::span<const int> stages, std::string_view of = "blocks") {
  for (const int stage : stages) {
    if (stage > 0 && stage <= 100) continue;
    refuse(a, fmt::format("a stage has {} {}", stage, of), "use 1 to 100");
  }
}

void require_pyramid_levels(const Architecture& a) {
  require(a.min_level == 3 && a.max_level == 7, a, "a feature pyramid gives levels 3 to 7",
          "set min_level 3 and max_level 7");
}

void validate_backbone(const Architecture& a, const ResNetFpn& backbone) {
  validate_stages(a, backbone.stages);
  require_pyramid_levels(a);
}

void validate_merge(const Architecture& a, const MergeSpec& merge, int index) {
  if (merge.level < 3 || merge.level > 7) {
    refuse(a, fmt::format("merge {} has level {}", index, merge.level), "merges have levels 3 to 7");
  }
  const int before = kPyramidLevels + index;
  for (const int input : merge.inputs) {
    if (input >= 0 && input < before) continue;
    refuse(a, fmt::format("merge {} has input {}", index, input),
           fmt::format("0 to 4 are P3 to P7 and 5 is merge 0: use 0 to {}", before - 1));
  }
  if (merge.inputs[0] == merge.inputs[1]) {
    refuse(a, fmt::format("merge {} has input {} twice", index, merge.inputs[0]), "name two different inputs");
  }
}

// What nothing reads would be computed, and trained, for nothing.
void require_readers(const Architecture& a, const std::vector<MergeSpec>& cell) {
  const auto joined = joined_unused_inputs(cell);
  std::set<int> read;
  for (size_t k = 0; k < cell.size(); ++k) {
    read.insert(cell[k].inputs.begin(), cell[k].inputs.end());
    read.insert(joined[k].begin(), joined[k].end());
  }
  for (size_t k = 0; k < cell.size(); ++k) {
    if (cell[k].output || read.contains(kPyramidLevels + static_cast<int>(k))) continue;
    refuse(a, fmt::format("nothing reads merge {}", k), "make it an output or an input of a later merge");
  }
}

void validate_backbone(const Architecture& a, const ResNetNasFpn& backbone) {
  validate_backbone(a, ResNetFpn{backbone.stages});
  require(backbone.repeats > 0 && backbone.repeats <= 64, a,
          fmt::format("the cell is repeated {} times", backbone.repeats), "use 1 to 64");
  std::set<int> outputs;
  for (size_t k = 0; k < backbone.cell.size(); ++k) {
    const MergeSpec& merge = backbone.cell[k];
    validate_merge(a, merge, static_cast<int>(k));
    if (merge.output && !outputs.insert(merge.level).second) {
      refuse(a, fmt::format("merge {} is a second output of level {}", k, merge.level), "one output for a level");
    }
  }
  for (int level = 3; level <= 7; ++level) {
    if (outputs.contains(level)) continue;
    refuse(a, fmt::format("no merge is the output of level {}", level),
           fmt::format("give one merge of level {} \"output\": true", level));
  }
  require_readers(a, backbone.cell);
}

void validate_backbone(const Architecture& a, const ResNet& backbone) {
  validate_stages(a, backbone.stages);
  require(a.max_level == 5, a, "a ResNet ends at level 5", "set max_level 5");
}

// Of a backbone that ends at level 5.
void validate_levels(const Architecture& a, std::string_view whose, bool pyramid) {
  if (pyramid) return require_pyramid_levels(a);
  require(a.max_level == 5, a, fmt::format("{} without a pyramid ends at level 5", whose), "set max_level 5");
}

void require_width(const Architecture& a, int filters, std::string_view where) {
  if (filters < 1 || filters > 4096) refuse(a, fmt::format("{} filters {}", filters, where), "use 1 to 4096");
  if (scaled(filters, a.scaling) >= 1) return;
  refuse(a, fmt::format("filter_size_scale {} leaves no filters {}", a.scaling.filter_size_scale, where),
         "use a larger one");
}

void validate_backbone(const Architecture& a, const Vgg& backbone) {
  validate_stages(a, backbone.stages, "convolutions");
  require_width(a, 64, "in the first stage");
  require(backbone.dense > 0 && backbone.dense <= 65536, a, "dense is out of range", "use 1 to 65536");
  validate_levels(a, "a VGG", backbone.pyramid);
}

void validate_backbone(const Architecture& a, const CspDarknet& backbone) {
  validate_stages(a, backbone.stages);
  require_width(a, 32, "in the first block");
  if (!backbone.pyramid || backbone.neck == CspNeck::fpn) return validate_levels(a, "a CSPDarknet", backbone.pyramid);
  require(a.min_level == 3 && a.max_level == 5, a, "a PAN gives levels 3 to 5", "set min_level 3 and max_level 5");
  require(a.head_kind == HeadKind::yolo, a, "the levels of a PAN have different widths, and RetinaNet's head has one",
          "set head_kind yolo, or the neck fpn with max_level 7");
}

void validate_backbone(const Architecture& a, const CspDarknetTiny& backbone) {
  require_width(a, 32, "in half a stage");
  if (!backbone.pyramid) return validate_levels(a, "a CSPDarknet-tiny", false);
  require(a.min_level == 4 && a.max_level == 5, a, "the neck of YOLOv4-tiny gives levels 4 and 5",
          "set min_level 4 and max_level 5");
  require(a.head_kind == HeadKind::yolo, a,
          "the levels of YOLOv4-tiny have different widths, and RetinaNet's head has one", "set head_kind yolo");
}

void validate_stage(const Architecture& a, const MobileStage& stage, size_t index) {
  require_width(a, stage.filters, fmt::format("in stage {}", index));
  if (stage.repeats < 1 || stage.repeats > 100 || stage.expand_ratio < 1 || stage.expand_ratio > 64) {
    refuse(a, fmt::format("stage {} has {} blocks of expand_ratio {}", index, stage.repeats, stage.expand_ratio),
           "use 1 to 100 blocks and an expand_ratio of 1 to 64");
  }
  if (stage.kernel < 1 || stage.kernel > 15 || stage.kernel % 2 == 0 || stage.stride < 1 || stage.stride > 2) {
    refuse(a, fmt::format("stage {} has kernel {} and stride {}", index, stage.kernel, stage.stride),
           "use an odd kernel up to 15 and a stride of 1 or 2");
  }
}

void validate_backbone(const Architecture& a, const EfficientNetLite& backbone) {
  int level = 1;
  for (size_t s = 0; s < backbone.stages.size(); ++s) {
    validate_stage(a, backbone.stages[s], s);
    level += backbone.stages[s].stride - 1;
  }
  if (level != kLastMobileLevel) {
    refuse(a, fmt::format("the last stage has level {}", level),
           fmt::format("give {} stages stride 2: the stem is level 1, the last stage level {}", kLastMobileLevel - 1,
                       kLastMobileLevel));
  }
  require(backbone.last_filters > 0 && backbone.last_filters <= 65536, a, "last_filters is out of range",
          "use 1 to 65536");
  validate_levels(a, "an EfficientNet", backbone.pyramid);
}

void validate_backbone(const Architecture& a, const HrNet& backbone) {
  require_width(a, backbone.width, "in the finest branch");
  require_width(a, backbone.first_filters, "in the first stage");
  validate_stages(a, {&backbone.first_blocks, 1});
  validate_stages(a, {&backbone.branch_blocks, 1});
  validate_stages(a, backbone.modules, "modules");
  if (!backbone.pyramid) return validate_levels(a, "an HRNet", false);
  require((a.min_level == 2 || a.min_level == 3) && a.max_level == a.min_level + kPyramidLevels - 1, a,
          "HRFPN gives levels 3 to 7, or 2 to 6", "set min_level 3 and max_level 7");
}

void validate_backbone(const Architecture& a, const DetNet& backbone) {
  validate_stages(a, backbone.stages);
  require(a.max_level == kDetNetLevel, a, "a DetNet ends at level 6", "set max_level 6");
  require(!backbone.pyramid || a.min_level <= 3, a, "the pyramid of a DetNet begins at level 2 or 3",
          "set min_level 3");
}

void validate_convs(const Architecture& a, std::string_view whose, int convs, int filters) {
  if (convs >= 0 && convs <= 64 && filters > 0 && filters <= 4096) return;
  refuse(a, fmt::format("{} convs or filters are out of range", whose), "use 0 to 64 convs of 1 to 4096 filters");
}

// Of a RetinaHead or a TwoStageHead.
template <class Head>
void validate_anchors(const Architecture& a, const Head& head) {
  require(head.scales > 0 && head.scales <= 16 && !head.aspect_ratios.empty() && head.aspect_ratios.size() <= 16, a,
          "the head has no anchors, or too many", "use 1 to 16 scales and aspect ratios");
  for (const double ratio : head.aspect_ratios) {
    if (ratio > 0 && ratio <= 100) continue;
    refuse(a, fmt::format("aspect ratio {} is out of range", ratio), "use a number above 0, at most 100");
  }
  require(head.anchor_size > 0 && head.anchor_size <= 100, a, "anchor_size is out of range",
          "use a number above 0, at most 100");
}

void validate_box_thresholds(const Architecture& a) {
  const std::vector<double>& thresholds = a.two_stage.box_thresholds;
  if (thresholds.empty() || thresholds.size() > kMaxBoxHeads) {
    refuse(a, fmt::format("two_stage has {} box_thresholds", thresholds.size()),
           fmt::format("use 1 to {}: one for each box head", kMaxBoxHeads));
  }
  for (const double threshold : thresholds) {
    if (threshold > 0 && threshold < 1) continue;
    refuse(a, fmt::format("box_threshold {} is out of range", threshold), "an overlap lies between 0 and 1");
  }
}

void validate_widths(const Architecture& a) {
  const Scaling& s = a.scaling;
  const int finest = stem_blocks(a.stem).front().level;
  for (const int filters : s.level_filters) {
    require(filters > 0 && filters <= 4096, a, "level_filters are out of range", "use 1 to 4096");
  }
  if (!(s.filter_size_scale > 0 && s.filter_size_scale <= 16)) {
    refuse(a, fmt::format("filter_size_scale {} is out of range", s.filter_size_scale),
           "use a number above 0, at most 16");
  }
  for (int level = finest; level <= 7; ++level) {
    if (scaled_filters(level, s) >= 1) continue;
    refuse(a, fmt::format("filter_size_scale {} leaves no filters at level {}", s.filter_size_scale, level),
           "use a larger one");
  }
  if (a.stem == StemKind::inverted_bottlenecks && s.stem_filters * s.filter_size_scale < 1) {
    refuse(a, fmt::format("filter_size_scale {} leaves no filters in the stem", s.filter_size_scale),
           "use a larger one");
  }
  const bool squeezes = a.resampling == Resampling::squeezed;
  if (squeezes && !(scaled_filters(finest, s) * s.resample_alpha >= 1 && s.resample_alpha <= 4)) {
    refuse(a, fmt::format("resample_alpha {} leaves no filters or is above 4", s.resample_alpha),
           "use a larger one, 0.5 say");
  }
  require(a.inverted.expand_ratio > 0 && a.inverted.expand_ratio <= 64 && a.inverted.squeeze_excite >= 0 &&
              a.inverted.squeeze_excite <= 1,
          a, "inverted_bottleneck is out of range", "use an expand_ratio of 1 to 64 and a squeeze_excite of 0 to 1");
}

void validate_numbers(const Architecture& a) {
  const Scaling& s = a.scaling;
  require(a.min_level >= kStemLevel && a.min_level <= a.max_level && a.max_level <= 7, a,
          fmt::format("levels {} to {}", a.min_level, a.max_level), "outputs lie between levels 3 and 7");
  require(s.endpoints_num_filters > 0 && s.endpoints_num_filters <= 4096, a, "endpoints_num_filters is out of range",
          "use 1 to 4096");
  require(s.stem_filters > 0 && s.stem_filters <= 4096, a, "stem_filters is out of range", "use 1 to 4096");
  validate_widths(a);
  require(a.identity_paths == IdentityPaths::none || std::holds_alternative<ScalePermuted>(a.backbone), a,
          "identity_paths without scale-permuted blocks", "leave them out, or take a scale-permuted network");
  require(a.edges == Edges::all || std::holds_alternative<ScalePermuted>(a.backbone), a,
          fmt::format("edges {} without scale-permuted blocks", name_of(a.edges)),
          "leave them out, or take a scale-permuted network");
  require(s.block_repeats > 0 && s.block_repeats <= 64, a, "block_repeats is out of range", "use 1 to 64");
  validate_convs(a, "the head's", a.head.convs, a.head.filters);
  validate_anchors(a, a.head);
  validate_convs(a, "two_stage's rpn", a.two_stage.rpn_convs, a.two_stage.rpn_filters);
  validate_convs(a, "two_stage's box", a.two_stage.box_convs, a.two_stage.box_filters);
  validate_convs(a, "two_stage's mask", a.two_stage.mask_convs, a.two_stage.mask_filters);
  require(a.two_stage.box_dense > 0 && a.two_stage.box_dense <= 65536, a, "two_stage's box_dense is out of range",
          "use 1 to 65536");
  validate_anchors(a, a.two_stage);
  validate_box_thresholds(a);
  require(a.batch_norm.epsilon >= 0 && a.batch_norm.momentum >= 0 && a.batch_norm.momentum < 1, a,
          "batch_norm is out of range", "use an epsilon of at least 0 and a momentum from 0 to 1");
}

bool gives_levels(const ScalePermuted&) {
  return true;
}
bool gives_levels(const ResNetFpn&) {
  return true;
}
bool gives_levels(const ResNetNasFpn&) {
  return true;
}
bool gives_levels(const ResNet&) {
  return false;
}
bool gives_levels(const Vgg& backbone) {
  return backbone.pyramid;
}
bool gives_levels(const CspDarknet& backbone) {
  return backbone.pyramid;
}
bool gives_levels(const CspDarknetTiny& backbone) {
  return backbone.pyramid;
}
bool gives_levels(const EfficientNetLite& backbone) {
  return backbone.pyramid;
}
bool gives_levels(const HrNet& backbone) {
  return backbone.pyramid;
}
bool gives_levels(const DetNet& backbone) {
  return backbone.pyramid;
}

}  // namespace

std::array<BlockSpec, kStemBlocks> stem_blocks(StemKind stem) {
  if (stem == StemKind::bottlenecks) {
    return {BlockSpec{kStemLevel, BlockKind::bottleneck, {}, false}, {kStemLevel, BlockKind::bottleneck, {}, false}};
  }
  return {BlockSpec{1, BlockKind::inverted_bottleneck, {}, false},
          {kStemLevel, BlockKind::inverted_bottleneck, {}, false}};
}

std::vector<BlockSpec> connected_blocks(const ScalePermuted& backbone, Edges edges) {
  std::vector<BlockSpec> blocks = backbone.blocks;
  for (size_t k = 0; k < blocks.size(); ++k) {
    std::vector<int>& parents = blocks[k].parents;
    switch (edges) {
      case Edges::all:
        break;
      case Edges::without_short:
        parents.erase(std::ranges::max_element(parents));
        break;
      case Edges::without_long:
        parents.erase(std::ranges::min_element(parents));
        break;
      case Edges::sequential:
        parents = {static_cast<int>(k) + kStemBlocks - 1};
        break;
    }
  }
  return blocks;
}

std::vector<MergeSpec> nas_fpn_cell() {
  return {
      {4, MergeKind::attention, {1, 3}, false},  // 5
      {4, MergeKind::sum, {1, 5}, false},        // 6
      {3, MergeKind::sum, {0, 6}, true},         // 7: P3
      {4, MergeKind::sum, {6, 7}, true},         // 8: P4
      {5, MergeKind::attention, {7, 8}, true},   // 9: P5
      {7, MergeKind::attention, {6, 9}, true},   // 10: P7
      {6, MergeKind::attention, {9, 10}, true},  // 11: P6
  };
}

int input_level(const std::vector<MergeSpec>& cell, int input) {
  return input < kPyramidLevels ? 3 + input : cell[static_cast<size_t>(input - kPyramidLevels)].level;
}

std::vector<std::vector<int>> joined_unused_inputs(const std::vector<MergeSpec>& cell) {
  std::vector<std::vector<int>> joined(cell.size());
  std::vector<bool> read(kPyramidLevels + cell.size(), false);
  for (size_t k = 0; k < cell.size(); ++k) {
    for (const int input : cell[k].inputs) read[static_cast<size_t>(input)] = true;
    if (!cell[k].output) continue;
    for (size_t j = 0; j < kPyramidLevels + k; ++j) {
      if (read[j] || input_level(cell, static_cast<int>(j)) != cell[k].level) continue;
      joined[k].push_back(static_cast<int>(j));
      read[j] = true;
    }
  }
  return joined;
}

int scaled_filters(int level, const Scaling& scaling) {
  return static_cast<int>(scaling.level_filters[static_cast<size_t>(level - 1)] * scaling.filter_size_scale);
}

int filters_of(const BlockSpec& block, const Scaling& scaling) {
  const int of_level = scaling.level_filters[static_cast<size_t>(block.level - 1)];
  return static_cast<int>(of_level * scaling.filter_size_scale * block.width);
}

int output_channels(const BlockSpec& block, const Scaling& scaling) {
  return filters_of(block, scaling) * (block.kind == BlockKind::bottleneck ? 4 : 1);
}

std::vector<MobileStage> efficientnet_lite0_stages() {
  return {
      {.filters = 16, .repeats = 1, .kernel = 3, .stride = 1, .expand_ratio = 1},
      {.filters = 24, .repeats = 2, .kernel = 3, .stride = 2, .expand_ratio = 6},
      {.filters = 40, .repeats = 2, .kernel = 5, .stride = 2, .expand_ratio = 6},
      {.filters = 80, .repeats = 3, .kernel = 3, .stride = 2, .expand_ratio = 6},
      {.filters = 112, .repeats = 3, .kernel = 5, .stride = 1, .expand_ratio = 6},
      {.filters = 192, .repeats = 4, .kernel = 5, .stride = 2, .expand_ratio = 6},
      {.filters = 320, .repeats = 1, .kernel = 3, .stride = 1, .expand_ratio = 6},
  };
}

int scaled(int filters, const Scaling& scaling) {
  return static_cast<int>(filters * scaling.filter_size_scale);
}

int resnet_filters(int level, const Scaling& scaling) {
  return scaled(64 << (level - kStemLevel), scaling);
}

int vgg_filters(int stage, const Scaling& scaling) {
  return scaled(std::min(32 << stage, 512), scaling);
}

int level_stride(const Architecture& architecture, int level) {
  const int stride = 1 << level;
  return std::holds_alternative<DetNet>(architecture.backbone) ? std::min(stride, kDetNetStride) : stride;
}

int coarsest_stride(const Architecture& architecture) {
  return level_stride(architecture, architecture.max_level);
}

bool has_pyramid(const Architecture& architecture) {
  return std::visit([](const auto& backbone) { return gives_levels(backbone); }, architecture.backbone);
}

void validate(const Architecture& architecture) {
  validate_numbers(architecture);
  std::visit([&](const auto& backbone) { validate_backbone(architecture, backbone); }, architecture.backbone);
  if (architecture.head_kind == HeadKind::yolo && has_pyramid(architecture)) validate_yolo_head(architecture);
}

}  // namespace spinenet::arch
