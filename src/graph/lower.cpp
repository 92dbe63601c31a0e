#include "graph/lower.h"

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "graph/names.h"

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
  const int multiple = arch::coarsest_stride(a);
  if (options.height <= 0 || options.width <= 0 || options.height % multiple != 0 || options.width % multiple != 0) {
    fail(ErrorKind::usage, fmt::format("image size {}x{}", options.height, options.width), a.name,
         fmt::format("levels up to {} meet only at multiples of {}", a.max_level, multiple));
  }
}

Pyramid backbone(Builder& b, const arch::Architecture& a, double stochastic_depth) {
  return std::visit(
      Overloaded{
          [&](const arch::ScalePermuted&) { return scale_permuted_backbone(b, a, stochastic_depth); },
          [&](const arch::ResNetFpn&) { return resnet_fpn_backbone(b, a, stochastic_depth); },
          [&](const arch::ResNetNasFpn&) { return resnet_nas_fpn_backbone(b, a, stochastic_depth); },
          [&](const arch::ResNet& resnet) {
            return Pyramid{5, {resnet_stages(b, resnet.stages, a.scaling, stochastic_depth).back()}};
          },
          [&](const arch::Vgg&) { return vgg_backbone(b, a); },
          [&](const arch::CspDarknet&) { return csp_darknet_backbone(b, a, stochastic_depth); },
          [&](const arch::CspDarknetTiny&) { return csp_darknet_tiny_backbone(b, a); },
          [&](const arch::EfficientNetLite&) { return efficientnet_lite_backbone(b, a, stochastic_depth); },
          [&](const arch::HrNet&) { return hrnet_backbone(b, a, stochastic_depth); },
          [&](const arch::DetNet&) { return detnet_backbone(b, a, stochastic_depth); },
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

ValueId normed_conv(Builder& b, ValueId x, const Builder::ConvOptions& options, const std::string& scope,
                    std::string_view number) {
  return b.batch_norm(b.conv(x, options, joined(scope, ".conv", number)), joined(scope, ".bn", number));
}

ValueId active_conv(Builder& b, ValueId x, const Builder::ConvOptions& options, const std::string& scope,
                    std::string_view number) {
  return b.activate(normed_conv(b, x, options, scope, number), joined(scope, ".act", number));
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
  switch (architecture.head_kind) {
    case arch::HeadKind::retina:
      retina_head(b, pyramid, architecture.head, options.classes);
      break;
    case arch::HeadKind::yolo:
      yolo_head(b, pyramid, architecture, options.classes);
      break;
  }
  return b.finish();
}

Program lower_classifier(const arch::Architecture& architecture, const LowerOptions& options) {
  check_classes(architecture, options);
  Builder b = begin_network(architecture, options);
  const Pyramid pyramid = backbone(b, architecture, options.stochastic_depth);
  const auto* vgg = std::get_if<arch::Vgg>(&architecture.backbone);
  if (vgg != nullptr && !vgg->pyramid) {
    vgg_head(b, pyramid, *vgg, options.classes);
  } else {
    classification_head(b, pyramid, options.classes);
  }
  return b.finish();
}

}  // namespace spinenet::graph
