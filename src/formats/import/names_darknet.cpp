// CSPDarknet-53, YOLOv4 and YOLOv4-tiny in Darknet's files, which have no names but a fixed order.
#include <array>

#include "base/format.h"
#include "detect/yolo_head.h"
#include "formats/import/names.h"
#include "formats/import/names_parts.h"

namespace spinenet::formats {
namespace {

struct DarknetGroup {
  DarknetLayer layer;
  std::vector<const graph::Parameter*> parameters;  // the kernel first
};

// A convolution and the vectors behind it, until the next one.
std::vector<DarknetGroup> groups_of(std::span<const graph::Parameter> parameters) {
  std::vector<DarknetGroup> groups;
  for (const graph::Parameter& parameter : parameters) {
    if (parameter.shape.size() == 4) {
      groups.push_back({{parameter.shape[0], parameter.shape[1], static_cast<int>(parameter.shape[2]), false}, {}});
    }
    if (groups.empty()) continue;
    groups.back().parameters.push_back(&parameter);
    if (parameter.role == graph::ParameterRole::running_var) groups.back().layer.batch_norm = true;
  }
  return groups;
}

std::string_view darknet_part(const graph::Parameter& parameter) {
  if (parameter.shape.size() == 4) return "weights";
  const std::string_view part = parts_of(parameter.name).back();
  if (part == "running_mean") return "rolling_mean";
  if (part == "running_var") return "rolling_variance";
  return part == "weight" ? "scales" : "biases";
}

// A head and the part of a neck that it reads.
struct HeadPlace {
  std::string_view neck, head;
};
constexpr std::array<HeadPlace, 5> kHeadPlaces{{{"neck.up.p3.", "head.p3."},
                                                {"neck.down.p4.", "head.p4."},
                                                {"neck.down.p5.", "head.p5."},
                                                {"neck.p4.", "head.p4."},
                                                {"neck.p5.", "head.p5."}}};

// The head that follows this parameter, "" for none. The last parameter of a part of the neck has it.
std::string_view head_behind(std::string_view parameter, std::string_view next) {
  for (const HeadPlace& place : kHeadPlaces) {
    if (parameter.starts_with(place.neck) && !next.starts_with(place.neck)) return place.head;
  }
  return "";
}

// Of YOLO's layers, those that predict have no batch norm.
int64_t predictions_of(const DarknetLayer& layer, int64_t classes) {
  return layer.batch_norm ? 0 : layer.filters / (detect::kYoloBoxChannels + classes);
}

}  // namespace

bool is_darknet_yolo(const arch::Architecture& architecture) {
  if (architecture.head_kind != arch::HeadKind::yolo || !arch::has_pyramid(architecture)) return false;
  const auto* csp = std::get_if<arch::CspDarknet>(&architecture.backbone);
  return std::holds_alternative<arch::CspDarknetTiny>(architecture.backbone) ||
         (csp != nullptr && csp->neck == arch::CspNeck::pan);
}

std::vector<graph::Parameter> in_darknet_order(std::span<const graph::Parameter> parameters) {
  std::vector<graph::Parameter> body, ordered;
  for (const graph::Parameter& parameter : parameters) {
    if (!parameter.name.starts_with("head.")) body.push_back(parameter);
  }
  for (size_t i = 0; i < body.size(); ++i) {
    ordered.push_back(body[i]);
    const std::string_view head = head_behind(body[i].name, i + 1 < body.size() ? body[i + 1].name : "");
    for (const graph::Parameter& parameter : parameters) {
      if (!head.empty() && parameter.name.starts_with(head)) ordered.push_back(parameter);
    }
  }
  return ordered;
}

std::optional<DarknetContent> darknet_yolo_content(std::span<const graph::Parameter> parameters, int64_t classes,
                                                   int64_t floats) {
  std::vector<DarknetLayer> layers = darknet_layers(parameters);
  int64_t shared = 0,
          for_each_class = 0;  // numbers of the layers that do not predict, and of one output of those that do
  for (size_t i = 0; i < layers.size(); ++i) {
    const int64_t anchors = predictions_of(layers[i], classes);
    const int64_t count = floats_of({&layers[i], 1});
    shared += anchors > 0 ? 0 : count;
    for_each_class += anchors > 0 ? count / (detect::kYoloBoxChannels + classes) : 0;
    if (for_each_class == 0 && shared == floats) {
      layers.resize(i + 1);
      return DarknetContent{std::move(layers), 0};
    }
  }
  if (for_each_class == 0 || floats <= shared || (floats - shared) % for_each_class != 0) return std::nullopt;
  const int64_t found = (floats - shared) / for_each_class - detect::kYoloBoxChannels;
  if (found < 1) return std::nullopt;
  for (DarknetLayer& layer : layers) {
    const int64_t anchors = predictions_of(layer, classes);
    if (anchors > 0) layer.filters = anchors * (detect::kYoloBoxChannels + found);
  }
  return DarknetContent{std::move(layers), found};
}

std::vector<DarknetLayer> darknet_layers(std::span<const graph::Parameter> parameters) {
  std::vector<DarknetLayer> layers;
  for (const DarknetGroup& group : groups_of(parameters)) layers.push_back(group.layer);
  return layers;
}

Naming darknet_naming(const NamingRequest& request) {
  Naming naming;
  naming.name = "Darknet";
  naming.architecture = request.architecture;
  const bool tiny = std::holds_alternative<arch::CspDarknetTiny>(request.architecture.backbone);
  naming.architecture.activation = tiny ? arch::Activation::leaky_relu : arch::Activation::mish;
  naming.architecture.padding = arch::Padding::symmetric_pools;
  naming.architecture.batch_norm = {.momentum = 0.99, .epsilon = 1e-5};
  naming.any_activation = true;  // "yolov4-leaky.weights" is as long as yolov4.weights
  naming.pixels.mean = {0, 0, 0};
  naming.pixels.deviation = {1, 1, 1};
  naming.pixels.image_size = 256;
  if (is_darknet_yolo(request.architecture)) {
    naming.pixels.image_size = tiny ? 416 : 608;
    naming.pixels.fit = detect::ImageFit::stretch;
  }
  const std::vector<DarknetGroup> groups = groups_of(request.parameters);
  for (size_t i = 0; i < groups.size(); ++i) {
    for (const graph::Parameter* parameter : groups[i].parameters) {
      ParameterRule rule;
      rule.parameter = parameter->name;
      rule.sources.push_back(fmt::format("{}.{}", i, darknet_part(*parameter)));
      naming.rules.push_back(std::move(rule));
    }
  }
  return naming;
}

}  // namespace spinenet::formats
