#include "plot/backbone_drawing.h"

#include <array>
#include <bit>
#include <utility>

#include "base/format.h"

namespace spinenet::plot {
namespace {

DrawingKind drawing_kind(arch::MergeKind kind) {
  switch (kind) {
    case arch::MergeKind::sum:
      return DrawingKind::sum;
    case arch::MergeKind::attention:
      return DrawingKind::attention;
  }
  return DrawingKind::sum;
}

std::string level_text(char letter, int level) {
  return fmt::format("{}{}", letter, level);
}

// Of the last operation whose name begins so.
const graph::Shape& shape_of(const graph::Program& program, std::string_view prefix) {
  const graph::Shape* shape = &program.values.front();
  for (const graph::Op& op : program.ops) {
    if (op.name.starts_with(prefix)) shape = &program.values[static_cast<size_t>(op.output)];
  }
  return *shape;
}

}  // namespace

BackboneDrawing::BackboneDrawing(const arch::Architecture& a, const graph::LowerOptions& options)
    : a_(a), program_(graph::lower_backbone(a, options)) {}

int BackboneDrawing::row(int level) const {
  return std::bit_width(static_cast<unsigned>(arch::level_stride(a_, level))) - 1;
}

int BackboneDrawing::add_beside(const Part& part, const std::vector<int>& from) {
  const auto number = static_cast<int>(drawing_.boxes.size());
  for (const int source : from) drawing_.connections.push_back({source, number});
  const graph::Shape& shape = shape_of(program_, part.prefix);
  const std::string times = part.repeats > 1 ? fmt::format(" \u00D7 {}", part.repeats) : "";
  DrawingBox box{part.kind, part.level, static_cast<int>(shape.channels), part.repeats, part.label, part.output, "", 0};
  box.title =
      fmt::format("{}{}{}, level {}\n{}\n{}", part.label.size() > 1 ? part.label + ": " : "", name_of(part.kind), times,
                  part.level, map_text(shape.channels, shape.height, shape.width), part_text(program_, part.prefix));
  if (number > 0) box.column = drawing_.boxes.back().column;
  drawing_.boxes.push_back(std::move(box));
  return number;
}

int BackboneDrawing::add(const Part& part, const std::vector<int>& from) {
  const bool first = drawing_.boxes.empty();
  const int number = add_beside(part, from);
  if (!first) ++drawing_.boxes.back().column;
  return number;
}

std::vector<int> BackboneDrawing::bottleneck_stages(std::span<const int> stages) {
  int last = add({DrawingKind::stem, arch::kStemLevel, "stem.", "stem"}, {});
  std::vector<int> boxes;
  for (size_t s = 0; s < stages.size(); ++s) {
    const int level = arch::kStemLevel + static_cast<int>(s);
    const bool dilated = row(level) < level;
    last = add({dilated ? DrawingKind::dilated_bottleneck : DrawingKind::bottleneck, row(level),
                fmt::format("stages.c{}.", level), level_text('C', level), "", stages[s]},
               {last});
    boxes.push_back(last);
  }
  return boxes;
}

// The laterals from the coarsest on, then the levels.
void BackboneDrawing::feature_pyramid(const std::vector<int>& features, int first_level) {
  const auto count = static_cast<int>(features.size());
  std::vector<int> sums(features.size());
  for (int i = count - 1; i >= 0; --i) {
    const auto at = static_cast<size_t>(i);
    const int level = first_level + i;
    std::vector<int> from{features[at]};
    if (i + 1 < count) from.push_back(sums[at + 1]);
    sums[at] = add({DrawingKind::convolution, row(level), fmt::format("fpn.lateral.c{}", level), "+"}, from);
  }
  int last = 0;
  for (int level = first_level; level <= a_.max_level; ++level) {
    const int i = level - first_level;
    int from = i < count ? sums[static_cast<size_t>(i)] : last;
    if (i == count && a_.fpn.coarser_from == arch::CoarserFrom::backbone) from = features.back();
    last = add({DrawingKind::convolution, row(level), fmt::format("fpn.post.p{}", level), "", level_text('P', level)},
               {from});
  }
}

Drawing BackboneDrawing::draw(const arch::ResNet& backbone) {
  bottleneck_stages(backbone.stages);
  return std::move(drawing_);
}

Drawing BackboneDrawing::draw(const arch::ResNetFpn& backbone) {
  const std::vector<int> stages = bottleneck_stages(backbone.stages);
  feature_pyramid({stages.begin() + 1, stages.end()}, 3);
  return std::move(drawing_);
}

Drawing BackboneDrawing::draw(const arch::ResNetNasFpn& backbone) {
  const std::vector<int> stages = bottleneck_stages(backbone.stages);
  const auto first = static_cast<int>(drawing_.boxes.size());  // P3 as it enters the cell
  for (int level = 3; level <= 7; ++level) {
    const bool lateral = level <= 5;
    const int from =
        lateral ? stages[static_cast<size_t>(level - arch::kStemLevel)] : static_cast<int>(drawing_.boxes.size()) - 1;
    add({lateral ? DrawingKind::convolution : DrawingKind::pool, level,
         lateral ? fmt::format("fpn.lateral.c{}", level) : fmt::format("fpn.pool.p{}", level),
         std::to_string(level - 3)},
        {from});
  }
  for (size_t k = 0; k < backbone.cell.size(); ++k) draw_merge(backbone, k, first);
  return std::move(drawing_);
}

void BackboneDrawing::draw_merge(const arch::ResNetNasFpn& backbone, size_t k, int first) {
  const arch::MergeSpec& merge = backbone.cell[k];
  const int number = add({drawing_kind(merge.kind), merge.level, fmt::format("fpn.cell0.merge{}.", k),
                          std::to_string(arch::kPyramidLevels + static_cast<int>(k)),
                          merge.output ? level_text('P', merge.level) : "", backbone.repeats},
                         {first + merge.inputs[0], first + merge.inputs[1]});
  const auto joined = arch::joined_unused_inputs(backbone.cell);
  for (const int unused : joined[k]) {
    drawing_.connections.push_back({first + unused, number, true});
  }
}

// The convolutions of a stage, one level finer, and its pool.
Drawing BackboneDrawing::draw(const arch::Vgg& backbone) {
  std::vector<int> pools, from;
  for (size_t s = 0; s < backbone.stages.size(); ++s) {
    const auto level = static_cast<int>(s) + 1;
    const int convolutions = add({DrawingKind::convolution, level - 1, fmt::format("stages.c{}.conv", level),
                                  std::to_string(level), "", backbone.stages[s]},
                                 from);
    from = {
        add({DrawingKind::pool, level, fmt::format("stages.c{}.pool", level), level_text('C', level)}, {convolutions})};
    pools.push_back(from.front());
  }
  if (backbone.pyramid) feature_pyramid({pools.begin() + 2, pools.end()}, 3);
  return std::move(drawing_);
}

// One way passes by the blocks of the other, and both are joined.
int BackboneDrawing::split_stage(int level, int blocks, int from) {
  const std::string scope = fmt::format("stages.c{}.", level);
  const int down = add({DrawingKind::convolution, level, scope + "down.", ""}, {from});
  const int aside = add({DrawingKind::convolution, level, scope + "aside.", ""}, {down});
  int last = add({DrawingKind::convolution, level, scope + "main.", ""}, {down});
  last = add({DrawingKind::residual, level, scope + "blocks.", "", "", blocks}, {last});
  last = add({DrawingKind::convolution, level, scope + "after.", ""}, {last});
  last = add({DrawingKind::concatenation, level, scope + "concat", ""}, {last, aside});
  return add({DrawingKind::convolution, level, scope + "join.", level_text('C', level)}, {last});
}

Drawing BackboneDrawing::draw(const arch::CspDarknet& backbone) {
  int last = add({DrawingKind::stem, 0, "stem.", "stem"}, {});
  std::vector<int> stages;
  for (size_t s = 0; s < backbone.stages.size(); ++s) {
    last = split_stage(static_cast<int>(s) + 1, backbone.stages[s], last);
    stages.push_back(last);
  }
  const std::vector<int> features(stages.begin() + 2, stages.end());
  if (backbone.pyramid && backbone.neck == arch::CspNeck::pan) {
    draw_pan(features);
  } else if (backbone.pyramid) {
    feature_pyramid(features, 3);
  }
  return std::move(drawing_);
}

Drawing BackboneDrawing::draw(const arch::EfficientNetLite& backbone) {
  int last = add({DrawingKind::stem, 1, "stem.", "stem"}, {});
  int level = 1;
  std::array<int, arch::kLastMobileLevel + 1> of_level{};
  for (size_t s = 0; s < backbone.stages.size(); ++s) {
    level += backbone.stages[s].stride - 1;
    last = add({DrawingKind::inverted_bottleneck, level, fmt::format("stages.{}.", s), std::to_string(s), "",
                backbone.stages[s].repeats},
               {last});
    of_level[static_cast<size_t>(level)] = last;
  }
  if (backbone.pyramid) {
    feature_pyramid({of_level[3], of_level[4], of_level[5]}, 3);
  } else {
    add({DrawingKind::convolution, level, "head.", ""}, {last});
  }
  return std::move(drawing_);
}

Drawing BackboneDrawing::draw(const arch::DetNet& backbone) {
  const std::vector<int> stages = bottleneck_stages(backbone.stages);
  if (backbone.pyramid)
    feature_pyramid({stages.begin() + (a_.min_level - arch::kStemLevel), stages.end()}, a_.min_level);
  return std::move(drawing_);
}

// The branches stand below each other; what a branch begins with is the sum of what leads to it.
Drawing BackboneDrawing::draw(const arch::HrNet& backbone) {
  const int stem = add({DrawingKind::stem, arch::kStemLevel, "stem.", "stem"}, {});
  std::vector<int> maps{
      add({DrawingKind::bottleneck, arch::kStemLevel, "stages.1.", "", "", backbone.first_blocks}, {stem})};
  for (size_t s = 0; s < backbone.modules.size(); ++s) {
    for (int m = 0; m < backbone.modules[s]; ++m) {
      maps = draw_module(fmt::format("stages.{}.{}", s + 2, m), s + 2, maps);
    }
  }
  std::vector<int> sums;
  const size_t last = backbone.modules.size() - 1;
  for (size_t i = 0; i < maps.size(); ++i) {
    const Part part{DrawingKind::sum, arch::kStemLevel + static_cast<int>(i),
                    fmt::format("stages.{}.{}.fuse.{}.", last + 2, backbone.modules[last] - 1, i), "+"};
    sums.push_back(i == 0 ? add(part, maps) : add_beside(part, maps));
  }
  if (backbone.pyramid) {
    draw_hrfpn(sums);
  } else {
    draw_hrnet_head(sums);
  }
  return std::move(drawing_);
}

std::vector<int> BackboneDrawing::draw_module(const std::string& module, size_t branches,
                                              const std::vector<int>& from) {
  const int blocks = std::get<arch::HrNet>(a_.backbone).branch_blocks;
  std::vector<int> maps;
  for (size_t i = 0; i < branches; ++i) {
    const Part part{DrawingKind::residual,
                    arch::kStemLevel + static_cast<int>(i),
                    fmt::format("{}.branches.{}.", module, i),
                    "",
                    "",
                    blocks};
    maps.push_back(i == 0 ? add(part, from) : add_beside(part, from));
  }
  return maps;
}

void BackboneDrawing::draw_hrfpn(const std::vector<int>& sums) {
  const int all = add({DrawingKind::concatenation, arch::kStemLevel, "fpn.concat", ""}, sums);
  const int reduced = add({DrawingKind::convolution, arch::kStemLevel, "fpn.reduce", ""}, {all});
  for (int level = a_.min_level; level <= a_.max_level; ++level) {
    const Part part{DrawingKind::convolution, level, fmt::format("fpn.post.p{}", level), "", level_text('P', level)};
    if (level == a_.min_level) {
      add(part, {reduced});
    } else {
      add_beside(part, {reduced});
    }
  }
}

// Each branch widened, then summed from the finest down.
void BackboneDrawing::draw_hrnet_head(const std::vector<int>& sums) {
  std::vector<int> wide;
  for (size_t i = 0; i < sums.size(); ++i) {
    const Part part{DrawingKind::bottleneck, arch::kStemLevel + static_cast<int>(i), fmt::format("head.widen.{}.", i),
                    ""};
    wide.push_back(i == 0 ? add(part, {sums[i]}) : add_beside(part, {sums[i]}));
  }
  int last = wide.front();
  for (size_t i = 1; i < wide.size(); ++i) {
    last = add({DrawingKind::sum, arch::kStemLevel + static_cast<int>(i), fmt::format("head.down.{}.", i - 1), "+"},
               {last, wide[i]});
  }
  add({DrawingKind::convolution, arch::kStemLevel + static_cast<int>(sums.size()) - 1, "head.last.", ""}, {last});
}

}  // namespace spinenet::plot
