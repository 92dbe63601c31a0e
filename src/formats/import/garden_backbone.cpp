#include "formats/import/garden_backbone.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::formats {
namespace {

constexpr std::string_view kLayerWithWeights = "layer_with_weights-";

enum class LayerKind { convolution, depthwise, norm, bottleneck, residual, inverted };
constexpr auto names(LayerKind) {
  using enum LayerKind;
  return named<LayerKind>({{convolution, "convolutions"},
                           {depthwise, "depthwise convolutions"},
                           {norm, "batch norms"},
                           {bottleneck, "bottleneck blocks"},
                           {residual, "residual blocks"},
                           {inverted, "inverted bottleneck blocks"}});
}

// N of "conv2d_N/kernel"; 0 without a number.
int number_in_name(std::string_view full_name) {
  const std::string_view layer = full_name.substr(0, full_name.find('/'));
  const size_t underscore = layer.rfind('_');
  int number = 0;
  if (underscore != std::string_view::npos) {
    const std::string_view digits = layer.substr(underscore + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
  }
  return number;
}

// A layer of the file, with the names below it ("_conv1/kernel").
struct GardenLayer {
  std::string name;
  std::string full_name;
  std::set<std::string> below;

  LayerKind kind() const {
    if (below.contains("_conv1/depthwise_kernel")) return LayerKind::inverted;
    if (below.contains("_conv3/kernel")) return LayerKind::bottleneck;
    if (below.contains("_conv1/kernel")) return LayerKind::residual;
    if (below.contains("depthwise_kernel")) return LayerKind::depthwise;
    return below.contains("gamma") ? LayerKind::norm : LayerKind::convolution;
  }
};

using GardenLayers = std::map<LayerKind, std::vector<std::string>>;

// The file's layers of each kind in the order in which they were made.
GardenLayers source_layers(const SourceTensors& source, const std::string& scope) {
  std::map<std::string, GardenLayer> found;
  const std::string begin = scope + std::string(kLayerWithWeights);
  for (auto at = source.tensors.lower_bound(begin); at != source.tensors.end() && at->first.starts_with(begin); ++at) {
    const size_t slash = at->first.find('/', begin.size());
    if (slash == std::string::npos) continue;
    GardenLayer& layer = found[at->first.substr(0, slash)];
    layer.name = at->first.substr(0, slash);
    layer.below.insert(at->first.substr(slash + 1));
    if (layer.full_name.empty()) layer.full_name = at->second.full_name;
    if (at->second.full_name.empty()) {
      fail(ErrorKind::bad_data, fmt::format("tensor \"{}\" has no name in the object graph", at->first), source.place,
           "save the model with tf.train.Checkpoint, which writes one");
    }
  }
  std::map<LayerKind, std::map<int, std::string>> numbered;
  for (const auto& [name, layer] : found) {
    const auto [other, added] = numbered[layer.kind()].emplace(number_in_name(layer.full_name), name);
    if (!added) {
      fail(ErrorKind::bad_data,
           fmt::format("\"{}\" and \"{}\" are both called {}", other->second, name, layer.full_name), source.place,
           "save the model with tf.train.Checkpoint, which numbers its layers");
    }
  }
  GardenLayers layers;
  for (const auto& [kind, by_number] : numbered) {
    for (const auto& [number, name] : by_number) layers[kind].push_back(name);
  }
  return layers;
}

// Of a block of ours, "conv1" of "blocks.3.0.conv1": the attribute of the source's block.
std::string block_part(const std::string& part, LayerKind kind) {
  if (part == "shortcut") return "_shortcut";
  if (part == "shortcut_bn") return "_norm0";
  if (part == "se.reduce") return "_squeeze_excitation/_se_reduce";
  if (part == "se.expand") return "_squeeze_excitation/_se_expand";
  const int number = part.back() - '0' - (kind == LayerKind::inverted ? 1 : 0);
  return fmt::format("{}{}", part.starts_with("bn") ? "_norm" : "_conv", number);
}

struct OwnLayer {
  LayerKind kind = LayerKind::convolution;
  // GardenLayers of ours and where they are below the source's layer; of a convolution or norm one, without a place.
  std::vector<std::pair<std::string, std::string>> parts;
};

LayerKind block_kind(const std::vector<std::pair<std::string, std::string>>& parts,
                     const std::set<std::string>& depthwise) {
  bool third = false;
  for (const auto& [layer, part] : parts) {
    if (depthwise.contains(layer)) return LayerKind::inverted;
    third = third || part == "conv3";
  }
  return third ? LayerKind::bottleneck : LayerKind::residual;
}

// Our layers in the order in which they are made, those of a block as one.
std::vector<OwnLayer> own_layers(const graph::Program& backbone) {
  std::vector<OwnLayer> all;
  std::map<std::string, size_t> blocks;
  std::set<std::string> depthwise;
  for (const graph::Op& op : backbone.ops) {
    const std::string layer = layer_of(backbone, op);
    if (layer.empty()) continue;
    const auto* conv = std::get_if<graph::Conv>(&op.kind);
    if (conv != nullptr && conv->groups > 1) depthwise.insert(layer);
    if (!layer.starts_with("blocks.")) {
      const LayerKind kind = conv == nullptr    ? LayerKind::norm
                             : conv->groups > 1 ? LayerKind::depthwise
                                                : LayerKind::convolution;
      all.push_back({kind, {{layer, ""}}});
      continue;
    }
    // blocks.BLOCK.REPEAT.part
    const size_t end = layer.find('.', layer.find('.', layer.find('.') + 1) + 1);
    const auto [at, added] = blocks.emplace(layer.substr(0, end), all.size());
    if (added) all.push_back({});
    all[at->second].parts.emplace_back(layer, layer.substr(end + 1));
  }
  for (const auto& [name, index] : blocks) {
    OwnLayer& own = all[index];
    own.kind = block_kind(own.parts, depthwise);
    for (auto& [layer, part] : own.parts) part = "/" + block_part(part, own.kind);
  }
  return all;
}

}  // namespace

bool has_garden_backbone(const SourceTensors& source, const std::string& scope) {
  const std::string begin = scope + std::string(kLayerWithWeights);
  const auto first = source.tensors.lower_bound(begin);
  return first != source.tensors.end() && first->first.starts_with(begin);
}

void add_garden_backbone(const SourceTensors& source, const std::string& scope, const graph::Program& backbone,
                         LayerMap& layers) {
  const GardenLayers theirs = source_layers(source, scope);
  const std::vector<OwnLayer> ours = own_layers(backbone);
  for (const LayerKind kind : values_of<LayerKind>()) {
    const auto found = theirs.find(kind);
    const size_t have = found == theirs.end() ? 0 : found->second.size();
    const auto need = std::count_if(ours.begin(), ours.end(), [&](const OwnLayer& own) { return own.kind == kind; });
    if (static_cast<size_t>(need) == have) continue;
    fail(ErrorKind::bad_data,
         fmt::format("its backbone has {} {}, the architecture asked for {}", have, name_of(kind), need), source.place,
         "name the architecture that the checkpoint was trained with");
  }
  std::map<LayerKind, size_t> used;
  for (const OwnLayer& own : ours) {
    const std::string& name = theirs.at(own.kind)[used[own.kind]++];
    for (const auto& [layer, part] : own.parts) layers[layer] = {.name = name + part};
  }
}

}  // namespace spinenet::formats
