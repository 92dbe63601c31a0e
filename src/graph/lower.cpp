#include "graph/lower.h"

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"

namespace spinenet::graph {

Builder::Rules rules_of(const arch::Architecture& a) {
  return {a.activation, a.padding, a.batch_norm};
}

Builder begin_network(const arch::Architecture& a, const LowerOptions& options) {
  validate(a);
  if (options.height <= 0 || options.width <= 0) {
    fail(ErrorKind::usage, fmt::format("image size {}x{}", options.height, options.width), a.name);
  }
  return Builder({3, options.height, options.width}, rules_of(a));
}

void check_levels_meet(const arch::Architecture& a, const LowerOptions& options) {
  const int multiple = 1 << a.max_level;
  if (options.height <= 0 || options.width <= 0 || options.height % multiple != 0 || options.width % multiple != 0) {
    fail(ErrorKind::usage, fmt::format("image size {}x{}", options.height, options.width), a.name,
         fmt::format("levels up to {} meet only at multiples of {}", a.max_level, multiple));
  }
}

Pyramid backbone(Builder& b, const arch::Architecture& a, double stochastic_depth) {
  return std::visit(Overloaded{
                        [&](const arch::ScalePermuted&) { return scale_permuted_backbone(b, a, stochastic_depth); },
                        [&](const arch::ResNetFpn&) { return resnet_fpn_backbone(b, a, stochastic_depth); },
                        [&](const arch::ResNetNasFpn&) { return resnet_nas_fpn_backbone(b, a, stochastic_depth); },
                        [&](const arch::ResNet& resnet) {
                          return Pyramid{5, {resnet_stages(b, resnet.stages, a.scaling, stochastic_depth).back()}};
                        },
                    },
                    a.backbone);
}

void check_classes(const arch::Architecture& a, const LowerOptions& options) {
  if (options.classes <= 0) fail(ErrorKind::usage, fmt::format("{} classes", options.classes), a.name);
}

void output_levels(Builder& b, const Pyramid& pyramid) {
  for (size_t i = 0; i < pyramid.levels.size(); ++i) {
    b.output(fmt::format("p{}", pyramid.min_level + static_cast<int>(i)), pyramid.levels[i]);
  }
}

ValueId stem(Builder& b, ValueId image, int filters) {
  ValueId x = b.conv(image, {.filters = filters, .kernel = 7, .stride = 2}, "stem.conv");
  x = b.batch_norm(x, "stem.bn");
  x = b.activate(x, "stem.act");
  return b.max_pool(x, 3, 2, "stem.pool");
}

ValueId mobile_stem(Builder& b, ValueId image, int filters) {
  ValueId x = b.conv(image, {.filters = filters, .kernel = 3, .stride = 2}, "stem.conv");
  x = b.batch_norm(x, "stem.bn");
  return b.activate(x, "stem.act");
}

Program lower_backbone(const arch::Architecture& architecture, const LowerOptions& options) {
  Builder b = begin_network(architecture, options);
  const Pyramid pyramid = backbone(b, architecture, options.stochastic_depth);
  output_levels(b, pyramid);
  return b.finish();
}

Program lower_detector(const arch::Architecture& architecture, const LowerOptions& options) {
  check_classes(architecture, options);
  arch::require_task(architecture, arch::Task::detect);
  check_levels_meet(architecture, options);
  Builder b = begin_network(architecture, options);
  const Pyramid pyramid = backbone(b, architecture, options.stochastic_depth);
  retina_head(b, pyramid, architecture.head, options.classes);
  return b.finish();
}

Program lower_classifier(const arch::Architecture& architecture, const LowerOptions& options) {
  check_classes(architecture, options);
  Builder b = begin_network(architecture, options);
  classification_head(b, backbone(b, architecture, options.stochastic_depth), options.classes);
  return b.finish();
}

}  // namespace spinenet::graph
