// The two stages of Mask R-CNN: a region proposal network on every level, and the heads that look at the crops of its
// proposals. As in the RetinaNet head, convolutions are shared over the levels and batch norms are not.
#include "graph/lower_two_stage.h"

#include "arch/task.h"
#include "base/format.h"

namespace spinenet::graph {
namespace {

void proposal_network(Builder& b, const Pyramid& pyramid, const arch::TwoStageHead& head) {
  const int64_t anchors = static_cast<int64_t>(head.aspect_ratios.size()) * head.scales;
  std::vector<ValueId> features;
  for (size_t i = 0; i < pyramid.levels.size(); ++i) {
    const std::string level = fmt::format("p{}", pyramid.min_level + static_cast<int>(i));
    ValueId x = pyramid.levels[i];
    for (int k = 0; k < head.rpn_convs; ++k) {
      const std::string conv = fmt::format("rpn.conv{}", k);
      x = b.conv(x, {.filters = head.rpn_filters, .kernel = 3, .bias = true}, conv + "." + level, conv);
      x = b.batch_norm(x, fmt::format("rpn.bn{}.{}", k, level));
      x = b.activate(x, fmt::format("rpn.act{}.{}", k, level));
    }
    features.push_back(x);
  }
  for (const auto& [name, outputs] :
       {std::pair<std::string, int64_t>{"objectness", anchors}, {"proposal_box", 4 * anchors}}) {
    for (size_t i = 0; i < features.size(); ++i) {
      const std::string level = fmt::format(".p{}", pyramid.min_level + static_cast<int>(i));
      const std::string predict = "rpn." + name;
      b.output(name + level,
               b.conv(features[i], {.filters = outputs, .bias = true, .role = ParameterRole::predictor_kernel},
                      predict + level, predict));
    }
  }
}

ValueId crop_convs(Builder& b, int convs, int filters, const std::string& scope) {
  ValueId x = b.input();
  for (int k = 0; k < convs; ++k) {
    x = b.conv(x, {.filters = filters, .kernel = 3, .bias = true}, fmt::format("{}.conv{}", scope, k));
    x = b.batch_norm(x, fmt::format("{}.bn{}", scope, k));
    x = b.activate(x, fmt::format("{}.act{}", scope, k));
  }
  return x;
}

Program box_head(Builder b, const arch::TwoStageHead& head, size_t stage, int classes) {
  const std::string scope = stage_name("box_head", stage);
  ValueId x = crop_convs(b, head.box_convs, head.box_filters, scope);
  x = b.conv(x, {.filters = head.box_dense, .kernel = kBoxCrop, .bias = true, .padded = false}, scope + ".dense");
  x = b.activate(b.batch_norm(x, scope + ".dense_bn"), scope + ".dense_act");
  const auto predict = [&](int64_t outputs, const std::string& name) {
    b.output(
        stage_name(name, stage),
        b.conv(x, {.filters = outputs, .bias = true, .role = ParameterRole::predictor_kernel}, scope + "." + name));
  };
  predict(classes + 1, "class");
  predict(4 * boxes_of_roi(head.box_thresholds.size(), classes), "box");
  return b.finish();
}

Program mask_head(Builder b, const arch::TwoStageHead& head, int classes) {
  ValueId x = crop_convs(b, head.mask_convs, head.mask_filters, "mask_head");
  x = b.deconv(x, head.mask_filters, true, "mask_head.deconv");
  x = b.activate(b.batch_norm(x, "mask_head.deconv_bn"), "mask_head.deconv_act");
  b.output("mask", b.conv(x, {.filters = classes, .bias = true}, "mask_head.mask"));
  return b.finish();
}

}  // namespace

std::string stage_name(std::string_view name, size_t stage) {
  return stage == 0 ? std::string(name) : fmt::format("{}{}", name, stage + 1);
}

int64_t boxes_of_roi(size_t stages, int64_t classes) {
  return stages == 1 ? classes : 1;
}

TwoStageProgram lower_two_stage(const arch::Architecture& architecture, const LowerOptions& options) {
  check_classes(architecture, options);
  arch::require_task(architecture, arch::Task::segment);
  check_levels_meet(architecture, options);
  Builder trunk = begin_network(architecture, options);
  const Pyramid pyramid = backbone(trunk, architecture, options.stochastic_depth);
  output_levels(trunk, pyramid);
  proposal_network(trunk, pyramid, architecture.two_stage);
  const auto crop = [&](int size) {
    return Builder({architecture.scaling.endpoints_num_filters, size, size}, rules_of(architecture));
  };
  TwoStageProgram network{trunk.finish(), {}, {}};
  for (size_t stage = 0; stage < architecture.two_stage.box_thresholds.size(); ++stage) {
    network.box_heads.push_back(box_head(crop(kBoxCrop), architecture.two_stage, stage, options.classes));
  }
  network.mask_head = mask_head(crop(kMaskCrop), architecture.two_stage, options.classes);
  return network;
}

std::vector<Program> programs_of(TwoStageProgram network) {
  std::vector<Program> programs;
  programs.push_back(std::move(network.trunk));
  for (Program& head : network.box_heads) programs.push_back(std::move(head));
  programs.push_back(std::move(network.mask_head));
  return programs;
}

}  // namespace spinenet::graph
