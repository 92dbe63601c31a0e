// The RetinaNet of torchvision over a ResNet: pyramid and head beside the backbone that names_resnet.cpp knows.
//
// Its second version (a head with group norms) and its other detectors have no such head: of them the backbone is
// taken.
#include <algorithm>

#include "base/format.h"
#include "formats/import/names.h"

namespace spinenet::formats {
namespace {

constexpr int kScales = 3, kRatios = 3, kBoxCode = 4;
constexpr int kAnchors = kScales * kRatios;
constexpr int kMaxTowerConvs = 64;
constexpr std::string_view kPredictor = "head.class.predict.weight";

// What the source has, by its tensors. No value where this is no such detector.
struct TorchvisionDetector {
  // Since 0.13 layers stand in a block of their own: "inner_blocks.0.0.weight" for "inner_blocks.0.weight".
  bool blocks = false;
  int convs = 0;                                          // of each tower
  int64_t pyramid_filters = 0, filters = 0, outputs = 0;  // of each anchor

  std::string pyramid_layer(std::string_view list, int index) const {
    return fmt::format("backbone.fpn.{}.{}{}", list, index, blocks ? ".0" : "");
  }
  // Activations are counted, too, where layers have no block.
  std::string tower_layer(std::string_view tower, int index) const {
    return blocks ? fmt::format("head.{}_head.conv.{}.0", tower, index)
                  : fmt::format("head.{}_head.conv.{}", tower, 2 * index);
  }
};

// The first extent of a tensor, 0 where there is none.
int64_t first_extent_of(const SourceTensors& source, const std::string& name) {
  const auto found = source.tensors.find(name);
  return found == source.tensors.end() || found->second.shape.empty() ? 0 : found->second.shape.front();
}

std::optional<TorchvisionDetector> torchvision_detector(const SourceTensors& source) {
  TorchvisionDetector found;
  found.blocks = source.tensors.contains("backbone.fpn.inner_blocks.0.0.weight");
  found.pyramid_filters = first_extent_of(source, found.pyramid_layer("inner_blocks", 0) + ".weight");
  found.filters = first_extent_of(source, found.tower_layer("classification", 0) + ".weight");
  while (found.convs < kMaxTowerConvs &&
         source.tensors.contains(found.tower_layer("classification", found.convs) + ".weight")) {
    ++found.convs;
  }
  const int64_t scores = first_extent_of(source, "head.classification_head.cls_logits.weight");
  found.outputs = scores / kAnchors;
  // A convolution under a group norm has no bias. Other numbers of anchors are those of a generator that nothing names.
  const bool plain = source.tensors.contains(found.tower_layer("classification", 0) + ".bias");
  const bool nine = scores > 0 && scores % kAnchors == 0 &&
                    first_extent_of(source, "head.regression_head.bbox_reg.weight") == kAnchors * kBoxCode;
  const bool pyramid = found.pyramid_filters > 0 && source.tensors.contains("backbone.fpn.extra_blocks.p6.weight");
  return plain && nine && pyramid ? std::optional(found) : std::nullopt;
}

// Outputs in our order: anchors by scale, then by ratio, where the source has them by ratio, then by scale; of each
// anchor those that `outputs` names.
HostTensor reordered_outputs(const HostTensor& from, const std::vector<int64_t>& outputs, int64_t of_anchor) {
  const auto row = static_cast<std::ptrdiff_t>(from.data.size()) / from.shape[0];
  HostTensor to{from.shape, {}};
  to.shape[0] = kAnchors * static_cast<int64_t>(outputs.size());
  for (int64_t scale = 0; scale < kScales; ++scale) {
    for (int64_t ratio = 0; ratio < kRatios; ++ratio) {
      for (const int64_t output : outputs) {
        const auto begin = from.data.begin() + ((ratio * kScales + scale) * of_anchor + output) * row;
        to.data.insert(to.data.end(), begin, begin + row);
      }
    }
  }
  return to;
}

class DetectorRules {
 public:
  DetectorRules(Naming& naming, const TorchvisionDetector& source) : naming_(naming), source_(source) {}

