#include "formats/import/names_spinenet.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "formats/import/garden_backbone.h"
#include "formats/import/layer_rules.h"
#include "formats/import/names.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"

namespace spinenet::formats {
namespace {

constexpr std::string_view kTpuStem = "spinenet/conv2d/kernel";
constexpr std::string_view kTpuDetector = "retinanet/class_net/class-predict";
constexpr std::string_view kTpuSegmenter = "fast_rcnn_head/class-predict";
constexpr int64_t kMaxSourceClasses = 100'000;
constexpr std::string_view kTpuClassifier = "classification_head/dense";

// The last axis of a tensor, 0 where there is none.
int64_t last_extent_of(const SourceTensors& source, const std::string& name) {
  const auto found = source.tensors.find(name);
  return found == source.tensors.end() || found->second.shape.empty() ? 0 : found->second.shape.back();
}

int64_t anchors_of(const arch::RetinaHead& head) {
  return static_cast<int64_t>(head.aspect_ratios.size()) * head.scales;
}

// What stands before "backbone/", "head/" and so on: "model/" where the model alone was saved.
std::string garden_root(const SourceTensors& source) {
  for (const std::string root : {"", "model/"}) {
    if (has_garden_backbone(source, root + "backbone/")) return root;
  }
  return {};
}

std::string garden_backbone_scope(const SourceTensors& source) {
  const std::string scope = garden_root(source) + "backbone/";
  return has_garden_backbone(source, scope) ? scope : std::string();
}

// Layers of a TPU checkpoint are numbered within their scope, in the order in which they are built, which is ours.
class TpuNumbers {
 public:
  std::string next(const std::string& scope, std::string_view kind) {
    const int number = counts_[scope + std::string(kind)]++;
    return number == 0 ? fmt::format("{}{}", scope, kind) : fmt::format("{}{}_{}", scope, kind, number);
  }

