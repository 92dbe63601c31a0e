// Names of ResNet: torchvision, timm, mmdetection; of DetNet, whose later stages project by an `extra_conv`.
#include <array>

#include "base/format.h"
#include "formats/import/names.h"
#include "formats/import/names_neck.h"
#include "formats/import/names_parts.h"

namespace spinenet::formats {
namespace {

// Of a whole detector's file the backbone can be taken.
constexpr std::array<std::string_view, 3> kResnetPrefixes{"", "backbone.", "backbone.body."};

std::string resnet_name(std::string_view ours, const SourceTensors& source, const std::string& prefix) {
  const std::vector<std::string_view> parts = parts_of(ours);
  if (parts[0] == "stem" && parts.size() == 3) {
    return fmt::format("{}{}1.{}", prefix, parts[1], parts[2]);  // stem.conv.weight: conv1.weight
  }
  if (parts[0] == "head" && parts.size() == 3 && parts[1] == "dense") {
    return fmt::format("{}fc.{}", prefix, parts[2]);
  }
  if (parts[0] != "stages" || parts.size() != 5) return "";
  const std::string block = fmt::format("{}layer{}.{}", prefix, number_in(parts[1]) - 1, parts[2]);
  if (!parts[3].starts_with("shortcut")) return fmt::format("{}.{}.{}", block, parts[3], parts[4]);
  const bool extra = source.tensors.contains(block + ".extra_conv.0.weight");
  return fmt::format("{}.{}.{}.{}", block, extra ? "extra_conv" : "downsample", parts[3] == "shortcut" ? 0 : 1,
                     parts[4]);
}

}  // namespace

std::optional<Naming> torchvision_resnet(const NamingRequest& request) {
  const SourceTensors& source = request.source;
  for (const std::string_view candidate : kResnetPrefixes) {
    const std::string prefix(candidate);
    if (!source.tensors.contains(prefix + "layer1.0.conv3.weight")) continue;
    Naming naming;
    naming.name = "torchvision, timm";
    naming.architecture = request.architecture;
    naming.architecture.activation = arch::Activation::relu;
    naming.architecture.padding = arch::Padding::symmetric_pools;
    naming.architecture.batch_norm = {.momentum = 0.9, .epsilon = 1e-5};
    naming.ignored = {".num_batches_tracked"};
    naming.backbone =
        with_prefix(prefix, {"conv1.", "bn1.", "layer1.", "layer2.", "layer3.", "layer4.", "layer5.", "layer6."});
    add_rules(naming, request.parameters, [&](std::string_view ours) {
      std::string theirs = resnet_name(ours, source, prefix);
      return theirs.empty() ? neck_name(ours, request) : theirs;
    });
    return naming;
  }
  return std::nullopt;
}

}  // namespace spinenet::formats
