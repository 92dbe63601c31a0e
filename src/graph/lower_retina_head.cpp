// The RetinaNet head: two towers whose convolutions are shared over the levels, with batch norms for each level.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::graph {
namespace {

struct Tower {
  std::string name;  // "class" or "box"
  int64_t outputs;
  ParameterRole bias_role;
};

// 3x3 under the parameters of this name; of a separable head a depthwise one, then 1x1.
ValueId head_conv(Builder& b, ValueId x, Builder::ConvOptions options, bool separable, const std::string& parameters,
                  const std::string& level) {
  options.kernel = 3;
  options.bias = true;
  if (separable) {
    const int64_t channels = b.shape(x).channels;
    const std::string depthwise = parameters + "_depthwise";
    x = b.conv(x, {.filters = channels, .kernel = 3, .groups = static_cast<int>(channels)}, depthwise + "." + level,
               depthwise);
    options.kernel = 1;
  }
  return b.conv(x, options, parameters + "." + level, parameters);
}

void tower(Builder& b, const Pyramid& pyramid, const arch::RetinaHead& head, const Tower& t) {
  for (size_t i = 0; i < pyramid.levels.size(); ++i) {
    const std::string level = fmt::format("p{}", pyramid.min_level + static_cast<int>(i));
    ValueId x = pyramid.levels[i];
    for (int k = 0; k < head.convs; ++k) {
      x = head_conv(b, x, {.filters = head.filters}, head.separable, fmt::format("head.{}.conv{}", t.name, k), level);
      if (head.batch_norm) x = b.batch_norm(x, fmt::format("head.{}.bn{}.{}", t.name, k, level));
      x = b.activate(x, fmt::format("head.{}.act{}.{}", t.name, k, level));
    }
    x = head_conv(b, x, {.filters = t.outputs, .role = ParameterRole::predictor_kernel, .bias_role = t.bias_role},
                  head.separable, fmt::format("head.{}.predict", t.name), level);
    b.output(t.name + "." + level, x);
  }
}

}  // namespace

void retina_head(Builder& b, const Pyramid& pyramid, const arch::RetinaHead& head, int classes) {
  const int64_t anchors = static_cast<int64_t>(head.aspect_ratios.size()) * head.scales;
  tower(b, pyramid, head, {"class", anchors * classes, ParameterRole::prior_bias});
  tower(b, pyramid, head, {"box", anchors * 4, ParameterRole::bias});
}

}  // namespace spinenet::graph