  void add_pyramid() const {
    for (int i = 0; i < 3; ++i) {
      add_layer(fmt::format("fpn.lateral.c{}", i + 3), source_.pyramid_layer("inner_blocks", i));
      add_layer(fmt::format("fpn.post.p{}", i + 3), source_.pyramid_layer("layer_blocks", i));
    }
    for (const int level : {6, 7}) {
      add_layer(fmt::format("fpn.post.p{}", level), fmt::format("backbone.fpn.extra_blocks.p{}", level));
    }
  }

  void add_towers() const {
    for (int k = 0; k < source_.convs; ++k) {
      add_layer(fmt::format("head.class.conv{}", k), source_.tower_layer("classification", k));
      add_layer(fmt::format("head.box.conv{}", k), source_.tower_layer("regression", k));
    }
  }

  // The outputs of each anchor that become ours, in our order, out of so many.
  void add_predictor(const std::string& ours, const std::string& theirs, const std::vector<int64_t>& outputs,
                     int64_t of_anchor) const {
    const Conversion convert = [outputs, of_anchor](std::span<const HostTensor> sources) {
      return reordered_outputs(sources.front(), outputs, of_anchor);
    };
    const int64_t count = kAnchors * of_anchor;
    naming_.rules.push_back({ours + ".weight", {theirs + ".weight"}, {{count, source_.filters, 3, 3}}, convert});
    naming_.rules.push_back({ours + ".bias", {theirs + ".bias"}, {std::vector<int64_t>{count}}, convert});
  }

 private:
  void add_layer(const std::string& ours, const std::string& theirs) const {
    for (const char* part : {".weight", ".bias"}) naming_.rules.push_back({ours + part, {theirs + part}, {}, {}});
  }

  Naming& naming_;
  const TorchvisionDetector& source_;
};

// What torchvision's program does with these weights. It counts ratios as height to width.
arch::Architecture of_torchvision(arch::Architecture a, const TorchvisionDetector& source) {
  a.scaling.endpoints_num_filters = static_cast<int>(source.pyramid_filters);
  a.fpn = {.batch_norm = false, .coarser_from = arch::CoarserFrom::pyramid};
  a.head.convs = source.convs;
  a.head.filters = static_cast<int>(source.filters);
  a.head.scales = kScales;
  a.head.aspect_ratios = {2.0, 1.0, 0.5};
  a.head.anchor_size = 4;
  a.head.separable = false;
  a.head.batch_norm = false;
  a.head.anchor_grid = arch::AnchorGrid::whole_pixels;
  return a;
}

// The outputs of the classes, of all that an anchor has; nothing where the classes asked for are others. Output 0 is
// the background: nothing is ever labelled so in training, so it is left out unless its class is asked for, or is the
// only one.
std::vector<int64_t> class_outputs(int64_t outputs, int64_t classes) {
  const int64_t first = classes == outputs || outputs == 1 ? 0 : 1;
  if (classes != 0 && classes != outputs - first) return {};
  std::vector<int64_t> kept;
  for (int64_t k = first; k < outputs; ++k) kept.push_back(k);
  return kept;
}

}  // namespace

std::optional<Naming> torchvision_retinanet(const NamingRequest& request) {
  const bool detects = std::ranges::any_of(
      request.parameters, [](const graph::Parameter& parameter) { return parameter.name == kPredictor; });
  const std::optional<TorchvisionDetector> source = torchvision_detector(request.source);
  if (!detects || !source) return std::nullopt;
  std::optional<Naming> naming = torchvision_resnet(request);
  if (!naming) return std::nullopt;
  naming->name = "torchvision's RetinaNet";
  naming->architecture = of_torchvision(std::move(naming->architecture), *source);
  const DetectorRules rules(*naming, *source);
  rules.add_pyramid();
  rules.add_towers();
  // dx, dy, dw, dh there.
  rules.add_predictor("head.box.predict", "head.regression_head.bbox_reg", {1, 0, 3, 2}, kBoxCode);
  if (const std::vector<int64_t> kept = class_outputs(source->outputs, request.classes); !kept.empty()) {
    rules.add_predictor("head.class.predict", "head.classification_head.cls_logits", kept, source->outputs);
    naming->classes = static_cast<int64_t>(kept.size());
    naming->first_id = kept.front();
  }
  return naming;
}

}  // namespace spinenet::formats