 private:
  std::map<std::string, int> counts_;
};

std::string tpu_scope(const std::string& layer) {
  int block = 0, parent = 0;
  const char* const end = layer.data() + layer.size();
  const auto number = [&](const char* begin, int& value) { return std::from_chars(begin, end, value).ptr; };
  if (layer.starts_with("resample.")) {
    const char* const after = number(layer.data() + std::string_view("resample.").size(), block);
    number(after + 1, parent);
    block -= arch::kStemBlocks;
    return fmt::format("spinenet/sub_policy{0}/resample_with_alpha_resample_{0}_{1}/", block, parent);
  }
  if (layer.starts_with("blocks.")) {
    number(layer.data() + std::string_view("blocks.").size(), block);
    if (block >= arch::kStemBlocks) {
      return fmt::format("spinenet/sub_policy{}/scale_permuted_block_{}/", block - arch::kStemBlocks, block);
    }
  }
  return "spinenet/";
}

void add_tpu_backbone(const graph::Program& backbone, LayerMap& layers) {
  TpuNumbers numbers;
  for (const graph::Op& op : backbone.ops) {
    const std::string layer = layer_of(backbone, op);
    if (layer.empty()) continue;
    const bool norm = std::holds_alternative<graph::BatchNorm>(op.kind);
    layers[layer] = {.name = numbers.next(tpu_scope(layer), norm ? "batch_normalization" : "conv2d")};
  }
}

// A tower of a RetinaNet head in both programs.
struct RetinaTower {
  std::string ours;            // "class"
  std::string convs, predict;  // "head/_cls_convs/{}" with the convolution's number
  std::string norms;           // with the convolution's number, then the level, then its place
  SourceOutputs outputs;
};

void add_retina_tower(const arch::Architecture& a, const RetinaTower& tower, LayerMap& layers) {
  const auto add = [&](const std::string& ours, const std::string& theirs, SourceOutputs outputs) {
    layers[ours] = {.name = theirs, .outputs = outputs, .kernel = a.head.separable ? "pointwise_kernel" : "kernel"};
    layers[ours + "_depthwise"] = {.name = theirs};
  };
  for (int k = 0; k < a.head.convs; ++k) {
    add(fmt::format("head.{}.conv{}", tower.ours, k), fmt::format(fmt::runtime(tower.convs), k), {});
    for (int level = a.min_level; level <= a.max_level; ++level) {
      layers[fmt::format("head.{}.bn{}.p{}", tower.ours, k, level)] = {
          .name = fmt::format(fmt::runtime(tower.norms), k, level, level - a.min_level)};
    }
  }
  add(fmt::format("head.{}.predict", tower.ours), tower.predict, tower.outputs);
}

void add_retina_head(SpineNetSource form, const std::string& root, const arch::Architecture& a, LayerMap& layers) {
  const SourceOutputs classes{.groups = anchors_of(a.head), .dropped = 1};
  if (form == SpineNetSource::garden) {
    const std::string head = root + "head/";
    add_retina_tower(a, {"class", head + "_cls_convs/{}", head + "_classifier", head + "_cls_norms/{2}/{0}", classes},
                     layers);
    add_retina_tower(a, {"box", head + "_box_convs/{}", head + "_box_regressor", head + "_box_norms/{2}/{0}", {}},
                     layers);
    return;
  }
  const std::string net = "retinanet/";
  add_retina_tower(
      a,
      {"class", net + "class_net/class-{}", net + "class_net/class-predict", net + "class_net/class-{0}-{1}", classes},
      layers);
  add_retina_tower(a, {"box", net + "box_net/box-{}", net + "box_net/box-predict", net + "box_net/box-{0}-{1}", {}},
                   layers);
}

void add_garden_heads(const std::string& root, const arch::Architecture& a, LayerMap& layers) {
  const arch::TwoStageHead& head = a.two_stage;
  const auto add = [&](const std::string& ours, const std::string& theirs) { layers[ours] = {.name = root + theirs}; };
  for (int k = 0; k < head.rpn_convs; ++k) {
    add(fmt::format("rpn.conv{}", k), fmt::format("rpn_head/_convs/{}", k));
    for (int level = a.min_level; level <= a.max_level; ++level) {
      add(fmt::format("rpn.bn{}.p{}", k, level), fmt::format("rpn_head/_norms/{}/{}", level - a.min_level, k));
    }
  }
  add("rpn.objectness", "rpn_head/_classifier");
  add("rpn.proposal_box", "rpn_head/_box_regressor");
  const bool cascade = head.box_thresholds.size() > 1;
  for (size_t stage = 0; stage < head.box_thresholds.size(); ++stage) {
    const std::string ours = graph::stage_name("box_head", stage), theirs = fmt::format("detection_head/{}/", stage);
    for (int k = 0; k < head.box_convs; ++k) {
      add(fmt::format("{}.conv{}", ours, k), fmt::format("{}_convs/{}", theirs, k));
      add(fmt::format("{}.bn{}", ours, k), fmt::format("{}_conv_norms/{}", theirs, k));
    }
    layers[ours + ".dense"] = {.name = root + theirs + "_fcs/0", .dense = true};
    add(ours + ".dense_bn", theirs + "_fc_norms/0");
    layers[ours + ".class"] = {.name = root + theirs + "_classifier", .dense = true};
    layers[ours + ".box"] = {
        .name = root + theirs + "_box_regressor", .outputs = {.dropped = cascade ? 0 : 4}, .dense = true};
  }
  for (int k = 0; k < head.mask_convs; ++k) {
    add(fmt::format("mask_head.conv{}", k), fmt::format("mask_head/_convs/{}", k));
    add(fmt::format("mask_head.bn{}", k), fmt::format("mask_head/_conv_norms/{}", k));
  }
  add("mask_head.deconv", "mask_head/_deconv");
  add("mask_head.deconv_bn", "mask_head/_deconv_bn");
  layers["mask_head.mask"] = {.name = root + "mask_head/_mask_regressor", .outputs = {.dropped = 1}};
}

void add_tpu_heads(const arch::Architecture& a, LayerMap& layers) {
  const arch::TwoStageHead& head = a.two_stage;
  const auto add = [&](const std::string& ours, const std::string& theirs) { layers[ours] = {.name = theirs}; };
  for (int k = 0; k < head.rpn_convs; ++k) {
    const std::string number = k == 0 ? std::string() : fmt::format("-{}", k);
    add(fmt::format("rpn.conv{}", k), "rpn_head/rpn" + number);
    for (int level = a.min_level; level <= a.max_level; ++level) {
      add(fmt::format("rpn.bn{}.p{}", k, level), fmt::format("rpn_head/rpn-l{}-bn{}", level, number));
    }
  }
  add("rpn.objectness", "rpn_head/rpn-class");
  add("rpn.proposal_box", "rpn_head/rpn-box");
  TpuNumbers numbers;
  const auto norm = [&](const std::string& scope) { return numbers.next(scope, "batch_normalization"); };
  for (int k = 0; k < head.box_convs; ++k) {
    add(fmt::format("box_head.conv{}", k), fmt::format("fast_rcnn_head/conv_{}", k));
    add(fmt::format("box_head.bn{}", k), norm("fast_rcnn_head/"));
  }
  layers["box_head.dense"] = {.name = "fast_rcnn_head/fc6", .dense = true};
  add("box_head.dense_bn", norm("fast_rcnn_head/"));
  layers["box_head.class"] = {.name = "fast_rcnn_head/class-predict", .dense = true};
  layers["box_head.box"] = {.name = "fast_rcnn_head/box-predict", .outputs = {.dropped = 4}, .dense = true};
  for (int k = 0; k < head.mask_convs; ++k) {
    add(fmt::format("mask_head.conv{}", k), fmt::format("mask_head/mask-conv-l{}", k));
    add(fmt::format("mask_head.bn{}", k), norm("mask_head/"));
  }
  add("mask_head.deconv", "mask_head/conv5-mask");
  add("mask_head.deconv_bn", norm("mask_head/"));
  layers["mask_head.mask"] = {.name = "mask_head/mask_fcn_logits", .outputs = {.dropped = 1}};
}

void add_head(SpineNetSource form, const std::string& root, const arch::Architecture& a, arch::Task task,
              LayerMap& layers) {
  switch (task) {
    case arch::Task::detect:
      return add_retina_head(form, root, a, layers);
    case arch::Task::segment:
      return form == SpineNetSource::garden ? add_garden_heads(root, a, layers) : add_tpu_heads(a, layers);
    case arch::Task::classify:
      layers["head.dense"] = {.name = std::string(kTpuClassifier), .dense = true};
  }
}

// The TPU program's settings for RetinaNet leave both at its defaults, those for the other tasks set them.
arch::BatchNormSettings tpu_batch_norm(arch::Task task) {
  switch (task) {
    case arch::Task::detect:
      return {.momentum = 0.997, .epsilon = 1e-4};
    case arch::Task::segment:
      return {.momentum = 0.99, .epsilon = 1e-3};
    case arch::Task::classify:
      break;
  }
  return {.momentum = 0.9, .epsilon = 1e-5};
}

// What the source implies for the network.
arch::Architecture followed(SpineNetSource form, arch::Architecture a, arch::Task task) {
  const bool garden = form == SpineNetSource::garden;
  a.padding = garden ? arch::Padding::same : arch::Padding::symmetric;
  a.large_downsample = garden ? arch::LargeDownsample::repeated_pools : arch::LargeDownsample::single_pool;
  a.inverted.hard_gate = garden;
  a.two_stage.roi_sampling = arch::RoiSampling::single_point;
  const std::vector<double> order = garden ? std::vector{0.5, 1.0, 2.0} : std::vector{1.0, 2.0, 0.5};
  for (std::vector<double>* ratios : {&a.head.aspect_ratios, &a.two_stage.aspect_ratios}) {
    if (std::is_permutation(ratios->begin(), ratios->end(), order.begin(), order.end())) *ratios = order;
  }
  a.batch_norm = garden ? arch::BatchNormSettings{.momentum = 0.99, .epsilon = 1e-3} : tpu_batch_norm(task);
  return a;
}

arch::Task task_of(std::span<const graph::Parameter> parameters) {
  for (const graph::Parameter& parameter : parameters) {
    if (parameter.name.starts_with("box_head.")) return arch::Task::segment;
    if (parameter.name.starts_with("head.class.")) return arch::Task::detect;
  }
  return arch::Task::classify;
}

std::vector<graph::Program> programs_for(const arch::Architecture& a, arch::Task task, int64_t classes) {
  const int size = 1 << std::max(a.max_level, 7);
  const graph::LowerOptions options{.height = size, .width = size, .classes = static_cast<int>(classes)};
  switch (task) {
    case arch::Task::detect:
      return {graph::lower_detector(a, options)};
    case arch::Task::segment:
      return graph::programs_of(graph::lower_two_stage(a, options));
    case arch::Task::classify:
      break;
  }
  return {graph::lower_classifier(a, options)};
}

}  // namespace

std::optional<SpineNetSource> spinenet_source(const SourceTensors& source) {
  if (source.tensors.contains(std::string(kTpuStem))) return SpineNetSource::tpu;
  const bool garden = has_garden_backbone(source, garden_backbone_scope(source));
  return garden ? std::optional(SpineNetSource::garden) : std::nullopt;
}

SpineNetHeads spinenet_heads(const SourceTensors& source, const arch::Architecture& architecture) {
  const std::string root = garden_root(source);
  const int64_t anchors = anchors_of(architecture.head);
  for (const std::string& name : {root + "head/_classifier/kernel", root + "head/_classifier/pointwise_kernel",
                                  fmt::format("{}/kernel", kTpuDetector)}) {
    const int64_t outputs = last_extent_of(source, name);
    if (outputs > anchors && outputs % anchors == 0 && outputs / anchors <= kMaxSourceClasses) {
      return {arch::Task::detect, outputs / anchors - 1};
    }
  }
  for (const std::string& name :
       {root + "detection_head/0/_classifier/kernel", fmt::format("{}/kernel", kTpuSegmenter)}) {
    const int64_t outputs = last_extent_of(source, name);
    if (outputs > 1 && outputs <= kMaxSourceClasses) return {arch::Task::segment, outputs - 1};
  }
  const int64_t outputs = last_extent_of(source, fmt::format("{}/kernel", kTpuClassifier));
  if (outputs > 0 && outputs <= kMaxSourceClasses) return {arch::Task::classify, outputs};
  return {};
}

Naming spinenet_naming(const SourceTensors& source, const arch::Architecture& architecture, arch::Task task,
                       int64_t classes) {
  const SpineNetSource form = spinenet_source(source).value();
  const SpineNetHeads heads = spinenet_heads(source, architecture);
  Naming naming;
  naming.name = name_of(form);
  naming.architecture = followed(form, architecture, heads.task.value_or(task));
  const int size = 1 << std::max(architecture.max_level, 7);
  const graph::Program backbone = graph::lower_backbone(naming.architecture, {.height = size, .width = size});
  LayerMap layers;
  if (form == SpineNetSource::garden) {
    add_garden_backbone(source, garden_backbone_scope(source), backbone, layers);
  } else {
    add_tpu_backbone(backbone, layers);
  }
  if (heads.task == task && heads.classes == classes)
    add_head(form, garden_root(source), naming.architecture, task, layers);
  naming.backbone = {form == SpineNetSource::garden ? garden_backbone_scope(source) : "spinenet/"};
  naming.any_activation = true;
  naming.rules = layer_rules(programs_for(naming.architecture, task, classes), layers);
  return naming;
}

std::optional<Naming> tensorflow_spinenet(const NamingRequest& request) {
  if (!spinenet_source(request.source)) return std::nullopt;
  const arch::Task task = task_of(request.parameters);
  const SpineNetHeads heads = spinenet_heads(request.source, request.architecture);
  const int64_t own = heads.task == task ? heads.classes : 0;
  const int64_t classes = request.classes > 0 ? request.classes : std::max<int64_t>(own, 1);
  Naming naming = spinenet_naming(request.source, request.architecture, task, classes);
  naming.classes = own;
  naming.first_id = task == arch::Task::classify ? 0 : 1;  // 0 is the background
  return naming;
}

}  // namespace spinenet::formats
