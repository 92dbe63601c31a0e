// Names of HRNet: timm and the authors' files; those of mmdetection with a `backbone.` before them.
#include <array>

#include "base/format.h"
#include "formats/import/names.h"
#include "formats/import/names_neck.h"
#include "formats/import/names_parts.h"

namespace spinenet::formats {
namespace {

constexpr std::array<std::string_view, 2> kHrnetPrefixes{"", "backbone."};

bool is_conv(std::string_view part) {
  return word_in(part) == "conv" || part == "shortcut";
}

// Of bottlenecks and residual blocks: "conv1.weight" stays, a projection is called `downsample`.
std::string block_value(std::string_view layer, std::string_view value) {
  if (!layer.starts_with("shortcut")) return fmt::format("{}.{}", layer, value);
  return fmt::format("downsample.{}.{}", is_conv(layer) ? 0 : 1, value);
}

// A convolution and its batch norm in a row.
std::string row_value(std::string_view layer, std::string_view value) {
  return fmt::format("{}.{}", is_conv(layer) ? 0 : 1, value);
}

// What follows "stages.": 1 is the first stage of bottlenecks, then a transition, branches and their exchange.
std::string hrnet_stage_name(const std::vector<std::string_view>& p) {
  if (p[1] == "1" && p.size() == 5) return fmt::format("layer1.{}.{}", p[2], block_value(p[3], p[4]));
  if (p[2] == "transition" && p.size() == 6) {
    const int transition = number_in(p[1]) - 1;
    const bool narrows = p[3] == "0";  // the first branch in front of the second stage
    return fmt::format("transition{}.{}.{}{}", transition, p[3], narrows ? "" : "0.", row_value(p[4], p[5]));
  }
  if (p.size() == 8 && p[3] == "branches") {
    return fmt::format("stage{}.{}.branches.{}.{}.{}", p[1], p[2], p[4], p[5], block_value(p[6], p[7]));
  }
  if (p.size() == 8 && p[3] == "fuse") {
    const int step = number_in(p[6]);  // of those that go down; one that goes up has no number
    const std::string inner = step < 0 ? "" : fmt::format("{}.", step);
    return fmt::format("stage{}.{}.fuse_layers.{}.{}.{}{}", p[1], p[2], p[4], p[5], inner, row_value(p[6], p[7]));
  }
  return "";
}

std::string hrnet_head_name(const std::vector<std::string_view>& p) {
  if (p.size() == 3 && p[1] == "dense") return fmt::format("classifier.{}", p[2]);
  if (p.size() == 4 && p[1] == "last") return "final_layer." + row_value(p[2], p[3]);
  if (p.size() == 5 && p[1] == "down") return fmt::format("downsamp_modules.{}.{}", p[2], row_value(p[3], p[4]));
  if (p.size() == 6 && p[1] == "widen") {
    return fmt::format("incre_modules.{}.{}.{}", p[2], p[3], block_value(p[4], p[5]));
  }
  return "";
}

std::string hrnet_name(std::string_view ours) {
  const std::vector<std::string_view> parts = parts_of(ours);
  if (parts[0] == "stem" && parts.size() == 3) {
    return fmt::format("{}{}.{}", word_in(parts[1]), number_in(parts[1]) + 1, parts[2]);
  }
  if (parts[0] == "stages" && parts.size() >= 5) return hrnet_stage_name(parts);
  if (parts[0] == "head") return hrnet_head_name(parts);
  return "";
}

}  // namespace

std::optional<Naming> timm_hrnet(const NamingRequest& request) {
  for (const std::string_view candidate : kHrnetPrefixes) {
    const std::string prefix(candidate);
    if (!request.source.tensors.contains(prefix + "stage2.0.branches.0.0.conv1.weight")) continue;
    Naming naming;
    naming.name = "timm, the authors";
    naming.architecture = request.architecture;
    naming.architecture.activation = arch::Activation::relu;
    naming.architecture.padding = arch::Padding::symmetric_pools;
    naming.architecture.batch_norm = {.momentum = 0.9, .epsilon = 1e-5};
    naming.ignored = {".num_batches_tracked"};
    naming.backbone = with_prefix(prefix, {"conv1.", "bn1.", "conv2.", "bn2.", "layer1.", "transition1.",
                                           "transition2.", "transition3.", "stage2.", "stage3.", "stage4.", "stage5."});
    add_rules(naming, request.parameters, [&](std::string_view ours) {
      const std::string theirs = hrnet_name(ours);
      return theirs.empty() ? neck_name(ours, request) : prefix + theirs;
    });
    return naming;
  }
  return std::nullopt;
}

}  // namespace spinenet::formats
