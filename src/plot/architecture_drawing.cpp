#include "plot/architecture_drawing.h"

#include <algorithm>

#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "graph/cost.h"
#include "plot/backbone_drawing.h"
#include "plot/operations_text.h"

namespace spinenet::plot {
namespace {

// "1.18 M parameters, 2.31 G multiply-adds".
std::string cost_text(const graph::Cost& cost) {
  return fmt::format("{:.2f} M parameters, {:.2f} G multiply-adds", static_cast<double>(cost.parameters) / 1e6,
                     static_cast<double>(cost.multiply_adds) / 1e9);
}

std::string map_of_level(int channels, int level, const graph::LowerOptions& options) {
  return map_text(channels, graph::level_size(options.height, level), graph::level_size(options.width, level));
}

DrawingKind drawing_kind(arch::BlockKind kind) {
  switch (kind) {
    case arch::BlockKind::residual:
      return DrawingKind::residual;
    case arch::BlockKind::bottleneck:
      return DrawingKind::bottleneck;
    case arch::BlockKind::inverted_bottleneck:
      return DrawingKind::inverted_bottleneck;
  }
  return DrawingKind::bottleneck;
}

class PermutedDrawing {
 public:
  PermutedDrawing(const arch::Architecture& a, const graph::LowerOptions& options)
      : a_(a), options_(options), program_(graph::lower_backbone(a, options)) {}

  Drawing draw() {
    const auto blocks = arch::connected_blocks(std::get<arch::ScalePermuted>(a_.backbone), a_.edges);
    add_stem();
    for (size_t k = 0; k < blocks.size(); ++k) add_block(blocks[k], static_cast<int>(k) + arch::kStemBlocks);
    for (size_t i = 0; i < drawing_.boxes.size(); ++i) drawing_.boxes[i].column = static_cast<int>(i);
    return std::move(drawing_);
  }

 private:
  void add_stem() {
    const graph::Op& last = *std::find_if(program_.ops.rbegin(), program_.ops.rend(),
                                          [](const graph::Op& op) { return op.name.starts_with("stem."); });
    const auto channels = static_cast<int>(program_.values[static_cast<size_t>(last.output)].channels);
    const auto blocks = arch::stem_blocks(a_.stem);
    const int level = blocks[0].level;
    drawing_.boxes.push_back({DrawingKind::stem, level, channels, 1, "stem", "",
                              fmt::format("stem: {}\n{}\n{}",
                                          a_.stem == arch::StemKind::bottlenecks ? "7\u00D77 convolution, 3\u00D73 pool"
                                                                                 : "3\u00D73 convolution",
                                          map_of_level(channels, level, options_), part_text(program_, "stem."))});
    for (int i = 0; i < arch::kStemBlocks; ++i) {
      add_box(blocks[static_cast<size_t>(i)], i);
      drawing_.connections.push_back({i, i + 1});
    }
  }

  // Column 0 is the stem, so block i stands in column i + 1.
  void add_block(const arch::BlockSpec& block, int index) {
    for (const int parent : block.parents) drawing_.connections.push_back({parent + 1, index + 1});
    const std::string fuse = fmt::format("blocks.{}.fuse", index);
    for (const graph::Op& op : program_.ops) {
      if (op.name != fuse) continue;
      // First the resampled parents, then the unused blocks and the parent of an identity path as they are.
      for (size_t i = block.parents.size(); i < op.inputs.size(); ++i) {
        drawing_.connections.push_back({block_that_wrote(op.inputs[i], index) + 1, index + 1, true});
      }
    }
    add_box(block, index);
  }

  std::vector<graph::Op>::const_iterator op_that_wrote(graph::ValueId value) const {
    return std::ranges::find(program_.ops, value, &graph::Op::output);
  }

  // One of the blocks before `end`; what an identity path of block `end` makes of one's map stands for it.
  int block_that_wrote(graph::ValueId value, int end) const {
    const std::string identity = fmt::format("blocks.{}.identity.", end);
    auto op = op_that_wrote(value);
    while (op != program_.ops.end() && op->name.starts_with(identity)) op = op_that_wrote(op->inputs[0]);
    for (int index = 0; op != program_.ops.end() && index < end; ++index) {
      if (op->name.starts_with(fmt::format("blocks.{}.", index))) return index;
    }
    fail(ErrorKind::failed, fmt::format("value {} comes from no block before block {}", value, end), a_.name);
  }

  void add_box(const arch::BlockSpec& block, int index) {
    const int channels = arch::output_channels(block, a_.scaling);
    const int repeats = a_.scaling.block_repeats;
    const graph::Cost resampling = graph::cost_of(program_, fmt::format("resample.{}.", index));
    std::string title = fmt::format("block {}: {}{}, level {}\n{}\n{}", index, name_of(block.kind),
                                    repeats > 1 ? fmt::format(" \u00D7 {}", repeats) : "", block.level,
                                    map_of_level(channels, block.level, options_),
                                    part_text(program_, fmt::format("blocks.{}.", index)));
    if (index >= arch::kStemBlocks) {
      title += fmt::format("\nfrom {}: {}", fmt::join(block.parents, " and "), cost_text(resampling));
    }
    drawing_.boxes.push_back({drawing_kind(block.kind), block.level, channels, repeats, std::to_string(index),
                              block.output ? fmt::format("P{}", block.level) : "", std::move(title)});
  }

  const arch::Architecture& a_;
  const graph::LowerOptions& options_;
  graph::Program program_;
  Drawing drawing_;
};

}  // namespace

std::string map_text(int64_t channels, int64_t height, int64_t width) {
  return fmt::format("{}\u00D7{}\u00D7{}", channels, height, width);
}

std::string part_text(const graph::Program& program, std::string_view prefix) {
  return fmt::format("{}\n{}", cost_text(graph::cost_of(program, prefix)), operations_text(program, prefix));
}

Drawing drawing_of(const arch::Architecture& architecture, const graph::LowerOptions& options) {
  return std::visit(
      graph::Overloaded{
          [&](const arch::ScalePermuted&) { return PermutedDrawing(architecture, options).draw(); },
          [&](const graph::OneOf<arch::ResNet, arch::ResNetFpn, arch::ResNetNasFpn, arch::Vgg, arch::CspDarknet,
                                 arch::EfficientNetLite, arch::HrNet, arch::DetNet, arch::CspDarknetTiny> auto&
                  backbone) { return BackboneDrawing(architecture, options).draw(backbone); },
      },
      architecture.backbone);
}

}  // namespace spinenet::plot
