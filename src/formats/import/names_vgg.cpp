// Names of VGG: torchvision and timm count the layers of all stages in one row, `features.{n}`.
#include <map>

#include "base/format.h"
#include "formats/import/names.h"
#include "formats/import/names_parts.h"

namespace spinenet::formats {
namespace {

// "stages.c1.conv0" and "stages.c1.bn0" to "features.0" and "features.1". An activation stands behind each
// convolution, and a pool behind each stage.
std::map<std::string, std::string> layer_names(const NamingRequest& request, bool batch_norm) {
  std::map<std::string, std::string> names;
  int layer = 0, stage = 1;
  for (const graph::Parameter& parameter : request.parameters) {
    const std::vector<std::string_view> parts = parts_of(parameter.name);
    if (parts.size() != 4 || parts[0] != "stages" || word_in(parts[2]) != "conv" || parts[3] != "weight") continue;
    if (number_in(parts[1]) != stage) {
      stage = number_in(parts[1]);
      ++layer;
    }
    names[fmt::format("stages.{}.{}", parts[1], parts[2])] = fmt::format("features.{}", layer);
    if (batch_norm) {
      names[fmt::format("stages.{}.bn{}", parts[1], number_in(parts[2]))] = fmt::format("features.{}", layer + 1);
    }
    layer += batch_norm ? 3 : 2;
  }
  return names;
}

std::string vgg_name(std::string_view ours, const std::map<std::string, std::string>& layers, bool of_timm) {
  const size_t dot = ours.rfind('.');
  const std::string layer(ours.substr(0, dot));
  const std::string_view part = ours.substr(dot + 1);
  if (const auto found = layers.find(layer); found != layers.end()) return fmt::format("{}.{}", found->second, part);
  if (layer == "head.dense0") return fmt::format("{}.{}", of_timm ? "pre_logits.fc1" : "classifier.0", part);
  if (layer == "head.dense1") return fmt::format("{}.{}", of_timm ? "pre_logits.fc2" : "classifier.3", part);
  if (layer == "head.dense") return fmt::format("{}.{}", of_timm ? "head.fc" : "classifier.6", part);
  return "";
}

// A dense layer's input is the 7x7 map, channel by channel.
void reshape_first_dense(Naming& naming, std::span<const graph::Parameter> parameters) {
  for (ParameterRule& rule : naming.rules) {
    if (rule.sources.front() != "classifier.0.weight") continue;
    for (const graph::Parameter& parameter : parameters) {
      if (parameter.name != rule.parameter) continue;
      const std::vector<int64_t> shape(parameter.shape.begin(), parameter.shape.end());
      rule.source_shapes = {{shape[0], shape[1] * shape[2] * shape[3]}};
      rule.convert = reshaped_to(shape);
    }
  }
}

}  // namespace

std::optional<Naming> torchvision_vgg(const NamingRequest& request) {
  const std::map<std::string, SourceTensor>& tensors = request.source.tensors;
  if (!tensors.contains("features.0.weight")) return std::nullopt;
  const auto* vgg = std::get_if<arch::Vgg>(&request.architecture.backbone);
  // One with batch norms and one without have different layers at the same numbers.
  if (vgg == nullptr || vgg->batch_norm != tensors.contains("features.1.running_mean")) return std::nullopt;
  Naming naming;
  naming.name = "torchvision, timm";
  naming.architecture = request.architecture;
  naming.architecture.activation = arch::Activation::relu;
  naming.architecture.padding = arch::Padding::symmetric_pools;
  naming.architecture.batch_norm = {.momentum = 0.9, .epsilon = 1e-5};
  naming.ignored = {".num_batches_tracked"};
  naming.backbone = {"features."};
  const std::map<std::string, std::string> layers = layer_names(request, vgg->batch_norm);
  const bool of_timm = tensors.contains("pre_logits.fc1.weight");
  add_rules(naming, request.parameters,
            [&](std::string_view parameter) { return vgg_name(parameter, layers, of_timm); });
  reshape_first_dense(naming, request.parameters);
  return naming;
}

}  // namespace spinenet::formats
